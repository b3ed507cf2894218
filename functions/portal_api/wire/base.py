"""What every JSON form shares."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, LiteralString, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from billing.core import money as core
from billing.core.errors import BillingError
from billing.core.period import DAY_FIRST, DAY_LAST, instant_from, rfc3339

T = TypeVar("T")
MOMENTS = ("now", "period-end")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(rf"{_DAY.pattern}[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Wire(BaseModel):
    """camelCase outside, snake_case inside, and no field that is not declared (OWASP API3)."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        from_attributes=True,
    )


class Patch(Wire):
    """An edit: only what is sent changes. Null is no value here, so it is refused."""

    def changes(self) -> dict[str, Any]:
        """What was sent, by field."""
        return self.model_dump(exclude_unset=True)

    @model_validator(mode="after")
    def _says_something(self) -> "Patch":
        if not self.model_fields_set:
            raise ValueError("send at least one field to change")
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("null is no value: leave out what does not change")
        return self


def _printable(text: str) -> str:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise ValueError("control characters are not allowed")
    return text


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("beyond the calendar: use an instant of our times") from None


def _written_as(
    form: re.Pattern[str], code: LiteralString, example: LiteralString
) -> Callable[[Any], Any]:
    """Times are text of one form: pydantic alone would read 0 as the first second of 1970."""

    def check(value: Any) -> Any:
        if isinstance(value, date) or (isinstance(value, str) and form.fullmatch(value)):
            return value
        raise PydanticCustomError(code, example)

    return check


def _moment(text: str) -> str:
    if text in MOMENTS:
        return text
    try:
        return rfc3339(_of_our_times(instant_from(text if _INSTANT.fullmatch(text) else "")))
    except BillingError:
        raise PydanticCustomError(
            "datetime_parsing", "write an instant as 2026-10-31T09:00:00Z, or now, or period-end"
        ) from None


def _of_our_times(value: T) -> T:
    year = getattr(value, "year", 0)
    if not DAY_FIRST.year <= year <= DAY_LAST.year:
        raise PydanticCustomError(
            "day_out_of_range", "Use a day of {first} to {last}.",
            {"first": str(DAY_FIRST), "last": str(DAY_LAST)},
        )  # fmt: skip
    return value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
]
OptionalText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200),
    AfterValidator(_printable),
]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
# Deliverability shows when mail is sent; this only catches slips of the finger.
_MAILBOX = r"[^@\s\"<>(),:;\[\]\\]+@[^@\s\"<>(),:;\[\]\\]+\.[^@\s\"<>(),:;\[\]\\.]+"
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=rf"^{_MAILBOX}$")
]
OptionalEmail = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=rf"^({_MAILBOX})?$"),
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
OptionalCountry = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
OptionalLanguage = Annotated[str, StringConstraints(pattern=r"^([a-z]{2}(-[A-Z]{2})?)?$")]
DecimalText = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$")]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(
        _written_as(_INSTANT, "datetime_parsing", "write an instant as 2026-10-31T09:00:00Z")
    ),
    AfterValidator(_utc),
    AfterValidator(_of_our_times),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]
# An instant as text, or what an operation on a subscription means by one of two words.
When = Annotated[
    str,
    AfterValidator(_moment),
    Field(examples=["2026-10-31T09:00:00Z"], description="an instant, now or period-end"),
]
Day = Annotated[
    date, BeforeValidator(_written_as(_DAY, "date_parsing", "write a date as 2026-10-31")),
    AfterValidator(_of_our_times),
]  # fmt: skip


class Money(Wire):
    """An amount: decimal text and an ISO 4217 currency."""

    value: DecimalText = Field(examples=["12.34"])
    unit: Currency = Field(examples=["EUR"])


def amount(money: core.Money) -> Money:
    """An amount of ours as JSON has it."""
    return Money(value=money.value, unit=money.currency)


def _wire_money(value: Any) -> Any:
    return value.to_wire() if hasattr(value, "to_wire") else value


MoneyOut = Annotated[Money, BeforeValidator(_wire_money)]


class Page(Wire, Generic[T]):
    """One page of a list; `nextCursor` is null at its end."""

    data: list[T]
    next_cursor: str | None

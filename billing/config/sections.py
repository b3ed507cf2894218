"""The sections of isp.toml as frozen values; each refuses what it cannot be, and all must agree."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from billing.core.errors import BillingError
from billing.core.money import Money, minor_digits
from billing.core.period import local_midnight
from billing.core.tax import TaxRate

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")


def _zone(value: str) -> str:
    with _refusals():
        local_midnight(date(2000, 1, 1), value)
    return value


def _currency(value: str) -> str:
    with _refusals():
        minor_digits(value)
    return value


@contextmanager
def _refusals() -> Generator[None]:
    """What the core refuses, pydantic may collect: it catches a ValueError and nothing else."""
    try:
        yield
    except BillingError as error:
        raise ValueError(str(error)) from None


def _percent(value: object) -> Fraction:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value) or Fraction(value) > 100:
        raise ValueError(
            f'{value!r} is no percentage; write "0" to "100" in quotes, such as "13.5"'
        )
    return Fraction(value)


def _iban(value: str) -> str:
    """ISO 13616: country and check digits moved to the end, letters as numbers, modulo 97 is 1."""
    compact = value.replace(" ", "")
    if re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", compact):
        moved = compact[4:] + compact[:4]
        if int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1:
            return value
    raise ValueError(f"{value!r} is no IBAN; a digit is missing or wrong")


def _instant(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no zone; write it as 2026-01-01T00:00:00Z")
    return value.astimezone(UTC)


def _shaped(pattern: str, fix: str) -> AfterValidator:
    """Text of one shape; the refusal says what to write."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} does not fit; write {fix}")
        return value

    return AfterValidator(check)


Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
Country = Annotated[str, _shaped(r"[A-Z]{2}", "two capital letters, such as IE")]  # ISO 3166-1
Slug = Annotated[str, _shaped(r"[a-z][a-z0-9-]{1,30}", "lower case letters, digits and hyphens")]
Percent = Annotated[Fraction, BeforeValidator(_percent)]
Email = Annotated[str, _shaped(r"[^@\s]+@[^@\s]+\.[^@\s]+", "a mail address")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IspSection(_Section):
    """The provider as people know it, and the clock and currency it bills in."""

    name: str
    slug: Slug  # names the deployment
    zone: Zone  # local days of bills, local hours of usage
    currency: Currency
    language: str = "en"
    support_email: Email
    support_phone: str


class Address(_Section):
    """A structured address, as everywhere in the product."""

    street: str
    number: str
    postcode: str
    town: str
    region: str = ""
    country: Country


class Seller(_Section):
    """A legal entity that issues invoices, and the number series it issues them in."""

    id: Slug
    name: str
    address: Address
    vat_id: str
    registration: str = ""  # entry in the company register, printed on documents
    iban: Annotated[str, AfterValidator(_iban)]
    series: Slug
    # of its numbers: "MF-"
    prefix: Annotated[str, _shaped(r"[A-Z0-9-]{1,8}", "up to 8 capitals, digits and hyphens")]


class UsageSection(_Section):
    """How usage is stored. Buckets and grid are fixed for the life of a deployment."""

    buckets: Annotated[int, Field(ge=1, le=1000)]
    grid_zone: Zone  # the zone of [isp]
    retention_days: Annotated[int, Field(ge=90)] = 400


class CyclesSection(_Section):
    """When bill cycles begin, when bills are due, and how wide a run goes."""

    anchors: Annotated[tuple[Annotated[int, Field(ge=1, le=31)], ...], Field(min_length=1)]
    due_days: Annotated[int, Field(ge=0)]
    max_concurrency: Annotated[int, Field(ge=1, le=1000)] = 10
    partition_size: Annotated[int, Field(ge=1, le=5000)] = 500


class Tax(_Section):
    """One rate of the dated tax table."""

    country: Country
    category: str
    percent: Percent
    valid_from: date
    valid_to: date | None = None  # exclusive

    @property
    def rate(self) -> TaxRate:
        return TaxRate(self.country, self.category, self.percent, self.valid_from, self.valid_to)


class PaymentsSection(_Section):
    """What the payment processor may be asked for."""

    currency: Currency
    amount_min: str  # the processor's minimum, decimal text

    @property
    def least(self) -> Money:
        """The smallest amount that can be paid online."""
        return Money.parse(self.amount_min, self.currency)

    @model_validator(mode="after")
    def _amount_is_exact(self) -> Self:
        with _refusals():
            Money.parse(self.amount_min, self.currency)
        return self


class Nas(_Section):
    """A network access server whose counters are billed."""

    id: str
    vendor: str = ""
    line_rate_mbps: Annotated[int, Field(ge=1)]  # of one subscriber's line, at most
    # Sessions that began before this instant give their first reading as an uncounted baseline.
    counting_from: Annotated[datetime, AfterValidator(_instant)]
    secret_ref: str  # the name of its RADIUS secret, never the secret


class MailSection(_Section):
    """Who the mail to customers comes from."""

    sender: Email
    reply_to: Email


class BrandingSection(_Section):
    """How pages and documents look."""

    colour: Annotated[str, _shaped(r"#[0-9a-fA-F]{6}", "a colour such as #0b5cab")]
    tagline: str = ""


class Isp(_Section):
    """One internet service provider: all of isp.toml."""

    isp: IspSection
    sellers: Annotated[tuple[Seller, ...], Field(min_length=1)]
    usage: UsageSection
    cycles: CyclesSection
    tax: Annotated[tuple[Tax, ...], Field(min_length=1)]
    payments: PaymentsSection
    nas: Annotated[tuple[Nas, ...], Field(min_length=1)]
    mail: MailSection
    branding: BrandingSection

    @cached_property
    def tax_rates(self) -> tuple[TaxRate, ...]:
        """The tax table as the core reads it."""
        return tuple(entry.rate for entry in self.tax)

    def seller(self, id: str = "") -> Seller:
        """The seller of that id; without one, the first."""
        found = [seller for seller in self.sellers if id in ("", seller.id)]
        if not found:
            raise UnknownSeller(id, [seller.id for seller in self.sellers])
        return found[0]

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        problems = [*_disagreements(self), *_overlapping_rates(self.tax)]
        if problems:
            raise ValueError("\n".join(problems))
        return self


class UnknownSeller(BillingError):
    """No legal entity of that id sells here."""

    def __init__(self, id: str, known: Sequence[str]) -> None:
        super().__init__(f"seller {id!r} is unknown: isp.toml has {', '.join(known)}")
        self.id = id


def _disagreements(isp: Isp) -> list[str]:
    """What each section may say for itself, but not beside the others."""
    problems: list[str] = []
    if isp.usage.grid_zone != isp.isp.zone:
        problems.append(
            f"usage.grid_zone: {isp.usage.grid_zone} is not isp.zone, {isp.isp.zone};"
            " the days of bills and the hours of usage share one clock"
        )
    if isp.payments.currency != isp.isp.currency:
        problems.append(
            f"payments.currency: {isp.payments.currency} is not isp.currency,"
            f" {isp.isp.currency}; write {isp.isp.currency}"
        )
    lists = {
        "sellers": [seller.id for seller in isp.sellers],
        "nas": [nas.id for nas in isp.nas],
        "cycles.anchors": [str(anchor) for anchor in isp.cycles.anchors],
    }
    for path, ids in lists.items():
        twice = sorted({id for id in ids if ids.count(id) > 1})
        problems += [f"{path}: {id!r} stands twice; keep one" for id in twice]
    return problems


def _overlapping_rates(rates: Sequence[Tax]) -> list[str]:
    problems: list[str] = []
    for place, rate in enumerate(rates):
        for other in rates[:place]:
            same = (rate.country, rate.category) == (other.country, other.category)
            rate_end, other_end = rate.valid_to or date.max, other.valid_to or date.max
            if same and rate.valid_from < other_end and other.valid_from < rate_end:
                problems.append(
                    f"tax[{place}].valid_from: {rate.country} {rate.category!r} has another rate"
                    f" on {max(rate.valid_from, other.valid_from)}; end the older with valid_to"
                )
    return problems

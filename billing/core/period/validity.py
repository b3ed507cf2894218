"""Validity: how long something bought or granted at an instant can be used."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

from billing.core.errors import BillingError
from billing.core.period.days import DAY, Period, local_day, local_midnight, local_time

ValidityUnit = Literal["hours", "days", "local-days", "months", "period", "never"]

_COUNTED = re.compile(r"([0-9]{1,4}) (hour|day|local day|month)(s?)")
_COUNT_MAX = {"hours": 24 * 3660, "days": 3660, "local-days": 3660, "months": 120}


class BadValidity(BillingError):
    """The text is no validity."""

    def __init__(self, text: object, fix: str) -> None:
        super().__init__(f"{str(text)[:60]!r} is no validity: {fix}")
        self.text, self.fix = text, fix


class NoPeriodToEnd(BillingError):
    """A validity to the end of the period was asked for where there is no period."""

    def __init__(self) -> None:
        super().__init__("a validity of the period needs a period: give it, or count days")


@dataclass(frozen=True, slots=True)
class Validity:
    """So many of a unit from the instant on; "period": to the end of the bill's period.

    hours and days are of 60 minutes and 24 hours; months go to the same local clock time on the
    same day so many calendar months later, or on the month's last day when it is shorter; local
    days end at the local midnight that ends the last of them (the day of the instant is the first).
    """

    unit: ValidityUnit
    count: int = 1

    @property
    def text(self) -> str:
        """As people write it, the inverse of `validity_from`: "30 days", "1 month", "period"."""
        if self.unit in ("period", "never"):
            return self.unit
        unit = self.unit.replace("-", " ")
        return f"{self.count} {unit.removesuffix('s') if self.count == 1 else unit}"

    def end(self, at: datetime, zone: str, period: Period | None = None) -> datetime | None:
        """The first instant (UTC) at which what began at `at` is no longer valid; None: never.

        A clock time that a change of the clocks skips ends as much later as the clocks jump; one
        that comes twice is the first of the two.
        """
        match self.unit:
            case "never":
                return None
            case "period":
                if period is None:
                    raise NoPeriodToEnd
                return period.span.end
            case "hours":
                return at.astimezone(UTC) + timedelta(hours=self.count)
            case "days":
                return at.astimezone(UTC) + self.count * DAY
            case "local-days":
                return local_midnight(local_day(at, zone) + self.count * DAY, zone)
            case "months":
                return months_later(at, self.count, zone)


def months_later(at: datetime, months: int, zone: str) -> datetime:
    """The same local clock time so many calendar months on; on the last day of a shorter month."""
    local = local_time(at, zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = date(year, month + 1, min(local.day, monthrange(year, month + 1)[1]))
    return datetime.combine(day, local.time(), ZoneInfo(zone)).astimezone(UTC)


def validity_from(text: object) -> Validity:
    """Read "30 days", "24 hours", "1 month", "7 local days", "period" or "never"; else BadValidity.

    "30 days" are 30 × 24 hours, "1 month" is a calendar month, "1 local day" ends at midnight.
    """
    if text in ("period", "never"):
        return Validity(cast(ValidityUnit, text))
    found = _COUNTED.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadValidity(text, "write 30 days, 24 hours, 1 month, 7 local days, period or never")
    unit = cast(ValidityUnit, found[2].replace(" ", "-") + "s")
    count = int(found[1])
    if not 1 <= count <= _COUNT_MAX[unit]:
        raise BadValidity(text, f"count from 1 to {_COUNT_MAX[unit]}")
    return Validity(unit, count)

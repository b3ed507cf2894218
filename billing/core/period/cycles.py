"""Cycles: periods of days, weeks, months or years, each counted from one anchor, never chained."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal, cast

from billing.core.errors import BillingError
from billing.core.period.days import DAY, Period, within

Unit = Literal["day", "week", "month", "year"]

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
_COUNT_MAX = 1000
_EVERY = re.compile(r"(?:([0-9]{1,4}) )?(day|week|month|year)s?")
# A Monday and the first of a year: calendar weeks, months, quarters and years are counted from it.
_CALENDAR = date(2001, 1, 1)


class BadEvery(BillingError):
    """No length of a period."""

    def __init__(self, text: object) -> None:
        super().__init__(
            f"{str(text)[:60]!r} is no length of a period: write a number from 1 to {_COUNT_MAX}"
            ' and day, week, month or year, such as "3 months"'
        )
        self.text = text


class BadAnchor(BillingError):
    """A cycle begins on a day of the month, 1 to 31."""

    def __init__(self, anchor: int) -> None:
        super().__init__(f"cycle anchor {anchor} is not a day of the month: use 1 to 31")
        self.anchor = anchor


class BadWeekday(BillingError):
    """A weekly cycle begins on a day of the week, 1 to 7."""

    def __init__(self, weekday: int) -> None:
        super().__init__(f"{weekday} is not a day of the week: use 1 (Monday) to 7 (Sunday)")
        self.weekday = weekday


class NotAPeriodStart(BillingError):
    """The day does not begin a period of this cycle."""

    def __init__(self, day: date, anchor: object, begins: date) -> None:
        super().__init__(
            f"no period of anchor {anchor} begins on {day}: the one around it begins on {begins}"
        )
        self.day, self.anchor, self.begins = day, anchor, begins


@dataclass(frozen=True, slots=True)
class Every:
    """How long a period is: 1 month, 3 months, 2 weeks, 30 days, 1 year."""

    unit: Unit = "month"
    count: int = 1

    def __post_init__(self) -> None:
        if self.unit not in ("day", "week", "month", "year") or not 1 <= self.count <= _COUNT_MAX:
            raise BadEvery(f"{self.count} {self.unit}")

    @property
    def months(self) -> int:
        """How many months it is; 0 when it is of days or weeks."""
        return self.count * _MONTHS.get(self.unit, 0)

    @property
    def days(self) -> int:
        """How many days it is; 0 when it is of months or years, whose days differ."""
        return self.count * _DAYS.get(self.unit, 0)

    @property
    def text(self) -> str:
        """As `every_from` reads it: "1 month", "30 days"."""
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


MONTHLY = Every("month", 1)
WEEKLY = Every("week", 1)


def every_from(text: str) -> Every:
    """Read "1 month", "3 months", "30 days", "week" (one of it); else BadEvery."""
    found = _EVERY.fullmatch(text) if isinstance(text, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if found is None:
        raise BadEvery(text)
    return Every(cast(Unit, found[2]), int(found[1] or 1))


@dataclass(frozen=True, slots=True)
class Cycle:
    """Periods of one length, one of which begins on the anchor; they go on in both directions.

    Each begin is computed from the anchor: that day of the month, or the month's last day when the
    month is shorter. So 31 January is followed by 28 February and 31 March, and a year from
    29 February begins on 28 February, and on 29 February in leap years.
    """

    every: Every
    anchor: date  # of an anniversary: the day it all began

    @classmethod
    def calendar(cls, every: Every) -> "Cycle":
        """Weeks from Monday, months from the first, quarters and years from 1 January.

        Several of them, and days, are counted from Monday, 1 January 2001.
        """
        return cls(every, _CALENDAR)

    @classmethod
    def on_day(cls, day_of_month: int, every: Every = MONTHLY) -> "Cycle":
        """Months from a day, 1 to 31, else BadAnchor; several of them are counted from January."""
        if not 1 <= day_of_month <= 31:
            raise BadAnchor(day_of_month)
        return cls(every, date(2001, 1, day_of_month))

    @classmethod
    def on_weekday(cls, weekday: int, every: Every = WEEKLY) -> "Cycle":
        """Weeks from a weekday, 1 (Monday) to 7 (Sunday), else BadWeekday."""
        if not 1 <= weekday <= 7:
            raise BadWeekday(weekday)
        return cls(every, _CALENDAR + DAY * (weekday - 1))

    def begin(self, number: int) -> date:
        """The first day of the period so many periods after the anchor's; before it: negative."""
        if self.every.days:
            return self.anchor + DAY * (number * self.every.days)
        months = self.anchor.year * 12 + self.anchor.month - 1 + number * self.every.months
        year, month = divmod(months, 12)
        return date(year, month + 1, min(self.anchor.day, monthrange(year, month + 1)[1]))

    def containing(self, day: date, zone: str) -> Period:
        """The period around a local day."""
        number = self._number(within(day))
        return Period(self.begin(number), self.begin(number + 1), zone)

    def starting(self, day: date, zone: str) -> Period:
        """The period whose first day this is, else NotAPeriodStart."""
        period = self.containing(day, zone)
        if period.start != day:
            raise NotAPeriodStart(day, self.anchor, period.start)
        return period

    def following(self, period: Period) -> Period:
        """The period after this one."""
        return self.containing(period.end, period.zone)

    def preceding(self, period: Period) -> Period:
        """The period before this one."""
        return self.containing(period.start - DAY, period.zone)

    def _number(self, day: date) -> int:
        if self.every.days:
            return (day - self.anchor).days // self.every.days
        months = (day.year - self.anchor.year) * 12 + day.month - self.anchor.month
        number = months // self.every.months
        return number if self.begin(number) <= day else number - 1


def months_completed(since: date, day: date) -> int:
    """How many months, counted from a day, are over when another begins; never below zero.

    From 31 January one is over on 28 February, two are on 31 March.
    """
    return max(0, Cycle(MONTHLY, since)._number(day))  # pyright: ignore[reportPrivateUsage]


@lru_cache(maxsize=1024)
def cycle_of(period: Period) -> Cycle:
    """The cycle a period is one of: so many months when both its ends fit, else so many days."""
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    if 1 <= months <= _COUNT_MAX:
        # Both begin a period; in a month too short for the anchor, the other one shows its day.
        anchor = max(period.start, period.end, key=lambda day: day.day)
        cycle = Cycle(Every("month", months), anchor)
        if cycle.containing(period.start, period.zone) == period:
            return cycle
    return Cycle(Every("day", period.days), period.start)


def period_containing(day: date, anchor: int, zone: str) -> Period:
    """The monthly period around a local day.

    A period begins on the anchor day of each month, or on the month's last day when the month is
    shorter. Each begin is computed from the anchor, so anchor 31 gives 31 Jan, 28 Feb, 31 Mar.
    """
    return Cycle.on_day(anchor).containing(day, zone)


def period_starting(day: date, anchor: int, zone: str) -> Period:
    """The period whose first day this is (a cycle named by its label), else NotAPeriodStart."""
    period = period_containing(day, anchor, zone)
    if period.start != day:
        raise NotAPeriodStart(day, anchor, period.start)
    return period


def following(period: Period, anchor: int) -> Period:
    """The period after this one."""
    return Cycle.on_day(anchor).following(period)


def preceding(period: Period, anchor: int) -> Period:
    """The period before this one."""
    return Cycle.on_day(anchor).preceding(period)

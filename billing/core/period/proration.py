"""Proration: which part of a period something was held, exactly, and what that part costs.

A part is counted in steps of a scale, days or microseconds, from a position to before another.
`Scale` turns instants and days into such positions; all arithmetic after it is of integers.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Literal, NamedTuple

from billing.core.money import Money, Rounding
from billing.core.period.days import DAY, MOMENT, Period, Span, local_day, local_midnight

By = Literal["day", "second"]
Basis = Literal["actual", "30 days"]
EndDay = Literal["free", "charged"]
Part = Span | tuple[date, date]  # instants, or local days from the first to before the second

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS_OF_MONTH = 30
_MONTH_MIN = 28  # days; a shorter period is no month, and counts its own days on every basis
_STEPS_A_DAY = {"day": 1, "second": DAY // MOMENT}


class Scale(NamedTuple):
    """Positions in a period: the ordinals of local days, or microseconds since 1970."""

    by: By
    zone: str

    def of_day(self, day: date) -> int:
        """Where a local day begins."""
        if self.by == "day":
            return day.toordinal()
        return (local_midnight(day, self.zone) - _EPOCH) // MOMENT

    def of(self, at: datetime) -> int:
        """Where an instant lies; by day, where its local day begins."""
        if self.by == "day":
            return local_day(at, self.zone).toordinal()
        return (at - _EPOCH) // MOMENT

    def after(self, at: datetime) -> int:
        """Where the local day of an instant ends."""
        return self.of_day(local_day(at, self.zone) + DAY)

    def day(self, position: int) -> date:
        """The local day in which a position lies."""
        if self.by == "day":
            return date.fromordinal(position)
        return local_day(self.at(position), self.zone)

    def at(self, position: int) -> datetime:
        """The instant of a position."""
        if self.by == "day":
            return local_midnight(date.fromordinal(position), self.zone)
        return _EPOCH + MOMENT * position


def whole_steps(period: Period, scale: Scale, basis: Basis = "actual") -> int:
    """How many steps of the scale a part of this period is a fraction of.

    By "30 days" a month counts 30 days, a year 360, whatever their real length.
    """
    if basis == "30 days" and period.days >= _MONTH_MIN:
        months = (period.days + 3) // _DAYS_OF_MONTH  # 28 to 31 days: 1, 365 or 366: 12
        return _STEPS_A_DAY[scale.by] * _DAYS_OF_MONTH * months
    return scale.of_day(period.end) - scale.of_day(period.start)


def share(
    part: Part,
    period: Period,
    *,
    by: By = "day",
    basis: Basis = "actual",
    end_day: EndDay = "free",
) -> Fraction:
    """Which part of the period was held, exactly: from 0 to 1, and 1 for the whole of it.

    by       day: local days; the day on which it begins counts, the day on which it ends does not.
             second: the time elapsed, so that a day of 23 hours counts 23 hours
    basis    actual: of the period's real length. 30 days: of 30 days for each month, never above 1
    end_day  charged: the day on which it ends counts, too, if it ends within the period
    """
    return shares([part], period, by=by, basis=basis, end_day=end_day)[0]


def shares(
    parts: Sequence[Part],
    period: Period,
    *,
    by: By = "day",
    basis: Basis = "actual",
    end_day: EndDay = "free",
) -> list[Fraction]:
    """The shares of parts that follow each other without a gap, or with gaps, in order.

    Together they are never above 1; when they adjoin from the period's start to its end they are
    exactly 1: by "30 days" the last takes what the others leave. `end_day` is that of the last.
    """
    scale = Scale(by, period.zone)
    begins, ends = scale.of_day(period.start), scale.of_day(period.end)
    whole = whole_steps(period, scale, basis)
    last = len(parts) - 1
    found: list[Fraction] = []
    spent, run, origin = Fraction(0), Fraction(0), begins  # run: of the parts that adjoin
    before: int | None = None
    for place, part in enumerate(parts):
        first, end = _bounds(part, scale, period, end_day if place == last else "free")
        first, end = max(first, begins), min(end, ends)
        if first >= end:
            found.append(Fraction(0))
            continue
        if first != before:
            origin, run = first, Fraction(0)
        reached = part_of(end, origin, (begins, ends), whole)
        taken = min(reached - run, 1 - spent)
        found.append(taken)
        spent, run, before = spent + taken, reached, end
    return found


def part_of(position: int, origin: int, period: tuple[int, int], whole: int) -> Fraction:
    """The share from where something began to be held, up to a position in the period.

    All of it is 1; less is steps/whole, never above 1. Parts are differences of this, so they add
    up, whatever the real length of the period: its last part takes what the others leave.
    """
    if (origin, position) == period:
        return Fraction(1)
    return min(Fraction(position - origin, whole), Fraction(1))


def prorate(
    amount: Money,
    part: Part,
    period: Period,
    *,
    by: By = "day",
    basis: Basis = "actual",
    end_day: EndDay = "free",
    rounding: Rounding = "half_up",
) -> Money:
    """What a part of the period costs when the whole costs the amount; rounded once."""
    exact = amount.minor * share(part, period, by=by, basis=basis, end_day=end_day)
    return Money.rounded(exact, amount.currency, rounding)


def split(amount: Money, parts: Sequence[Fraction]) -> list[Money]:
    """An amount in parts, each rounded so that those up to it are: they sum to that of the sum.

    Shares that sum to 1 give the amount itself, to the cent; each part is its exact share to less
    than one minor unit.
    """
    found: list[Money] = []
    reached, given = Fraction(0), Money.zero(amount.currency)
    for one in parts:
        reached += one
        found.append(amount.times(reached) - given)
        given += found[-1]
    return found


def _bounds(part: Part, scale: Scale, period: Period, end_day: EndDay) -> tuple[int, int]:
    """The positions from the first to before the second; nothing held in the period: equal."""
    if isinstance(part, Span):
        held = part.overlap(period.span)
        if held is None or held.end is None:
            return 0, 0
        ended = part.end is not None and held.end == part.end and part.end != period.span.end
        if ended and end_day == "charged":
            return scale.of(held.start), scale.after(held.end)
        first = scale.of(held.start)
        return first, scale.of_day(period.end) if not ended else scale.of(held.end)
    first, end = part
    if end_day == "charged" and period.start < end < period.end:
        end += DAY
    return scale.of_day(first), scale.of_day(end)

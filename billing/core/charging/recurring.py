"""Recurring prices over a timeline: what each day was held for, against what was billed for it."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache

from billing.core.catalog import PriceVersion, RecurringPrice
from billing.core.charging.charge import Charge
from billing.core.money import Money
from billing.core.period import DAY, Period, held_days, local_midnight, rfc3339
from billing.core.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Held:
    """Local days of a period, without a gap, on which one price version was held."""

    price: PriceVersion
    since: datetime  # the instant of the operation it began with
    first: date
    end: date


def recurring_charges(subscription: Subscription, period: Period) -> list[Charge]:
    """One charge for each recurring price held during the period, by its share of local days."""
    return missing(subscription, period, (), in_advance_only=False)


def corrections(
    subscription: Subscription, period: Period, billed: Sequence[Charge]
) -> list[Charge]:
    """Credits and charges that bring the days of a period from what was billed to what was held.

    A credit is the unused share of the very line that was charged, by local days, and never more
    than what of that line is not credited yet.
    """
    ours = [charge for charge in billed if charge.subscription_id == subscription.id]
    credited = [c for line in ours for c in _credits_of(line, subscription, period, ours)]
    return credited + missing(subscription, period, ours, in_advance_only=False)


def advance(subscription: Subscription, period: Period, billed: Sequence[Charge]) -> list[Charge]:
    """Prices charged in advance for a period that is about to run, as its timeline stands now."""
    ours = [charge for charge in billed if charge.subscription_id == subscription.id]
    return missing(subscription, period, ours, in_advance_only=True)


def missing(
    subscription: Subscription, period: Period, billed: Sequence[Charge], *, in_advance_only: bool
) -> list[Charge]:
    """Charges for the days a recurring price is held in the period but not billed."""
    return [
        _charge(subscription, period, held, price, first, end)
        for held in held_in(subscription, period)
        for price in held.price.recurring
        if price.in_advance or not in_advance_only
        for first, end in _runs(
            _days(held.first, held.end) - _billed_days(held.price, price, billed)
        )
    ]


def held_in(subscription: Subscription, period: Period) -> list[Held]:
    """Who held which days. A day belongs to the price it ended with; equal neighbours are one."""
    found: list[Held] = []
    for segment in subscription.segments:
        days = held_days(segment.span, period)
        if days is None:
            continue
        first, end = days
        if found and found[-1].price.ref == segment.price.ref and found[-1].end == first:
            before = found.pop()
            found.append(Held(before.price, before.since, before.first, end))
        else:
            found.append(Held(segment.price, segment.span.start, first, end))
    return found


def _charge(
    subscription: Subscription,
    period: Period,
    held: Held,
    price: RecurringPrice,
    first: date,
    end: date,
) -> Charge:
    days, whole = (end - first).days, (first, end) == (period.start, period.end)
    exact = price.amount * Fraction(days, period.days)
    amount = Money.rounded(exact, price.currency)
    described = f"{held.price.name}: {price.name}"
    if not whole:
        described += f", {days} of {period.days} days"
    return Charge(
        subscription_id=subscription.id,
        service_id=subscription.service_id,
        code=price.code,
        kind="recurring" if whole else "proration",
        description=described,
        price_ref=held.price.ref,
        span=(first, end),
        quantity="1" if whole else str(days),
        unit="month" if whole else "day",
        amount=amount,
        tax_category=price.tax_category,
        key=_key(subscription, period, held, price, first),
        facts={"rule": "recurring", "of": period.days},
    )


def _key(
    subscription: Subscription, period: Period, held: Held, price: RecurringPrice, first: date
) -> str:
    """Cycle lines by (subscription, code, period start); those of an operation by its instant."""
    if held.since < local_midnight(period.start, period.zone):
        key = f"{subscription.id}/{price.code}/{period.label}"
    else:
        key = f"{subscription.id}/{price.code}/{rfc3339(held.since)}"
    return key if first == held.first else f"{key}/{first.isoformat()}"


def _credits_of(
    line: Charge, subscription: Subscription, period: Period, billed: Sequence[Charge]
) -> list[Charge]:
    """Credits for the days of a billed line on which its price was not held."""
    if line.kind not in ("recurring", "proration") or line.amount.minor <= 0:
        return []
    held = {
        day
        for part in held_in(subscription, period)
        if part.price.ref == line.price_ref
        for day in _days(part.first, part.end)
    }
    earlier = _credits(line, billed)
    in_period = _days(*line.span) & _days(period.start, period.end)
    left = line.amount.minor + sum(charge.amount.minor for charge in earlier)
    found: list[Charge] = []
    for first, end in _runs(in_period - held - _days_credited(earlier)):
        exact = line.amount.minor * Fraction((end - first).days, _length(line))
        amount = Money(
            min(Money.rounded(exact, line.amount.currency).minor, left), line.amount.currency
        )
        left -= amount.minor
        if amount:
            found.append(_credit(line, first, end, left + amount.minor, amount))
    return found


def _credit(line: Charge, first: date, end: date, left: int, amount: Money) -> Charge:
    days, of = (end - first).days, _length(line)
    return Charge(
        subscription_id=line.subscription_id,
        service_id=line.service_id,
        code=line.code,
        kind="credit",
        description=f"{line.description}, unused {days} of {of} days",
        price_ref=line.price_ref,
        span=(first, end),
        quantity=str(days),
        unit="day",
        amount=-amount,
        tax_category=line.tax_category,
        key=f"{line.key}/credit/{first.isoformat()}",
        facts={
            "rule": "credit",
            "charged": line.amount.to_wire(),
            "days": [day.isoformat() for day in line.span],
            "left": Money(left, line.amount.currency).to_wire(),
        },
        corrects=line.key,
    )


def _billed_days(
    version: PriceVersion, price: RecurringPrice, billed: Sequence[Charge]
) -> set[date]:
    """Days for which this price was charged and not credited since."""
    lines = [
        charge
        for charge in billed
        if charge.price_ref == version.ref
        and charge.code == price.code
        and charge.kind in ("recurring", "proration")
    ]
    return {
        day for line in lines for day in _days(*line.span) - _days_credited(_credits(line, billed))
    }


def _credits(line: Charge, billed: Sequence[Charge]) -> list[Charge]:
    return [charge for charge in billed if charge.corrects == line.key]


def _days_credited(credits: Iterable[Charge]) -> set[date]:
    return {day for charge in credits for day in _days(*charge.span)}


@lru_cache(maxsize=1024)
def _days(first: date, end: date) -> frozenset[date]:
    """The days from first to before end; a run asks for the same few spans all the time."""
    return frozenset(first + DAY * n for n in range((end - first).days))


def _length(line: Charge) -> int:
    return (line.span[1] - line.span[0]).days


def _runs(days: Set[date]) -> list[tuple[date, date]]:
    """Days as half-open runs without a gap, in order."""
    runs: list[tuple[date, date]] = []
    for day in sorted(days):
        if runs and runs[-1][1] == day:
            runs[-1] = (runs[-1][0], day + DAY)
        else:
            runs.append((day, day + DAY))
    return runs

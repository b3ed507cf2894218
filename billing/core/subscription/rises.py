"""Dated rises: a next version of a plan's prices, and the cohort that moves to it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from billing.core.catalog import Price, PriceVersion, RecurringPrice
from billing.core.errors import BillingError
from billing.core.money import CurrencyMismatch, Money
from billing.core.period import Span
from billing.core.subscription.values import Segment, Subscription


class NothingToRaise(BillingError):
    """A rise names what it raises, and by how much."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}: {fix}")


def risen(
    version: PriceVersion,
    *,
    by_percent: Fraction | Decimal | int | str | None = None,
    by_amount: Money | None = None,
    codes: Collection[str] = (),
    valid_from: date,
) -> PriceVersion:
    """The next version, its fixed amounts for a period raised; it is exact, and rounded on bills.

    by_percent, by_amount  one of them: 3.9 means 3.9 %; an amount is in the version's currency.
                           Below zero prices fall, but not below zero
    codes                  of the recurring prices that rise; left out: all of them
    """
    if (by_percent is None) == (by_amount is None):
        raise NothingToRaise("a rise is by per cent or by an amount", "give one of the two")
    if by_amount is not None and by_amount.currency != version.currency:
        raise CurrencyMismatch(version.currency, by_amount.currency)
    known = {price.code for price in version.recurring}
    rising = set(codes) or known
    if not rising or rising - known:
        raise NothingToRaise(
            f"{version.name} has no recurring price {', '.join(sorted(rising - known))}".rstrip(),
            f"name some of {', '.join(sorted(known)) or 'another version'}",
        )
    factor = 1 + Fraction(by_percent or 0) / 100
    added = Fraction(0) if by_amount is None else Fraction(by_amount.minor)

    def raised(price: Price) -> Price:
        if not isinstance(price, RecurringPrice) or price.code not in rising:
            return price
        amount = price.amount * factor + added
        if amount < 0:
            raise NothingToRaise(f"{price.code} would fall below zero", "lower it by less")
        return replace(price, amount=amount)

    return replace(
        version,
        version=version.version + 1,
        valid_from=valid_from,
        prices=tuple(raised(price) for price in version.prices),
    )


def rise(subscription: Subscription, to: PriceVersion, at: datetime) -> Subscription:
    """Move one of a cohort to a later version of the offering it has, from an instant on.

    All else goes on: quantity, pause, overrides, members, discounts, the contract. What was held
    before the instant keeps its price. Who has another offering, or that version already, or has
    ended by then, is returned untouched: whom a rise concerns is for the caller to choose.
    """
    segments: list[Segment] = []
    for held in subscription.segments:
        if not _concerned(held, to, at):
            segments.append(held)
        elif held.span.start >= at:
            segments.append(replace(held, price=to))
        else:
            segments.append(replace(held, span=Span(held.span.start, at)))
            segments.append(replace(held, price=to, span=Span(at, held.span.end)))
    if _same(segments, subscription.segments):
        return subscription
    return replace(subscription, segments=tuple(segments))


def _concerned(held: Segment, to: PriceVersion, at: datetime) -> bool:
    return (
        held.price.offering_id == to.offering_id
        and held.price.version < to.version
        and (held.span.end is None or held.span.end > at)
    )


def _same(one: Sequence[Segment], other: Sequence[Segment]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))

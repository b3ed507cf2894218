"""What one does to a subscription. Each operation is pure, and repeated returns the same value."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from billing.core.catalog import Allowance, Discount, PriceVersion
from billing.core.money import CurrencyMismatch, Money
from billing.core.period import Period, Span, local_day, local_midnight
from billing.core.subscription.values import (
    AlreadyEnded,
    BadQuantity,
    ChangeInThePast,
    Contract,
    EndInThePast,
    Granted,
    NotRunning,
    NotSold,
    PlanChangeInThePast,
    Purchase,
    PurchaseConflict,
    Segment,
    Subscription,
)


def effective(when: Literal["now", "period end"] | date, now: datetime, period: Period) -> datetime:
    """The instant that "now", a local day (its first instant) or "period end" means."""
    if when == "now":
        return now
    if when == "period end":
        return local_midnight(period.end, period.zone)
    return local_midnight(when, period.zone)


def start(
    id: str,
    account_id: str,
    service_id: str,
    price: PriceVersion,
    at: datetime,
    *,
    quantity: int = 1,
    members: Sequence[str] = (),
    zone: str = "UTC",
    signed_on: date | None = None,
    coupons: Sequence[str] = (),
    parent_id: str = "",
) -> Subscription:
    """Begin a subscription at an instant.

    Its version's contract binds from the day it was signed on (left out: the local day in the zone
    on which it begins); its discounts are granted, those of a coupon to who presents its code. A
    coupon that gives nothing is an UnknownCoupon.
    """
    began = local_day(at, zone)
    contract = None
    if price.contract is not None:
        contract = Contract(price.contract, signed_on or began)
    return Subscription(
        id,
        account_id,
        service_id,
        (Segment(price, Span(at, None), quantity=_counted(quantity), members=tuple(members)),),
        parent_id=parent_id,
        discounts=_granted(price, began, coupons),
        contract=contract,
    )


def change_plan(
    subscription: Subscription,
    price: PriceVersion,
    at: datetime,
    *,
    contract: Literal["kept", "renewed"] = "kept",
    zone: str = "UTC",
) -> Subscription:
    """Close the running segment and open a new one. No money moves: the cycle prices the timeline.

    The same change again returns the same subscription; so does a change to the price it has.
    Quantity, pause and members go on; overrides and discounts of the old version end. A contract
    is kept, for a change is no termination, or renewed on the local day in the zone; who had none
    is bound by that of the new version.
    """
    current = subscription.current
    if current.span.end is not None:
        raise AlreadyEnded(subscription.id, current.span.end)
    if price.currency != current.price.currency:
        raise CurrencyMismatch(current.price.currency, price.currency)
    if price is current.price or price == current.price:
        return subscription
    if at < current.span.start:
        raise PlanChangeInThePast(at, current.span.start)
    changed = _held(subscription, at, replace(current, price=price, overrides=()))
    day = local_day(at, zone)
    terms = price.contract
    if terms is None and contract == "renewed" and subscription.contract is not None:
        terms = subscription.contract.terms
    if terms is not None and (contract == "renewed" or subscription.contract is None):
        changed = replace(changed, contract=Contract(terms, day))
    return replace(changed, discounts=_moved(subscription.discounts, current.price, price, day))


def pause(subscription: Subscription, at: datetime) -> Subscription:
    """From an instant on its fixed prices cost what they cost in pause."""
    return _change(subscription, at, lambda held: replace(held, paused=True))


def resume(subscription: Subscription, at: datetime) -> Subscription:
    """From an instant on it is no longer in pause."""
    return _change(subscription, at, lambda held: replace(held, paused=False))


def set_quantity(subscription: Subscription, quantity: int, at: datetime) -> Subscription:
    """From an instant on it is held so many times: each fixed price is charged for each."""
    return _change(subscription, at, lambda held: replace(held, quantity=_counted(quantity)))


def set_members(subscription: Subscription, members: Sequence[str], at: datetime) -> Subscription:
    """From an instant on these further services share its pooled allowance."""
    return _change(subscription, at, lambda held: replace(held, members=tuple(members)))


def override(
    subscription: Subscription, code: str, amount: Money | None, at: datetime
) -> Subscription:
    """From an instant on a fixed price costs this, for each period and each one held.

    None: what its version says. It ends with the plan, and goes on through a dated rise.
    """

    def overridden(held: Segment) -> Segment:
        fixed = (*held.price.recurring, *held.price.one_time)
        if code not in {price.code for price in fixed}:
            raise NotSold(code, held.price, tuple(price.code for price in fixed))
        if amount is not None and amount.currency != held.price.currency:
            raise CurrencyMismatch(held.price.currency, amount.currency)
        others = [one for one in held.overrides if one[0] != code]
        given = [] if amount is None else [(code, Fraction(amount.minor))]
        return replace(held, overrides=tuple(sorted([*others, *given])))

    return _change(subscription, at, overridden)


def end(subscription: Subscription, at: datetime) -> Subscription:
    """Close the running segment. The same end again returns the same subscription.

    A change at that very instant is held for no time and leaves no segment.
    """
    *past, current = subscription.segments
    if current.span.end == at:
        return subscription
    if current.span.end is not None:
        raise AlreadyEnded(subscription.id, current.span.end)
    if past and at == current.span.start:
        return replace(subscription, segments=tuple(past))
    if at <= current.span.start:
        raise EndInThePast(at, current.span.start)
    closed = replace(current, span=Span(current.span.start, at))
    return replace(subscription, segments=(*past, closed))


def withdraw(subscription: Subscription, now: datetime) -> Subscription:
    """Take back what is scheduled after an instant: changes that have not begun, and an end.

    With none of them it returns the same subscription; one that has ended stays ended. A contract
    that was renewed and discounts that were given with a change stay.
    """
    ended = subscription.ended
    if ended is not None and ended <= now:
        return subscription
    begun = [held for held in subscription.segments if held.span.start <= now]
    if not begun or (ended is None and len(begun) == len(subscription.segments)):
        return subscription
    *past, current = begun
    reopened = replace(current, span=Span(current.span.start, None))
    return replace(subscription, segments=(*past, reopened))


def buy(subscription: Subscription, purchase: Purchase) -> Subscription:
    """Add a pass or a top-up that its price sells at the instant. The same id again: no change."""
    for one in subscription.purchases:
        if one.id == purchase.id and one != purchase:
            raise PurchaseConflict(purchase.id)
        if one == purchase:
            return subscription
    version = subscription.price_at(purchase.at)
    if version is None:
        raise NotRunning(subscription.id, purchase.at)
    sold = _for_sale(version)
    if purchase.code not in sold:
        raise NotSold(purchase.code, version, sold)
    bought = sorted([*subscription.purchases, purchase], key=lambda one: (one.at, one.id))
    return replace(subscription, purchases=tuple(bought))


def grant(subscription: Subscription, discount: Discount, since: date) -> Subscription:
    """Give it a discount from a local day on; one of the same code is not given twice."""
    if any(one.discount.code == discount.code for one in subscription.discounts):
        return subscription
    return replace(subscription, discounts=(*subscription.discounts, Granted(discount, since)))


def _change(
    subscription: Subscription, at: datetime, change: Callable[[Segment], Segment]
) -> Subscription:
    """What the last segment becomes from an instant on; the same, if it changes nothing."""
    current = subscription.current
    changed = change(current)
    if changed == current:
        return subscription
    if current.span.end is not None:
        raise AlreadyEnded(subscription.id, current.span.end)
    if at < current.span.start:
        raise ChangeInThePast(at, current.span.start)
    return _held(subscription, at, changed)


def _held(subscription: Subscription, at: datetime, changed: Segment) -> Subscription:
    """Held from an instant on. What is held for no time leaves no segment, equal ones join."""
    *past, current = subscription.segments
    opened = replace(changed, span=Span(at, None))
    if current.span.start < at:
        past.append(replace(current, span=Span(current.span.start, at)))
    elif past and replace(past[-1], span=opened.span) == opened:
        before = past.pop()
        opened = replace(before, span=Span(before.span.start, None))
    return replace(subscription, segments=(*past, opened))


def _counted(quantity: int) -> int:
    if quantity < 1:
        raise BadQuantity(quantity)
    return quantity


def _granted(price: PriceVersion, since: date, coupons: Sequence[str]) -> tuple[Granted, ...]:
    return tuple(Granted(discount, since) for discount in price.discounts_for(coupons))


def _moved(
    held: Sequence[Granted], old: PriceVersion, new: PriceVersion, day: date
) -> tuple[Granted, ...]:
    """Discounts after a change: what both versions give goes on, the others of the old end.

    What ended on that very day goes on; a promotion that was enjoyed before does not begin again.
    """
    ending = {one.code for one in old.discounts} - {one.code for one in new.discounts}
    kept: list[Granted] = []
    for one in held:
        if one.until is None and one.discount.code in ending:
            kept.append(replace(one, until=day))
        elif one.until == day and one.since < day and one.discount in new.discounts:
            kept.append(replace(one, until=None))
        else:
            kept.append(one)
    running = {one.discount.code for one in kept if one.until is None}
    enjoyed = [
        one.discount for one in kept if one.discount.periods is not None and one.since != one.until
    ]
    begun = [
        one
        for one in _granted(new, day, ())
        if one.discount.code not in running and one.discount not in enjoyed
    ]
    return (*kept, *begun)


def _for_sale(version: PriceVersion) -> tuple[str, ...]:
    """Codes of the passes and of the buckets that have a price."""
    buckets = [
        bucket.code
        for price in version.usage
        if isinstance(price.model, Allowance)
        for bucket in price.model.buckets
        if bucket.price is not None
    ]
    return (*(price.code for price in version.passes), *buckets)

"""Allowances as people look at them: which bucket has how much left, and which paid when."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.config import Isp
from billing.core.allowance import OVERAGE, SLOW, STOPPED, Paid, Part, Simulation, State, simulate
from billing.core.catalog import measure_of
from billing.core.charging.held_allowances import HeldAllowance, held_allowances, opening_of
from billing.core.period import HOUR, Period, Span, local_day, next_grid_hour, period_containing
from billing.core.subscription import Subscription
from billing.store import invoices
from billing.store.access import Access
from billing.store.customers import Customer
from functions.portal_api.usecases import usage_view
from functions.portal_api.usecases.subscriptions.deeds import BILLS_LOOKED_BACK
from functions.portal_api.usecases.usage_view import Series

NAMES: Mapping[str, str] = {
    OVERAGE: "Charged above it",
    SLOW: "At reduced speed",
    STOPPED: "After it was used up",
}


@dataclass(frozen=True, slots=True)
class Level:
    """One bucket now. Base units: octets, seconds, events."""

    code: str
    name: str
    used: int  # since the period began
    left: int | None  # None: without end


@dataclass(frozen=True, slots=True)
class Meter:
    """An allowance of a subscription since the running period began."""

    subscription_id: str
    service_id: str
    name: str  # of the price
    unit: str
    levels: tuple[Level, ...]  # in the order in which they burn
    beyond: int  # base units that no bucket paid
    policy: str  # the speed at which the next octet runs; "": full speed
    hours: tuple[Paid, ...]  # who paid, hour by hour; "members" of a pool under their service
    names: Mapping[str, str]  # of buckets and of what follows them, by code


def of_customer(
    customer: Customer,
    sees: Access,
    isp: Isp,
    now: datetime,
    hourly: Sequence[Series] | None = None,
) -> tuple[Meter, ...]:
    """The allowances in octets that are held now, by subscription.

    hourly  the usage of the running period by hour, where the caller has read it
    """
    zone = isp.isp.zone
    period = period_containing(local_day(now, zone), customer.account.cycle_anchor, zone)
    held = [
        (one, allowance)
        for one in customer.subscriptions
        if (price := one.price_at(now)) is not None
        for allowance in held_allowances(one, period)
        if allowance.version.ref == price.ref and measure_of(allowance.price.unit) == "octets"
    ]
    if not held:
        return ()
    account_id, until = customer.account.id, next_grid_hour(now, isp.usage.grid_zone)
    if hourly is None:
        span = Span(period.span.start, now)
        hourly = usage_view.of_account(account_id, sees, span, "hour", isp)
    return tuple(
        _meter(one, allowance, _opening(one, allowance, period, sees), hourly, until)
        for one, allowance in held
    )


def _opening(one: Subscription, allowance: HeldAllowance, period: Period, sees: Access) -> State:
    """What the last bill left; without one the buckets begin with what the period grants."""
    found = invoices.list_invoices(one.account_id, sees, limit=BILLS_LOOKED_BACK)
    return opening_of(one, allowance, [line for bill in found.items for line in bill.lines])


def _meter(
    one: Subscription,
    allowance: HeldAllowance,
    opening: State,
    hourly: Sequence[Series],
    until: datetime,
) -> Meter:
    price, term, began = allowance.price, allowance.term, allowance.during.start
    # What was bought counts from the next hour on; what ends with the term is left until then.
    held = Span(began, max(min(until + HOUR, term.end - HOUR), began + HOUR))
    done = simulate(
        price,
        term,
        _parts(allowance, hourly, min(until, held.end or until)),
        opening=opening,
        purchases=one.purchases,
        share=allowance.share,
        quantity=allowance.quantity,
        held=held,
    )
    buckets = allowance.allowance.buckets
    return Meter(
        one.id,
        one.service_id,
        price.name,
        price.unit,
        tuple(
            Level(
                bucket.code,
                bucket.name,
                done.used.get(bucket.code, 0),
                None if bucket.size is None else done.closing.left(bucket.code),
            )
            for bucket in buckets
            if _is_shown(bucket.code, bucket.price is None, done)
        ),
        sum(done.used.get(code, 0) for code in NAMES),
        done.policy,
        done.paid,
        {**NAMES, **{bucket.code: bucket.name for bucket in buckets}},
    )


def _is_shown(code: str, granted: bool, done: Simulation) -> bool:
    """A bucket that is for sale is shown once somebody bought it."""
    return granted or bool(done.used.get(code)) or bool(done.closing.left(code))


def _parts(allowance: HeldAllowance, hourly: Iterable[Series], until: datetime) -> Iterator[Part]:
    for series in hourly:
        if series.service_id not in allowance.services:
            continue
        for hour in series.points:
            if any(span.contains(hour.start) for span in allowance.spans) and hour.end <= until:
                yield Part(hour.start, hour.end, hour.octets_in, hour.octets_out, series.service_id)

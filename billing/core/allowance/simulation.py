"""The simulator: a term's usage through an allowance, and the instants at which to cut it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction

from billing.core.allowance.closing import close, courtesy_of
from billing.core.allowance.meter import Meter
from billing.core.allowance.plan import Plan, plan_of
from billing.core.allowance.state import EMPTY, State
from billing.core.allowance.values import (
    OVERAGE,
    NegativeUsage,
    NotPooled,
    Part,
    PartOutside,
    Simulation,
    Term,
    term_of,
)
from billing.core.catalog import UsagePrice
from billing.core.period import Period, Span, next_grid_hour
from billing.core.rating import Line, rate
from billing.core.subscription import Purchase

_WHOLE = Fraction(1)


def simulate(
    price: UsagePrice,
    period: Period | Term,
    usage: Iterable[Part],
    *,
    opening: State = EMPTY,
    purchases: Sequence[Purchase] = (),
    share: Fraction = _WHOLE,
    held: Span | None = None,
    quantity: int = 1,
) -> Simulation:
    """Which bucket paid each part of the usage, what is owed for the rest, and what is left.

    period     a bill's period, or the term of a pass (`term_of`)
    usage      on grid hours, in any order; a part crosses none of the `edges`
    opening    the closing state of the term before; after a change of plan, `after_change` of it
    purchases  top-ups; only those that begin to count in this time are taken, so all may be given
    share      the part of the period that is granted, where the allowance says prorated
    held       the part of the period in which the price was held; None: all of it
    quantity   so many times the price is held: so many times is each size granted
    """
    plan = plan_of(price)
    meter = _metered(plan, period, opening, purchases, share, held, quantity)
    _burn(meter, plan, usage)
    policy = meter.speed()
    meter.finish()
    overage = _overage(plan, meter.used.get(OVERAGE, 0), share)
    courtesy, courtesies = courtesy_of(
        plan.allowance.courtesy,
        None if overage is None else overage.amount,
        opening,
        opening.term == meter.term.start,
    )
    closing = close(meter, courtesies)
    return Simulation(
        paid=tuple(meter.paid),
        used=meter.used,
        granted=meter.granted,
        lost=meter.lost,
        overage=overage,
        courtesy=courtesy,
        bought=tuple(meter.bought),
        alerts=tuple(sorted(meter.watch.alerts, key=lambda alert: (alert.at, alert.quantity))),
        policy=policy,
        closing=closing,
    )


def edges(
    price: UsagePrice,
    period: Period | Term,
    opening: State = EMPTY,
    purchases: Sequence[Purchase] = (),
    *,
    held: Span | None = None,
) -> tuple[datetime, ...]:
    """The grid hours within the period at which other buckets can pay, ascending.

    Windows open and close, grants end, what was bought begins. Between two of them usage may be
    read as one part. Where the end of an automatic top-up depends on the hour it is bought in, all
    hours are edges.
    """
    plan = plan_of(price)
    meter = _metered(plan, period, opening, purchases, _WHOLE, held, 1)
    found = {event[0] for event in meter.events} | set(meter.timeline.starts)
    # What is bought later ends later: its end is known when its begin has happened.
    while meter.events and meter.events[0][0] < meter.last:
        meter.happen()
        found.update(event[0] for event in meter.events)
    return tuple(sorted(at for at in found if meter.first < at < meter.last))


def simulate_periods(
    price: UsagePrice,
    periods: Sequence[Period | Term],
    usage: Iterable[Part],
    *,
    opening: State = EMPTY,
    purchases: Sequence[Purchase] = (),
) -> list[Simulation]:
    """Several terms in a row, each opened with what the one before left: months, or passes."""
    terms = [term_of(period) for period in periods]
    parts = sorted(usage, key=_order)
    simulations: list[Simulation] = []
    place = 0
    for term in terms:
        last = term.hours[1]
        mine: list[Part] = []
        while place < len(parts) and parts[place].start < last:
            mine.append(parts[place])
            place += 1
        one = simulate(price, term, mine, opening=opening, purchases=purchases)
        simulations.append(one)
        opening = one.closing
    if place < len(parts):
        raise PartOutside(parts[place].start, parts[place].end, terms[-1])
    return simulations


def _metered(
    plan: Plan,
    period: Period | Term,
    opening: State,
    purchases: Sequence[Purchase],
    share: Fraction,
    held: Span | None,
    quantity: int,
) -> Meter:
    term = term_of(period)
    start, end, hours = term.start, term.end, term.hours
    if held is not None:
        start = max(start, held.start.astimezone(UTC))
        end = end if held.end is None else min(end, held.end.astimezone(UTC))
        hours = next_grid_hour(start, term.zone), next_grid_hour(end, term.zone)
    meter = Meter(plan, term, start, end, hours)
    meter.open(opening, purchases, share, quantity)
    return meter


def _burn(meter: Meter, plan: Plan, usage: Iterable[Part]) -> None:
    """Parts by time, then by service; "larger" counts by how much the larger sum grew."""
    parts = sorted(usage, key=_order)
    if not parts:
        return
    one = parts[0].service_id
    pooled, direction = plan.allowance.pooled, plan.direction
    sum_in = sum_out = before = 0
    for part in parts:
        _, _, octets_in, octets_out, service_id = part
        if octets_in < 0 or octets_out < 0:
            raise NegativeUsage(part.start, service_id)
        if service_id != one and not pooled:
            raise NotPooled(one, service_id)
        if direction == "both":
            quantity = octets_in + octets_out
        elif direction == "down":
            quantity = octets_out
        elif direction == "up":
            quantity = octets_in
        else:
            sum_in, sum_out = sum_in + octets_in, sum_out + octets_out
            larger = sum_in if sum_in > sum_out else sum_out
            quantity, before = larger - before, larger
        meter.burn(part, quantity)


def _overage(plan: Plan, quantity: int, share: Fraction) -> Line | None:
    """All overage of the term, rated once."""
    if plan.overage is None:
        return None
    return rate(plan.overage, Fraction(quantity, plan.base), share=share)


def _order(part: Part) -> tuple[datetime, str, datetime, int, int]:
    return part.start, part.service_id, part.end, part.octets_in, part.octets_out

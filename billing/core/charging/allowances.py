"""Allowances on a bill: which spans to count, what the buckets paid, and what is left to charge."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from billing.core.allowance import (
    Part,
    Simulation,
    State,
    Term,
    edges,
    simulate,
)
from billing.core.catalog import (
    BASE_UNITS,
    PriceVersion,
    UsagePrice,
    measure_of,
)
from billing.core.charging.charge import Charge, Counted, Kind
from billing.core.charging.held_allowances import RULE, HeldAllowance, held_allowances, opening_of
from billing.core.errors import BillingError
from billing.core.money import Money, exact_text
from billing.core.period import (
    DAY,
    MOMENT,
    Period,
    Span,
    grid_hour,
    instant_from,
    local_day,
    next_grid_hour,
    rfc3339,
)
from billing.core.subscription import Purchase, Subscription
from billing.core.usage.measured import Call

TOP_UP_RULE = "top-up"


class UsageNotCounted(BillingError):
    """A bill cannot be drafted before the usage of each of its windows was read."""

    def __init__(self, service_id: str, window: Span) -> None:
        end = "" if window.end is None else rfc3339(window.end)
        super().__init__(
            f"usage of {service_id} from {rfc3339(window.start)} to {end} was not counted:"
            " read it for every window of usage_windows"
        )
        self.service_id, self.window = service_id, window


def allowance_windows(
    subscription: Subscription, period: Period, billed: Sequence[Charge]
) -> Iterator[tuple[str, PriceVersion, Span]]:
    """Who is to be counted in which spans: what may pay does not change within any of them."""
    for held in held_allowances(subscription, period):
        if measure_of(held.price.unit) != "octets":
            continue
        opening = opening_of(subscription, held, billed)
        for span in _cut(held, opening, subscription.purchases):
            for service_id in held.services:
                yield service_id, held.version, span


def allowance_charges(
    subscription: Subscription,
    period: Period,
    octets: Mapping[str, Mapping[Span, Counted]],
    calls: Mapping[str, Sequence[Call]],
    billed: Sequence[Charge],
) -> list[Charge]:
    """What allowances leave to charge: overage, automatic top-ups, and courtesies as credits."""
    found: list[Charge] = []
    for held in held_allowances(subscription, period):
        opening = opening_of(subscription, held, [*billed, *found])
        if measure_of(held.price.unit) == "octets":
            spans = list(_cut(held, opening, subscription.purchases))
            parts = [
                _part(octets, service_id, span) for span in spans for service_id in held.services
            ]
        else:
            parts = list(_parts_of_calls(held, calls, period.zone))
        facts = _facts(held, opening, parts, subscription.purchases, period.zone)
        done = simulated(held.price, facts)
        found += _charges(subscription, period, held, facts, done)
        found += _top_ups(subscription, period, held, {charge.key for charge in billed})
    return found


def simulated(price: UsagePrice, facts: Mapping[str, Any]) -> Simulation:
    """What an allowance did, from the facts of its line."""
    (since, until), (first, last) = facts["term"], facts["held"]
    services: Sequence[str] = facts["services"]
    return simulate(
        price,
        Term(instant_from(since), instant_from(until), facts["zone"]),
        [
            Part(_instant(start), _instant(end), up, down, services[int(place)])
            for start, end, up, down, place in facts["parts"]
        ],
        opening=State.from_dict(facts["opening"]),
        purchases=[Purchase(id, code, instant_from(at)) for id, code, at in facts["purchases"]],
        share=Fraction(facts["share"]),
        held=Span(instant_from(first), instant_from(last)),
        quantity=facts.get("quantity", 1),
    )


def _cut(held: HeldAllowance, opening: State, purchases: Sequence[Purchase]) -> Iterator[Span]:
    """The spans of an allowance, cut where what may pay changes."""
    inside = edges(held.price, held.term, opening, purchases, held=held.during)
    for span in held.spans:
        end = span.end or span.start
        bounds = [span.start, *(at for at in inside if span.start < at < end), end]
        for first, last in pairwise(bounds):
            yield Span(first, last)


def _part(octets: Mapping[str, Mapping[Span, Counted]], service_id: str, span: Span) -> Part:
    counted = octets.get(service_id, {}).get(span)
    if counted is None:
        raise UsageNotCounted(service_id, span)
    return Part(
        span.start, span.end or span.start, counted.octets_in, counted.octets_out, service_id
    )


def _parts_of_calls(
    held: HeldAllowance, calls: Mapping[str, Sequence[Call]], zone: str
) -> Iterator[Part]:
    """Calls burn in the grid hour they begin in: their seconds, or one event each."""
    seconds = measure_of(held.price.unit) == "seconds"
    for service_id in held.services:
        for call in calls.get(service_id, ()):
            if any(span.contains(call.start) for span in held.spans):
                hour = grid_hour(call.start, zone)
                used = call.seconds if seconds else 1
                yield Part.of(hour, next_grid_hour(hour + MOMENT, zone), used, service_id)


def _facts(
    held: HeldAllowance,
    opening: State,
    parts: Iterable[Part],
    purchases: Iterable[Purchase],
    zone: str,
) -> dict[str, Any]:
    """The inputs of the simulation, as JSON; of parts, which are many, as epoch seconds."""
    place = {service_id: n for n, service_id in enumerate(held.services)}
    return {
        "rule": RULE,
        "zone": zone,
        "term": [rfc3339(held.term.start), rfc3339(held.term.end)],
        "held": [rfc3339(held.during.start), rfc3339(held.during.end or held.term.end)],
        "share": str(held.share),
        **({} if held.quantity == 1 else {"quantity": held.quantity}),
        "services": list(held.services),
        "opening": opening.to_dict(),
        "purchases": [
            [one.id, one.code, rfc3339(one.at)]
            for one in purchases
            if held.bucket(one.code) is not None and one.at < held.term.end
        ],
        "parts": sorted(
            [
                int(part.start.timestamp()),
                int(part.end.timestamp()),
                part.octets_in,
                part.octets_out,
                place[part.service_id],
            ]
            for part in parts
        ),
    }


def _charges(
    subscription: Subscription,
    period: Period,
    held: HeldAllowance,
    facts: Mapping[str, Any],
    done: Simulation,
) -> list[Charge]:
    price, version = held.price, held.version
    zero = Money.zero(price.currency)
    first = local_day(held.during.start, period.zone)
    until = held.during.end or held.term.end
    span = (first, max(local_day(until - MOMENT, period.zone), first) + DAY)
    key = f"{subscription.id}/{price.code}/{period.label}/{'@'.join(map(str, version.ref))}"
    used = exact_text(Fraction(done.quantity, BASE_UNITS[price.unit]))

    def charge(kind: Kind, what: str, quantity: str, amount: Money, part: str) -> Charge:
        return Charge(
            subscription_id=subscription.id,
            service_id=subscription.service_id,
            code=price.code,
            kind=kind,
            description=f"{version.name}: {what}",
            price_ref=version.ref,
            span=span,
            quantity=quantity,
            unit=price.unit,
            amount=amount,
            tax_category=price.tax_category,
            key=f"{key}{'/' if part else ''}{part}",
            facts={**facts, "part": part or "overage"},
            gross=amount if price.tax_included else None,
        )

    overage = zero if done.overage is None else done.overage.amount
    main = charge("usage", price.name, used, overage, "")
    found = [replace(main, facts={**main.facts, "closing": done.closing.to_dict()})]
    if done.courtesy is not None and done.courtesy:
        found.append(
            charge("courtesy", f"{price.name}, courtesy", used, -done.courtesy, "courtesy")
        )
    if done.bought:
        amount = Money.total((one.price for one in done.bought), price.currency)
        size = sum(one.quantity for one in done.bought)
        quantity = exact_text(Fraction(size, BASE_UNITS[price.unit]))
        name = held.bucket(done.bought[0].bucket)
        bought = f"{len(done.bought)} × {name.name if name else price.name}"
        found.append(charge("usage", bought, quantity, amount, "top-ups"))
    return found


def _top_ups(
    subscription: Subscription, period: Period, held: HeldAllowance, known: Container[str]
) -> Iterator[Charge]:
    """What was bought by hand in the period, each once."""
    for purchase in subscription.purchases:
        bucket = held.bucket(purchase.code)
        key = f"{subscription.id}/{purchase.code}/{purchase.id}"
        version = subscription.price_at(purchase.at)
        ours = version is not None and version.ref == held.version.ref
        if bucket is None or bucket.price is None or not ours or key in known:
            continue
        if period.span.contains(purchase.at):
            day, price = local_day(purchase.at, period.zone), held.price
            amount = Money.rounded(bucket.price, price.currency, price.rounding)
            yield Charge(
                subscription_id=subscription.id,
                service_id=subscription.service_id,
                code=price.code,
                kind="one-off",
                description=f"{held.version.name}: {bucket.name}",
                price_ref=held.version.ref,
                span=(day, day + DAY),
                quantity=exact_text(bucket.size or Fraction(0)),
                unit=price.unit,
                amount=amount,
                tax_category=price.tax_category,
                key=key,
                facts={
                    "rule": TOP_UP_RULE,
                    "zone": period.zone,
                    "bucket": bucket.code,
                    "bought": rfc3339(purchase.at),
                },
                gross=amount if price.tax_included else None,
            )


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)

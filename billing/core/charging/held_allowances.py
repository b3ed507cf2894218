"""Allowances as price versions held them in a period, and what was left of them before."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from billing.core.allowance import EMPTY, State, Term, after_change, term_of
from billing.core.catalog import Allowance, Bucket, PriceVersion, UsagePrice
from billing.core.charging.charge import Charge
from billing.core.period import Period, Span, instant_from, next_grid_hour, share
from billing.core.subscription import Segment, Subscription

RULE = "allowance"


@dataclass(frozen=True, slots=True)
class HeldAllowance:
    """An allowance as one price version held it in a period."""

    version: PriceVersion
    price: UsagePrice
    spans: tuple[Span, ...]  # grid hours that count, in order
    term: Term  # the bill's period
    during: Span  # from the first instant in it that it was held to the last
    share: Fraction  # of the period, where grants are prorated
    services: tuple[str, ...]  # that share it
    quantity: int  # how often each bucket is granted

    @property
    def allowance(self) -> Allowance:
        return cast(Allowance, self.price.model)

    def bucket(self, code: str) -> Bucket | None:
        return next((one for one in self.allowance.buckets if one.code == code), None)


def on_grid(held: Span, zone: str) -> Span | None:
    """The grid hours that count for a closed span; None: not one."""
    start, end = next_grid_hour(held.start, zone), next_grid_hour(held.end or held.start, zone)
    return Span(start, end) if start < end else None


def held_allowances(subscription: Subscription, period: Period) -> list[HeldAllowance]:
    """The allowances of a period, in the order in which they were first held."""
    found: dict[tuple[tuple[str, int], str], list[tuple[Segment, Span]]] = {}
    for segment in subscription.segments:
        sold = [price for price in segment.price.usage if isinstance(price.model, Allowance)]
        held = segment.span.overlap(period.span) if sold else None
        if held is not None:
            for price in sold:
                key = (segment.price.ref, price.code)
                found.setdefault(key, []).append((segment, held))
    return [
        _held(parts, code, subscription.service_id, period) for (_, code), parts in found.items()
    ]


def opening_of(subscription: Subscription, held: HeldAllowance, billed: Sequence[Charge]) -> State:
    """What is left of buckets as the allowance begins: from the last line that closed one before.

    A version left since then keeps or forfeits what its price says.
    """
    closed = [
        (until, line)
        for line in billed
        if line.subscription_id == subscription.id
        and line.facts.get("rule") == RULE
        and "closing" in line.facts
        and line.code == held.price.code
        and (until := instant_from(line.facts["held"][1])) <= held.during.start
    ]
    if not closed:
        return EMPTY
    _, last = max(closed, key=lambda one: one[0])
    state = State.from_dict(last.facts["closing"])
    if last.price_ref == held.version.ref:
        return state
    left = _price_left(subscription, last)
    return state if left is None else after_change(state, left)


def _price_left(subscription: Subscription, line: Charge) -> UsagePrice | None:
    for segment in subscription.segments:
        if segment.price.ref == line.price_ref:
            return next((one for one in segment.price.usage if one.code == line.code), None)
    return None


def _held(
    parts: Sequence[tuple[Segment, Span]], code: str, service_id: str, period: Period
) -> HeldAllowance:
    version = parts[0][0].price
    price = next(price for price in version.usage if price.code == code)
    whole = period.span
    spans = [span for _, held in parts if (span := on_grid(held, period.zone)) is not None]
    start, end = parts[0][1].start, parts[-1][1].end or whole.start
    allowance = cast(Allowance, price.model)
    members = parts[-1][0].members if allowance.pooled else ()
    return HeldAllowance(
        version=version,
        price=price,
        spans=tuple(spans),
        term=term_of(period),
        during=Span(start, end),
        share=share(Span(start, end), period, by="second")
        if allowance.at_change == "prorated"
        else Fraction(1),
        services=(service_id, *(one for one in members if one != service_id)),
        quantity=parts[-1][0].quantity,
    )

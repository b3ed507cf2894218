"""Discounts: what comes off a line, as a line of its own.

They apply in their declared order to what those before them left of the line, so that nothing is
ever discounted below zero. A discount names its line in its facts: when the line is credited later,
the same part of the discount goes back with it (returns.py).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from billing.core.catalog import Discount, Price, PriceVersion, RecurringPrice, UsagePrice
from billing.core.charging.charge import Charge, spoken_day
from billing.core.charging.returns import Days, falling_on, returned_discounts
from billing.core.money import Money, decimal_text, major_figure, round_ratio
from billing.core.period import DAY, Cycle, Period, cycle_of, local_day
from billing.core.rating import rate
from billing.core.subscription import Granted, Subscription

DISCOUNTED = ("recurring", "proration", "usage", "one-off")  # kinds of lines


class _Bill(NamedTuple):
    """One bill of a subscription while its discounts are made."""

    subscription: Subscription
    cycle: Cycle
    zone: str
    lines: Sequence[Charge]  # of this bill and of earlier ones
    made: list[Charge]


def granted(version: PriceVersion, since: date, coupons: Sequence[str] = ()) -> tuple[Granted, ...]:
    """The discounts that a start on a local day gets, with the coupons that are presented.

    UnknownCoupon for one that gives nothing, RepeatedCoupon for one presented twice.
    """
    return tuple(Granted(discount, since) for discount in version.discounts_for(coupons))


def discount_end(grant: Granted, cycle: Cycle) -> date | None:
    """The first local day without the discount, in an account billed by this cycle; None: never.

    Its periods are as long as the bill's and are counted from the day it was granted.
    """
    ends = [] if grant.until is None else [grant.until]
    if grant.discount.periods is not None:
        ends.append(Cycle(cycle.every, grant.since).begin(grant.discount.periods))
    return min(ends, default=None)


def discount_charges(
    charges: Sequence[Charge],
    subscription: Subscription,
    period: Period,
    billed: Sequence[Charge] = (),
) -> list[Charge]:
    """What comes off the lines of a subscription on a bill, line by line in their order; before it,
    what goes back of the discounts of lines that the bill credits.

    charges  the lines of the bill; those of other subscriptions are left alone
    billed   lines of earlier bills, with their discounts
    """
    made, grants = (
        returned_discounts(charges, subscription.id, billed),
        _grants(subscription, period),
    )
    if not grants:
        return made
    bill = _Bill(subscription, cycle_of(period), period.zone, (*billed, *charges), made)
    for line in charges:
        ours = line.subscription_id == subscription.id
        if ours and line.kind in DISCOUNTED and line.priced.minor > 0:
            left = [line]  # with what came off it
            for grant in grants:
                off = _taken_off(bill, left, grant)
                if off is not None:
                    bill.made.append(off)
                    left.append(off)
    return bill.made


def reduction(facts: Mapping[str, Any], price: Price) -> Fraction:
    """What a discount comes to by the facts of its line, in exact minor units.

    `left` is what is left of the line it is on, for the days it covers: it can take off no more.
    """
    value = Fraction(facts["value"])
    if facts["kind"] == "percent":
        return Fraction(facts["left"]) * value / 100
    if facts["kind"] == "amount":
        return max(Fraction(0), value * Fraction(facts["share"]) - Fraction(facts["spent"]))
    assert isinstance(price, UsagePrice)  # noqa: S101  only such a price has units
    quantity, of_period = Fraction(facts["quantity"]), Fraction(facts["of_period"])
    paid = max(Fraction(0), quantity - value * Fraction(facts["share"]))
    whole, rest = (rate(price, units, share=of_period).amount.minor for units in (quantity, paid))
    return Fraction(max(0, whole - rest))


def taken(facts: Mapping[str, Any], price: Price) -> Money:
    """What comes off: rounded as its price is, and never more than what is left of the line."""
    return _bounded(reduction(facts, price).as_integer_ratio(), Fraction(facts["left"]), price)


def share_of(days: Days, cycle: Cycle, zone: str = "UTC") -> Fraction:
    """How many periods of a cycle local days are: 19 days of February 2026 are 19/28."""
    share, day = Fraction(0), days[0]
    while day < days[1]:
        whole = cycle.containing(day, zone)
        end = min(whole.end, days[1])
        share += Fraction((end - day).days, whole.days)
        day = end
    return share


def spoken_discount(discount: Discount, currency: str, unit: str = "units") -> str:
    """What a discount takes off, as a page says it: "50 % off", "10.00 EUR off", "50 GB free"."""
    if discount.kind == "amount":
        return f"{major_figure(discount.value, currency)} {currency} off"
    figure = decimal_text(discount.value)
    return f"{figure} % off" if discount.kind == "percent" else f"{figure} {unit} free"


def spoken_promotion(grant: Granted, price: RecurringPrice, cycle: Cycle) -> str:
    """A discount of a price and what it costs afterwards: "50 % off until …, then 40.00 EUR"."""
    off, ends = spoken_discount(grant.discount, price.currency), discount_end(grant, cycle)
    if ends is None:
        return off
    full = f"{major_figure(price.amount, price.currency)} {price.currency}"
    return f"{off} until {spoken_day(ends - DAY)}, then {full}"


def _grants(subscription: Subscription, period: Period) -> list[Granted]:
    """The discounts of a subscription in their order; free usage of a trial goes before them."""
    grants = sorted(subscription.discounts, key=lambda one: one.discount.order)
    version = subscription.segments[0].price
    trial = version.trial
    if trial is None or trial.usage == "charged" or not version.usage:
        return grants
    codes = tuple(price.code for price in version.usage)
    began = local_day(subscription.started, period.zone)
    free = Discount("", "Free trial", "percent", Fraction(100), codes)  # no other has this code
    return [Granted(free, began, began + DAY * trial.days), *grants]


def _taken_off(bill: _Bill, left: Sequence[Charge], grant: Granted) -> Charge | None:
    """The line of one discount on what others left of a line; None: it takes nothing off.

    left  the line, and the discounts before this one
    """
    line, discount = left[0], grant.discount
    price = _price_of(bill.subscription, line) if _is_for(discount, line) else None
    if price is None:
        return None
    ends = discount_end(grant, bill.cycle)
    first, end = line.span
    days = max(first, grant.since), end if ends is None else min(end, ends)
    if days[0] >= days[1]:
        return None
    remains = max(0, falling_on(left, days))
    facts: dict[str, Any] = {
        "rule": "discount",
        "line": line.key,
        "discount": discount.code,
        "kind": discount.kind,
        "value": str(discount.value),
        "left": str(remains),
        **_inputs(bill, line, discount, days),
    }
    if ends is not None and ends <= end:
        facts["ends"] = ends.isoformat()
    if discount.kind == "percent":  # as `reduction` has it, without reading the facts again
        part, of = discount.value.as_integer_ratio()
        exact = remains.numerator * part, remains.denominator * of * 100
        amount = -_bounded(exact, remains, price)
    else:
        amount = -taken(facts, price)
    return _line(line, grant, days, amount, facts) if amount else None


def _bounded(exact: tuple[int, int], left: Fraction | int, price: Price) -> Money:
    """A ratio of minor units rounded as its price is; at most the whole units that are left."""
    rounded = round_ratio(*exact, price.rounding)
    return Money(min(rounded, left.numerator // left.denominator), price.currency)


def _is_for(discount: Discount, line: Charge) -> bool:
    """Whether a discount can apply to a line at all. An amount of a period comes off what is
    charged once only where its price is named.
    """
    if discount.on and line.code not in discount.on:
        return False
    if discount.kind == "units":
        return line.kind == "usage"
    return discount.kind == "percent" or line.kind != "one-off" or bool(discount.on)


def _inputs(bill: _Bill, line: Charge, discount: Discount, days: Days) -> dict[str, Any]:
    """The facts that a kind of discount adds: for which share of a period, and what it counts."""
    if discount.kind == "percent":
        return {}
    share = Fraction(1) if line.kind == "one-off" else share_of(days, bill.cycle, bill.zone)
    if discount.kind == "amount":
        return {"share": str(share), "spent": str(_spent(bill, discount, days))}
    of_period = line.facts.get("share", "1")
    return {"share": str(share), "quantity": line.quantity, "of_period": of_period}


def _spent(bill: _Bill, discount: Discount, days: Days) -> Fraction | int:
    """What of an amount stays taken off other lines for the same days, in minor units."""
    known = [*bill.lines, *bill.made]
    keys = {
        line.key
        for line in known
        if line.kind == "discount"
        and line.subscription_id == bill.subscription.id
        and line.facts.get("discount") == discount.code
    }
    spent = falling_on((one for one in known if one.key in keys or one.corrects in keys), days)
    return max(-spent, 0)


def _line(
    line: Charge, grant: Granted, days: Days, amount: Money, facts: Mapping[str, Any]
) -> Charge:
    discount = grant.discount
    return Charge(
        subscription_id=line.subscription_id,
        service_id=line.service_id,
        code=line.code,
        kind="discount",
        description=f"{discount.name} on {line.description}{_announced(line, facts)}",
        price_ref=line.price_ref,
        span=days,
        quantity=line.quantity,
        unit=line.unit,
        amount=amount,
        tax_category=line.tax_category,
        key=f"{line.key}/discount/{discount.code}/{grant.since.isoformat()}",
        facts=facts,
        gross=None if line.gross is None else amount,
    )


def _announced(line: Charge, facts: Mapping[str, Any]) -> str:
    """Its end, on the last bill that has it."""
    if "ends" not in facts:
        return ""
    ends = date.fromisoformat(facts["ends"])
    words = "ends with this bill" if ends == line.span[1] else f"until {spoken_day(ends - DAY)}"
    return f"; {words}; from {spoken_day(ends)} the full price"


def _price_of(subscription: Subscription, line: Charge) -> Price | None:
    for segment in subscription.segments:
        if segment.price.ref == line.price_ref:
            return next((one for one in segment.price.prices if one.code == line.code), None)
    return None

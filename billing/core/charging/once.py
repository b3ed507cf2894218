"""What is charged once: one-time prices when a subscription begins, and the passes it buys."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from billing.core.catalog import OneTimePrice, PassPrice, PriceVersion
from billing.core.charging.charge import Charge
from billing.core.money import Money
from billing.core.period import DAY, MOMENT, Period, Span, cycle_of, local_day, rfc3339
from billing.core.subscription import Purchase, Subscription


class Pass(NamedTuple):
    """A pass that was bought, and from when to when it is valid."""

    purchase: Purchase
    version: PriceVersion
    price: PassPrice
    span: Span  # no end: it never expires


def once_charges(
    subscription: Subscription, period: Period, billed: Sequence[Charge]
) -> list[Charge]:
    """One-time prices of a subscription that begins in the period, and passes bought in it.

    Each is charged once: what an earlier bill has, by its key, is left out. One-time prices are
    those of the version it begins with, for each one held; a later plan or rise charges none.
    """
    known = {charge.key for charge in billed}
    charges: list[Charge] = []
    if period.span.contains(subscription.started):
        version = subscription.segments[0].price
        charges += [_one_time(subscription, version, one, period) for one in version.one_time]
    if subscription.purchases:
        bought = passes(subscription, period)
        charges += [
            _pass(subscription, one, period.zone)
            for one in bought
            if period.span.contains(one.purchase.at)
        ]
    return [charge for charge in charges if charge.key not in known]


def passes(subscription: Subscription, period: Period) -> list[Pass]:
    """Every pass it bought, with the instants in which it is valid, in the order of purchase.

    A pass begins when it is bought. While one of its code runs, it begins when that one ends, or,
    when its price says `restarts`, at once, and the rest of the other is lost. `period` is one of
    the bill's: its zone and its cycle end what is valid for local days or for the period.
    """
    found: list[Pass] = []
    running: dict[str, int] = {}  # the place of the last pass of each code
    cycle = cycle_of(period)
    for purchase in subscription.purchases:
        version = subscription.price_at(purchase.at)
        sold = () if version is None else version.passes
        price = next((one for one in sold if one.code == purchase.code), None)
        if version is None or price is None:
            continue  # a top-up of an allowance
        begins = purchase.at
        if price.code in running:
            before = found[running[price.code]]
            if before.span.end is not None and before.span.end > begins:
                if price.renewal == "extends":
                    begins = before.span.end
                else:
                    cut = before._replace(span=Span(min(before.span.start, begins), begins))
                    found[running[price.code]] = cut
        around = cycle.containing(local_day(begins, period.zone), period.zone)
        span = Span(begins, price.validity.end(begins, period.zone, around))
        running[price.code] = len(found)
        found.append(Pass(purchase, version, price, span))
    return found


def _one_time(
    subscription: Subscription, version: PriceVersion, price: OneTimePrice, period: Period
) -> Charge:
    first = subscription.segments[0]
    agreed = dict(first.overrides).get(price.code)
    exact = (price.amount if agreed is None else agreed) * first.quantity
    day = local_day(subscription.started, period.zone)
    facts: dict[str, object] = {"rule": "once"}
    if first.quantity != 1:
        facts["quantity"] = first.quantity
    if agreed is not None:
        facts["override"] = str(agreed)
    amount = Money.rounded(exact, price.currency, price.rounding)
    times = f" × {first.quantity}" if first.quantity != 1 else ""
    return _charge(
        *(subscription, version, price, amount, (day, day + DAY), str(first.quantity)),
        description=f"{version.name}: {price.name}{times}",
        key=f"{subscription.id}/{price.code}/once",
        facts=facts,
    )


def _pass(subscription: Subscription, bought: Pass, zone: str) -> Charge:
    price, purchase, span = bought.price, bought.purchase, bought.span
    first = local_day(span.start, zone)
    last = first if span.end is None else local_day(span.end - MOMENT, zone)
    return _charge(
        *(subscription, bought.version, price),
        Money.rounded(price.amount, price.currency, price.rounding),
        (first, last + DAY),
        "1",
        description=f"{bought.version.name}: {price.name}",
        key=f"{subscription.id}/{price.code}/{purchase.id}",
        facts={
            "rule": "pass",
            "zone": zone,
            "bought": rfc3339(purchase.at),
            "from": rfc3339(span.start),
            "until": None if span.end is None else rfc3339(span.end),
        },
    )


def _charge(
    subscription: Subscription,
    version: PriceVersion,
    price: OneTimePrice | PassPrice,
    amount: Money,
    span: tuple[date, date],
    quantity: str,
    *,
    description: str,
    key: str,
    facts: dict[str, object],
) -> Charge:
    return Charge(
        subscription_id=subscription.id,
        service_id=subscription.service_id,
        code=price.code,
        kind="one-off",
        description=description,
        price_ref=version.ref,
        span=span,
        quantity=quantity,
        unit="piece",
        amount=amount,
        tax_category=price.tax_category,
        key=key,
        facts=facts,
        gross=amount if price.tax_included else None,
    )

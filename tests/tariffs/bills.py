"""Words for tariffs: a plan as it is sold, who holds it, and the bill as it is printed."""

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from billing.core.catalog import PriceVersion, price_from, price_version_from
from billing.core.charging import Charge, Counted, Measured, charges_for, usage_windows
from billing.core.money import Money
from billing.core.period import Cycle, Period, every_from, local_midnight, period_containing
from billing.core.rating import rate
from billing.core.subscription import Subscription, start

GB = 10**9


def costs(price: dict[str, Any], quantity: object, **how: Any) -> str:
    """What a quantity comes to: "10.00 USD"."""
    return str(rate(price_from(price), quantity, **how).amount)


def money(text: str) -> Money:
    """ "10.00 USD" """
    value, currency = text.split()
    return Money.parse(value, currency)


def day(text: str) -> date:
    return date.fromisoformat(text)


def clock(text: str, zone: str) -> datetime:
    """A reading of the local clock as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def month(text: str, zone: str, anchor: int = 1) -> Period:
    """The bill's period around a local day."""
    return period_containing(day(text), anchor, zone)


def cycle(every: str, anchor: str) -> Cycle:
    return Cycle(every_from(every), day(anchor))


def plan(name: str, currency: str, *prices: dict[str, Any], **terms: Any) -> PriceVersion:
    """A price version as the catalogue reads it."""
    return price_version_from(
        {
            "offering_id": name.lower(),
            "version": 1,
            "name": name,
            "valid_from": "2020-01-01",
            "currency": currency,
            "prices": list(prices),
            **terms,
        }
    )


def flat(amount: str, **terms: Any) -> dict[str, Any]:
    return {"model": "flat", "amount": amount, **terms}


def sold(price: PriceVersion, since: str, zone: str, **how: Any) -> Subscription:
    """A subscription that begins with a local day."""
    return start("sub", "acc", "svc", price, local_midnight(day(since), zone), zone=zone, **how)


def billed(
    subscription: Subscription,
    period: Period,
    gigabytes: str = "0",
    before: Sequence[Charge] = (),
) -> list[Charge]:
    """The lines of the bill that closes a period in which so much was downloaded, all of it in the
    last window: usage in arrears, fixed prices for the next period in advance."""
    spans = [window.span for window in usage_windows(subscription, period, before)]
    octets = int(Fraction(gigabytes) * GB)
    counted = {
        span: Counted("svc", span.start, span.end, 0, octets if span is spans[-1] else 0)
        for span in spans
        if span.end is not None
    }
    following = period_containing(period.end, period.start.day, period.zone)
    return charges_for(subscription, period, following, Measured({"svc": counted}), before)


def printed(lines: Sequence[Charge]) -> list[tuple[str, str]]:
    """Kind and amount of each line."""
    return [(line.kind, str(line.amount)) for line in lines]


def amounts(lines: Sequence[Charge]) -> list[str]:
    return [line.amount.value for line in lines]

"""Usage in arrears: which windows a bill counts, and what their traffic costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from billing.core.catalog import OCTETS, PriceVersion, UsagePrice
from billing.core.charging.charge import Charge, Counted, spoken_instant
from billing.core.errors import BillingError
from billing.core.money import decimal_text, figure
from billing.core.period import DAY, MOMENT, Period, Span, local_day, next_grid_hour, rfc3339
from billing.core.rating import quantity_of, rate
from billing.core.subscription import Subscription

_DIRECTIONS = {
    "down": "download",
    "up": "upload",
    "both": "download and upload",
    "larger": "the larger of download and upload",
}


class UsageNotCounted(BillingError):
    """A bill cannot be drafted before the usage of each of its windows was read."""

    def __init__(self, subscription_id: str, window: Span) -> None:
        end = "" if window.end is None else rfc3339(window.end)
        super().__init__(
            f"usage of {subscription_id} from {rfc3339(window.start)} to {end} was not counted:"
            " read it for every window of usage_windows"
        )
        self.subscription_id, self.window = subscription_id, window


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """Traffic of the service in this span (grid hours, UTC) is rated under this price."""

    service_id: str
    price: PriceVersion
    span: Span  # always closed


def usage_windows(subscription: Subscription, period: Period) -> list[UsageWindow]:
    """The windows whose usage a bill of the period must count: one per segment with a usage price.

    They begin and end on grid hours of the period's zone: a change counts usage from the next hour.
    """
    windows: list[UsageWindow] = []
    for segment in subscription.segments:
        held = segment.span.overlap(period.span)
        if held is None or held.end is None or not segment.price.usage:
            continue
        start, end = (next_grid_hour(at, period.zone) for at in (held.start, held.end))
        if start < end:
            windows.append(UsageWindow(subscription.service_id, segment.price, Span(start, end)))
    return windows


def usage_charges(
    subscription: Subscription, period: Period, counted: Mapping[Span, Counted]
) -> list[Charge]:
    """Usage of the period, rated once for each price held, on the sum of its windows.

    Each price rates its own part with its full allowance, however short it was held.
    """
    by_price: dict[PriceVersion, list[Counted]] = {}
    for window in usage_windows(subscription, period):
        if window.span not in counted:
            raise UsageNotCounted(subscription.id, window.span)
        by_price.setdefault(window.price, []).append(counted[window.span])
    return [
        _charge(subscription, period, version, price, parts)
        for version, parts in by_price.items()
        for price in version.usage
    ]


def _charge(
    subscription: Subscription,
    period: Period,
    version: PriceVersion,
    price: UsagePrice,
    parts: list[Counted],
) -> Charge:
    octets_in = sum(part.octets_in for part in parts)
    octets_out = sum(part.octets_out for part in parts)
    rated = rate(price, quantity_of(price, octets_in, octets_out))
    first = local_day(parts[0].start, period.zone)
    last = local_day(parts[-1].end - MOMENT, period.zone)
    return Charge(
        subscription_id=subscription.id,
        service_id=subscription.service_id,
        code=price.code,
        kind="usage",
        description=f"{version.name}: {price.name}",
        price_ref=version.ref,
        span=(first, last + DAY),
        quantity=decimal_text(rated.quantity),
        unit=rated.unit,
        amount=rated.amount,
        tax_category=price.tax_category,
        explanation=(
            *(_evidence(part, price, period.zone) for part in parts),
            _charged(price, rated.quantity),
            *rated.steps,
        ),
        key=f"{subscription.id}/{price.code}/{period.label}/{'@'.join(map(str, version.ref))}",
    )


def _evidence(part: Counted, price: UsagePrice, zone: str) -> str:
    """What was counted, where from: "1 October 2026, 00:00 to …: 410 GB down, 12 GB up"."""
    octets = OCTETS[price.unit]
    down, up = (figure(Fraction(n, octets)) for n in (part.octets_out, part.octets_in))
    flags = f" ({', '.join(part.flags)})" if part.flags else ""
    return (
        f"counted {spoken_instant(part.start, zone)} to {spoken_instant(part.end, zone)}:"
        f" {down} {price.unit} down, {up} {price.unit} up{flags}"
    )


def _charged(price: UsagePrice, quantity: Fraction) -> str:
    """What of it is charged, and how large the unit is."""
    return (
        f"charged: {_DIRECTIONS[price.direction]}, {figure(quantity)} {price.unit}"
        f" (1 {price.unit} is {OCTETS[price.unit]:,} octets)"
    )

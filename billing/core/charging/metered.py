"""Usage in arrears: which windows a bill counts, and what their traffic costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from billing.core.catalog import (
    BASE_UNITS,
    Allowance,
    Calls,
    Percentile,
    PriceVersion,
    UsagePrice,
    measure_of,
)
from billing.core.charging.allowances import (
    UsageNotCounted,
    allowance_charges,
    allowance_windows,
)
from billing.core.charging.charge import Charge, Counted, call_to_list, counted_to_dict
from billing.core.charging.held_allowances import on_grid
from billing.core.errors import BillingError
from billing.core.money import decimal_text, exact_text
from billing.core.period import DAY, MOMENT, Period, Span, local_day
from billing.core.period import share as share_of_time
from billing.core.rating import level_of, quantity_of, rate
from billing.core.subscription import Segment, Subscription
from billing.core.usage.measured import Call, Sample

WHOLE = Fraction(1)
Quantity = Fraction | int | Sequence[Call]


class NothingMeasured(BillingError):
    """A price charges what no router or switch counts."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(
            f"{name} ({code}) charges amounts of money, and nothing measures them in a bill cycle:"
            " sell it without this price, or rate it through the API"
        )
        self.code = code


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """Traffic of the service in this span (grid hours, UTC) is rated under this price."""

    service_id: str
    price: PriceVersion
    span: Span  # always closed


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured of the services of an account, by service id."""

    octets: Mapping[str, Mapping[Span, Counted]] = field(
        default_factory=dict[str, Mapping[Span, Counted]]
    )
    calls: Mapping[str, Sequence[Call]] = field(
        default_factory=dict[str, Sequence[Call]]
    )  # of the period
    samples: Mapping[str, Sequence[Sample]] = field(
        default_factory=dict[str, Sequence[Sample]]
    )  # of the period


def usage_windows(
    subscription: Subscription, period: Period, billed: Sequence[Charge] = ()
) -> list[UsageWindow]:
    """The windows whose usage a bill of the period must count: one per segment with a usage price,
    and for allowances one between any two instants at which other buckets may pay.

    They begin and end on grid hours of the period's zone: a change counts usage from the next hour.

    billed  lines of earlier invoices: what their allowances left over
    """
    windows: list[UsageWindow] = []
    for segment in subscription.segments:
        span = _counted_span(segment, period)
        if span is not None and any(_of_octets(price) for price in segment.price.usage):
            windows.append(UsageWindow(subscription.service_id, segment.price, span))
    windows += [
        UsageWindow(service_id, price, span)
        for service_id, price, span in allowance_windows(subscription, period, billed)
    ]
    return windows


def usage_charges(
    subscription: Subscription,
    period: Period,
    measured: Measured,
    billed: Sequence[Charge] = (),
) -> list[Charge]:
    """Usage of the period, rated once for each price held, on the sum of its windows.

    Each price rates its own part with all that it includes, however short it was held.
    """
    held: dict[tuple[str, int], tuple[PriceVersion, list[Span]]] = {}
    for segment in subscription.segments:
        span = _counted_span(segment, period)
        if span is not None and segment.price.usage:
            held.setdefault(segment.price.ref, (segment.price, []))[1].append(span)
    rated = [
        _charge(subscription, period, version, price, spans, measured)
        for version, spans in held.values()
        for price in version.usage
        if not isinstance(price.model, Allowance)
    ]
    return rated + allowance_charges(subscription, period, measured.octets, measured.calls, billed)


def _of_octets(price: UsagePrice) -> bool:
    """Counted in one piece: allowances say for themselves what they must have counted."""
    return measure_of(price.unit) == "octets" and not isinstance(price.model, Allowance)


def _counted_span(segment: Segment, period: Period) -> Span | None:
    """The grid hours of the period that count for a segment; None: not one."""
    whole = period.span
    held = segment.span.overlap(whole)
    if held is None or held.end is None:
        return None
    if held is whole:  # the usual: local midnights are on the grid
        return whole
    return on_grid(held, period.zone)


def _charge(
    subscription: Subscription,
    period: Period,
    version: PriceVersion,
    price: UsagePrice,
    spans: list[Span],
    measured: Measured,
) -> Charge:
    quantity, facts = _found(subscription.service_id, price, spans, measured)
    share = WHOLE
    if price.part_period == "prorated":
        share = sum((share_of_time(span, period, by="second") for span in spans), Fraction(0))
    rated = rate(price, quantity, share=share)
    offering_id, number = version.ref
    return Charge(
        subscription_id=subscription.id,
        service_id=subscription.service_id,
        code=price.code,
        kind="usage",
        description=f"{version.name}: {price.name}",
        price_ref=version.ref,
        span=_days(spans, period),
        quantity=exact_text(rated.quantity),
        unit=rated.unit,
        amount=rated.amount,
        tax_category=price.tax_category,
        key=f"{subscription.id}/{price.code}/{period.label}/{offering_id}@{number}",
        facts={
            "rule": "rated",
            **facts,
            "zone": period.zone,
            **({} if share is WHOLE or share == 1 else {"share": str(share)}),
        },
        gross=rated.amount if price.tax_included else None,
    )


def _days(spans: Sequence[Span], period: Period) -> tuple[date, date]:
    """The local days from the first span to the last."""
    if spans[0] is period.span:
        return period.start, period.end
    first, last = spans[0].start, spans[-1].end or period.span.start
    return local_day(first, period.zone), local_day(last - MOMENT, period.zone) + DAY


def _found(
    service_id: str, price: UsagePrice, spans: Sequence[Span], measured: Measured
) -> tuple[Quantity, dict[str, Any]]:
    """What a price has to rate in its spans, and the facts that say where it comes from."""
    match measure_of(price.unit):
        case "octets":
            parts = _counted(service_id, spans, measured)
            octets_in = sum(part.octets_in for part in parts)
            octets_out = sum(part.octets_out for part in parts)
            quantity = quantity_of(price, octets_in, octets_out)
            return quantity, {"counted": [counted_to_dict(part) for part in parts]}
        case "level":
            return _level(service_id, price, spans, measured)
        case "seconds" | "events":
            calls = [
                call
                for call in sorted(measured.calls.get(service_id, ()), key=_begun)
                if any(span.contains(call.start) for span in spans)
            ]
            facts = {"calls": [call_to_list(call) for call in calls]}
            return called(price, calls), facts
        case "amount":
            raise NothingMeasured(price.code, price.name)


def _begun(call: Call) -> tuple[datetime, str]:
    return call.start, call.id


def called(price: UsagePrice, calls: Sequence[Call]) -> Quantity:
    """What a price has to rate of calls: the calls, their number, or how long they took."""
    if isinstance(price.model, Calls):
        return calls
    if measure_of(price.unit) == "events":
        return len(calls)
    return Fraction(sum(call.seconds for call in calls), BASE_UNITS[price.unit])


def _level(
    service_id: str, price: UsagePrice, spans: Sequence[Span], measured: Measured
) -> tuple[Fraction, dict[str, Any]]:
    """The level of a service, from the samples of its ports in the spans."""
    if not isinstance(price.model, Percentile):
        raise NothingMeasured(price.code, price.name)
    samples = [
        sample
        for sample in measured.samples.get(service_id, ())
        if any(span.contains(sample.at) for span in spans)
    ]
    found = level_of(price, price.model, samples)
    facts = {
        "level": decimal_text(found.level),
        "samples": found.present,
        "dropped": found.dropped,
    }
    return found.level, facts


def _counted(service_id: str, spans: Sequence[Span], measured: Measured) -> list[Counted]:
    known = measured.octets.get(service_id, {})
    for span in spans:
        if span not in known:
            raise UsageNotCounted(service_id, span)
    return [known[span] for span in spans]

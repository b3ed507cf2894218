"""Past months of subscriptions under the plan that was held and under another one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.core.catalog import Price, PriceVersion, RecurringPrice
from billing.core.charging import Charge, Counted, Measured, charges_for, usage_windows
from billing.core.charging.allowances import TOP_UP_RULE
from billing.core.charging.contracts import monthly_amount
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.period import MONTHLY, Period, Span, instant_from, rfc3339
from billing.core.subscription import Granted, Segment, Subscription
from billing.core.tax import TaxRate, with_net
from billing.core.whatif.changes import Repriced

_LASTING = ("recurring", "proration", "usage", "discount", "courtesy", "credit")
_BOUGHT = ("pass", TOP_UP_RULE)


class OtherCurrency(BillingError):
    """What was paid in one currency cannot be compared with a price in another."""

    def __init__(self, held: str, proposed: str) -> None:
        super().__init__(f"it is billed in {held}, and the proposed plan is priced in {proposed}")
        self.held, self.proposed = held, proposed


class UsageNotKept(BillingError):
    """The bills do not say what was used in these hours, and the usage itself has expired."""

    def __init__(self, service_id: str, window: Span) -> None:
        super().__init__(
            f"usage of {service_id} from {rfc3339(window.start)} on is not kept any more,"
            " and no bill counted it"
        )
        self.service_id, self.window = service_id, window


@dataclass(frozen=True, slots=True)
class Month:
    """A past month of a subscription under both plans, each as if it had been held throughout."""

    period: Period
    following: Period
    held: Subscription
    proposed: Subscription


def months_of(
    subscription: Subscription,
    proposal: PriceVersion,
    periods: Iterable[tuple[Period, Period]],
    on: str = "",
) -> list[Month]:
    """The months of a subscription that can be compared.

    periods  each with the one that follows it
    on       only months at whose end this offering was held; "": whatever was held
    """
    found: list[Month] = []
    for period, following in periods:
        held = _held_at_end(subscription, period)
        if held is None or (on and held.price.offering_id != on):
            continue
        if held.price.currency != proposal.currency:
            raise OtherCurrency(held.price.currency, proposal.currency)
        other = replace(held, price=proposal, overrides=())
        found.append(
            Month(
                period,
                following,
                _throughout(subscription, held, period),
                _throughout(subscription, other, period),
            )
        )
    return found


def windows_of(month: Month) -> dict[str, list[Span]]:
    """The windows whose octets either plan has to know, by service."""
    found: dict[str, list[Span]] = {}
    for side in (month.held, month.proposed):
        for window in usage_windows(side, month.period):
            spans = found.setdefault(window.service_id, [])
            if window.span not in spans:
                spans.append(window.span)
    return found


def from_bills(service_id: str, window: Span, counted: Iterable[Counted]) -> Counted | None:
    """What bills counted in a window; None when theirs do not fill it without a gap."""
    ours = sorted(
        {(one.start, one.end): one for one in counted if one.service_id == service_id}.items()
    )
    inside = [one for (start, _), one in ours if window.contains(start)]
    edges = [window.start, *(one.end for one in inside)]
    if [one.start for one in inside] != edges[:-1] or edges[-1] != window.end:
        return None
    return Counted(
        service_id,
        window.start,
        edges[-1],
        sum(one.octets_in for one in inside),
        sum(one.octets_out for one in inside),
        tuple(sorted({flag for one in inside for flag in one.flags})),
    )


def refuse_expired(service_id: str, window: Span, kept_from: datetime) -> None:
    """UsageNotKept for a window that must be read again and reaches back too far."""
    if window.start < kept_from:
        raise UsageNotKept(service_id, window)


def repriced(
    account_id: str,
    months: Sequence[Month],
    measured: Measured,
    billed: Iterable[Charge],
    country: str,
    rates: Sequence[TaxRate],
) -> Repriced:
    """An account's months under both plans.

    billed   the lines of its bills; those of these months are added up for comparison
    country  where it is taxed: prices that include tax are compared without it
    """
    lines = list(billed)
    old, new, charged = (
        [_whole(month, month.held, measured, country, rates) for month in months],
        [_whole(month, month.proposed, measured, country, rates) for month in months],
        [_billed(month, lines) for month in months],
    )
    currency = months[0].proposed.current.price.currency
    return Repriced(
        account_id,
        len({month.period for month in months}),
        Money.total(old, currency),
        Money.total(new, currency),
        Money.total(charged, currency),
    )


def _held_at_end(subscription: Subscription, period: Period) -> Segment | None:
    """The last segment that ran in a period and was not paused."""
    held = [
        segment
        for segment in subscription.segments
        if not segment.paused and segment.span.overlap(period.span) is not None
    ]
    return held[-1] if held else None


def _throughout(subscription: Subscription, segment: Segment, period: Period) -> Subscription:
    """The subscription as if it had been this one segment since before the period."""
    since = min(subscription.started, period.span.start)
    lasting = [
        discount
        for discount in segment.price.discounts
        if discount.periods is None and not discount.coupon
    ]
    monthly = [_monthly(price, segment) for price in segment.price.prices]
    price = replace(segment.price, prices=tuple(monthly), trial=None, contract=None, children=())
    ours = {one.code for one in segment.price.recurring if one.every == MONTHLY}
    agreed = tuple((code, minor) for code, minor in segment.overrides if code in ours)
    return replace(
        subscription,
        segments=(replace(segment, price=price, span=Span(since, None), overrides=agreed),),
        discounts=tuple(Granted(discount, period.start) for discount in lasting),
        contract=None,
    )


def _monthly(price: Price, segment: Segment) -> Price:
    """A price of a year or of weeks as the part of it that a month bears."""
    if not isinstance(price, RecurringPrice) or price.every == MONTHLY:
        return price
    alone = replace(segment.price, prices=(price,), discounts=())
    amount = monthly_amount(replace(segment, price=alone, quantity=1))
    return replace(price, amount=amount, every=MONTHLY, align="cycle")


def _whole(
    month: Month,
    side: Subscription,
    measured: Measured,
    country: str,
    rates: Sequence[TaxRate],
) -> Money:
    charged = charges_for(side, month.period, month.following, measured, ())
    lines = [line for line in charged if _is_of(line, month.period)]
    net = with_net(lines, country, month.period.end, rates)
    return Money.total((line.amount for line in net), side.current.price.currency)


def _billed(month: Month, lines: Iterable[Charge]) -> Money:
    ours = (
        line.amount
        for line in lines
        if line.subscription_id == month.held.id and _is_of(line, month.period)
    )
    return Money.total(ours, month.held.current.price.currency)


def _is_of(line: Charge, period: Period) -> bool:
    """Whether a line is of a month: by its days, or by when it was bought."""
    if line.facts["rule"] in _BOUGHT:
        return period.span.contains(instant_from(line.facts["bought"]))
    return line.kind in _LASTING and period.start <= line.span[0] < period.end


def measured_of(
    counted: Mapping[tuple[str, Span], Counted], base: Measured | None = None
) -> Measured:
    """What was counted by service and window, as charging reads it; calls and samples of `base`."""
    octets: dict[str, dict[Span, Counted]] = {}
    for (service_id, span), one in counted.items():
        octets.setdefault(service_id, {})[span] = one
    return replace(base or Measured(), octets=octets)

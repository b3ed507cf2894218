"""What-if: past months of real subscriptions, priced again as if they had had another plan.

A month is compared whole, and bears its part of a price for a year. Both plans, the one that was
held at its end and the proposed one, are priced for all of it and for the usage that was measured
in it, so that a start, an end or a change in its middle moves neither side. What comes once or for
a while (setup, trial, contract, passing discounts) is on neither side, and nothing is rolled over
from the month before. Passes and top-ups count for the plan they were bought under. Amounts are net
of tax.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import ceil

from billing.core.catalog import Price, PriceVersion, RecurringPrice
from billing.core.charging import Charge, Counted, Measured, charges_for, usage_windows
from billing.core.charging.allowances import TOP_UP_RULE
from billing.core.charging.contracts import monthly_amount
from billing.core.errors import BillingError
from billing.core.money import Money, round_ratio
from billing.core.period import MONTHLY, Period, Span, instant_from, rfc3339
from billing.core.subscription import Granted, Segment, Subscription
from billing.core.tax import TaxRate, with_net

PERCENTILES = (10, 25, 50, 75, 90)
RISES_SHOWN = 10
BARS_EACH_SIDE = 6  # of the histogram; the outermost ones are open
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


@dataclass(frozen=True, slots=True)
class Repriced:
    """What an account's months cost under the plans it had and would have cost under the other."""

    account_id: str
    months: int
    old: Money
    new: Money
    billed: Money  # what bills charged for these months: with parts, credits and promotions

    @property
    def difference(self) -> Money:
        return self.new - self.old


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An account that cannot be compared, and why."""

    account_id: str
    reason: str  # the name of the fact
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """How many accounts change by more than `above` and at most `up_to` minor units.

    Falls mirror rises: their bars hold [above, up_to). None: no bound. 0 to 0: no change.
    """

    above: int | None
    up_to: int | None
    accounts: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a plan would have changed what accounts pay, over all the months asked for."""

    currency: str
    accounts: int
    old: Money
    new: Money
    billed: Money
    more: int  # accounts that would have paid more
    less: int
    percentiles: tuple[tuple[int, Money], ...]  # p per cent change by no more than this
    bars: tuple[Bar, ...]
    rises: tuple[Repriced, ...]  # the ten largest, largest first

    @property
    def change(self) -> Money:
        """Of the revenue."""
        return self.new - self.old

    @property
    def same(self) -> int:
        return self.accounts - self.more - self.less

    @property
    def median(self) -> Money:
        return dict(self.percentiles)[50]


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


def distribution(accounts: Sequence[Repriced], currency: str) -> Distribution:
    """The distribution of changes, the same for whatever order the accounts come in."""
    by_rise = sorted(accounts, key=lambda one: (-one.difference.minor, one.account_id))
    changes = [one.difference.minor for one in reversed(by_rise)]
    return Distribution(
        currency=currency,
        accounts=len(accounts),
        old=Money.total((one.old for one in accounts), currency),
        new=Money.total((one.new for one in accounts), currency),
        billed=Money.total((one.billed for one in accounts), currency),
        more=sum(change > 0 for change in changes),
        less=sum(change < 0 for change in changes),
        percentiles=tuple(
            (percent, Money(_nearest_rank(changes, percent), currency)) for percent in PERCENTILES
        ),
        bars=_bars(changes),
        rises=tuple(one for one in by_rise[:RISES_SHOWN] if one.difference.minor > 0),
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


def _nearest_rank(ascending: Sequence[int], percent: int) -> int:
    """The smallest value that at least so many per cent do not exceed; of none, zero."""
    if not ascending:
        return 0
    return ascending[ceil(Fraction(len(ascending) * percent, 100)) - 1]


def _bars(changes: Sequence[int]) -> tuple[Bar, ...]:
    """Bars of one round width on either side of no change, from the lowest to the highest used."""
    sizes = sorted(abs(change) for change in changes if change)
    if not sizes:
        return (Bar(0, 0, len(changes)),)
    width = _round_up(max(1, round_ratio(_nearest_rank(sizes, 95), BARS_EACH_SIDE - 1, "up")))
    places = [_place(change, width) for change in changes]
    return tuple(
        Bar(*_bounds(place, width), places.count(place))
        for place in range(min(0, *places), max(0, *places) + 1)
    )


def _place(change: int, width: int) -> int:
    """0: no change; n: a rise in the nth bar; -n: a fall."""
    size = min(-(-abs(change) // width), BARS_EACH_SIDE)
    return size if change > 0 else -size


def _bounds(place: int, width: int) -> tuple[int | None, int | None]:
    size = abs(place)
    near, far = (size - 1) * width, None if size == BARS_EACH_SIDE else size * width
    if place == 0:
        return 0, 0
    return (near, far) if place > 0 else (None if far is None else -far, -near)


def _round_up(size: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50, …"""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= size:
                return step * power
        power *= 10


def measured_of(
    counted: Mapping[tuple[str, Span], Counted], base: Measured | None = None
) -> Measured:
    """What was counted by service and window, as charging reads it; calls and samples of `base`."""
    octets: dict[str, dict[Span, Counted]] = {}
    for (service_id, span), one in counted.items():
        octets.setdefault(service_id, {})[span] = one
    return replace(base or Measured(), octets=octets)

"""What was held: a timeline as pieces, each of one price, in one state, in one of its periods.

A price counts its own periods: those of the bill, or longer or shorter ones. A piece lies on the
scale of its price, local days or instants; everything after this file is arithmetic of integers.
"""

from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from billing.core.catalog import PriceVersion, RecurringPrice
from billing.core.period import (
    DAY,
    MONTHLY,
    Cycle,
    Every,
    Period,
    Scale,
    cycle_of,
    local_day,
    local_midnight,
    months_completed,
    part_of,
    whole_steps,
)
from billing.core.subscription import Segment, Subscription

State = tuple[tuple[str, int], str, int, bool, str]  # version, code, quantity, in pause, override


class Piece(NamedTuple):
    """Where one price was held in one state without a gap, in one of its own periods."""

    version: PriceVersion
    price: RecurringPrice
    state: State
    rate: Fraction  # minor units for the whole period, at its quantity
    own: Period
    scale: Scale
    bounds: tuple[int, int]  # of the whole period
    first: int
    end: int
    origin: int  # from where on the subscription was held in the period
    since: datetime  # the instant of the operation it began with
    ends_early: bool  # the subscription ends within the period

    @property
    def is_whole(self) -> bool:
        return (self.first, self.end) == self.bounds

    @property
    def quantity(self) -> int:
        return self.state[2]

    @property
    def paused(self) -> bool:
        return self.state[3]

    @property
    def whole(self) -> int:
        """How many steps of the scale a whole period counts."""
        if self.price.basis == "actual":
            return self.bounds[1] - self.bounds[0]
        return whole_steps(self.own, self.scale, self.price.basis)

    def steps(self, first: int, end: int) -> int:
        """How many of them lie between two positions; all of the period are all of them."""
        if self.price.basis == "actual":
            return end - first
        until, before = (part_of(at, self.origin, self.bounds, self.whole) for at in (end, first))
        return int((until - before) * self.whole)

    @property
    def description(self) -> str:
        """What a bill calls it: "Fibre 100: Monthly charge × 3, in pause"."""
        times = f" × {self.quantity}" if self.quantity != 1 else ""
        return f"{self.version.name}: {self.price.name}{times}{', in pause' * self.paused}"

    @property
    def unit(self) -> str:
        """What one period of it is called: "month", "3 months"."""
        every = self.price.every
        return every.unit if every.count == 1 else every.text


def pieces_of(subscription: Subscription, bill: Period) -> list[Piece]:
    """The pieces of all periods that touch the bill's, in the order of the timeline.

    By day, a day belongs to the price it ends with, or, with `change_day` "old", to the one it
    begins with; what begins and ends within a day leaves nothing, and equal neighbours are one.
    """
    found: list[Piece] = []
    places: dict[tuple[str, date], int] = {}  # the last piece of each code in each period
    free_until = _trial_end(subscription, bill.zone)
    is_plain = len(subscription.segments) == 1  # no other piece can adjoin
    for place, segment in enumerate(subscription.segments):
        for price in segment.price.recurring:
            for own in own_periods(price, subscription, bill):
                piece = _piece(subscription, place, price, own, free_until)
                if piece is None:
                    continue
                if is_plain:
                    found.append(piece)
                    continue
                where = (price.code, own.start)
                before = found[places[where]] if where in places else None
                if before is None:
                    found.append(piece)
                elif before.price.prorate == "none" == price.prorate:
                    continue  # the first of them has the whole period
                elif before.state == piece.state and before.end == piece.first:
                    joined = before._replace(end=piece.end, ends_early=piece.ends_early)
                    found[places[where]] = joined
                    continue
                else:
                    found.append(piece)
                places[where] = len(found) - 1
    return found


def own_periods(
    price: RecurringPrice, subscription: Subscription, bill: Period
) -> tuple[Period, ...]:
    """The periods of a price that touch the bill's, in order."""
    if price.align == "cycle" and price.every.months == 1 and 28 <= bill.days <= 31:
        return (bill,)
    return _own_periods(price.every, price.align, local_day(subscription.started, bill.zone), bill)


def share_at_early_end(piece: Piece) -> tuple[int, int, str] | None:
    """What of a price paid in advance stays paid when the subscription ends within its period.

    As (part, of, unit). None: the days or the time it was held, as after any other change.
    A refund of several months is straight by months: completed ones are not refunded, the others
    are. Re-rated, the months cost the monthly price; the last one by its days.
    """
    price = piece.price
    if not (piece.ends_early and price.in_advance and piece.first == piece.bounds[0]):
        return None
    ended, months = piece.scale.day(piece.end), price.every.months
    if price.early_end == "refund" and months > 1 and piece.scale.by == "day":
        return months_completed(piece.own.start, ended), months, "month"
    if price.early_end == "re-rate" and price.re_rated_at is not None and piece.rate:
        month = Cycle(MONTHLY, piece.own.start).containing(ended, piece.own.zone)
        used = months_completed(piece.own.start, ended) + Fraction(
            (ended - month.start).days, month.days
        )
        kept = min(Fraction(1), price.re_rated_at * piece.state[2] * used / piece.rate)
        return kept.numerator, kept.denominator, "part"
    return None


def _piece(
    subscription: Subscription,
    place: int,
    price: RecurringPrice,
    own: Period,
    free_until: date | None,
) -> Piece | None:
    """What a segment holds of a price in one of its periods; None: nothing."""
    segment = subscription.segments[place]
    since, ended = segment.span.start, segment.span.end
    begins, ends = local_midnight(own.start, own.zone), local_midnight(own.end, own.zone)
    if since >= ends or (ended is not None and ended <= begins):
        return None
    if price.prorate == "second":
        scale = Scale("second", own.zone)
        bounds = scale.of_day(own.start), scale.of_day(own.end)
    else:
        scale = Scale("day", own.zone)
        bounds = own.start.toordinal(), own.end.toordinal()
    first, end = bounds
    state, rate = _state(segment, price)
    if since <= begins and (ended is None or ended >= ends) and free_until is None:
        return Piece(  # the usual: nothing happened in the period
            *(segment.price, price, state, rate, own, scale, bounds, first, end, first, since),
            ends_early=False,
        )
    if since > begins:
        first = scale.of(since)
        if place and price.change_day == "old" and scale.by == "day":
            first += 1
    is_last, within = place == len(subscription.segments) - 1, False
    if ended is not None and ended < ends:
        within = is_last
        end = min(bounds[1], _end(subscription, place, price, scale, ended))
    started = subscription.started
    origin = bounds[0] if started <= begins else scale.of(started)
    if free_until is not None and scale.of_day(free_until) > first:
        first = scale.of_day(free_until)
        since = local_midnight(free_until, own.zone)
        origin = max(origin, first)
    if first >= end:
        return None
    if price.prorate == "none":
        first, end, within = *bounds, False
    elif within and price.in_advance and price.early_end == "keep":
        end, within = bounds[1], False
    return Piece(
        *(segment.price, price, state, rate, own, scale, bounds, first, end, origin, since, within)
    )


def _end(
    subscription: Subscription, place: int, price: RecurringPrice, scale: Scale, ended: datetime
) -> int:
    """Where a segment that ends within a period ends on the scale of its price."""
    if place == len(subscription.segments) - 1:
        return scale.after(ended) if price.end_day == "charged" else scale.of(ended)
    if scale.by == "day" and _change_day(subscription.segments[place + 1].price, price) == "old":
        return scale.of(ended) + 1
    return scale.of(ended)


def _change_day(version: PriceVersion, price: RecurringPrice) -> str:
    """Whose is the day on which a version follows on a price: its price of the same code says."""
    same = [one for one in version.recurring if one.code == price.code]
    return next((one.change_day for one in (*same, *version.recurring)), "new")


def _state(segment: Segment, price: RecurringPrice) -> tuple[State, Fraction]:
    """The state that tells pieces and lines apart, and the price of a whole period in it."""
    amount, override = price.amount, ""
    for code, minor in segment.overrides:
        if code == price.code:
            amount, override = minor, str(minor)
    if segment.paused:
        amount, override = price.while_paused, ""
    state = (segment.price.ref, price.code, segment.quantity, segment.paused, override)
    return state, amount * segment.quantity if segment.quantity != 1 else amount


def _trial_end(subscription: Subscription, zone: str) -> date | None:
    """The local day on which recurring charges begin, when it began with a trial."""
    trial = subscription.segments[0].price.trial
    return None if trial is None else local_day(subscription.started, zone) + DAY * trial.days


@lru_cache(maxsize=4096)
def _own_periods(every: Every, align: str, began: date, bill: Period) -> tuple[Period, ...]:
    cycle = cycle_of(bill)
    if align == "cycle" and (cycle.every.months, cycle.every.days) == (every.months, every.days):
        return (bill,)
    if align == "calendar":
        cycle = Cycle.calendar(every)
    elif align == "anniversary":
        cycle = Cycle(every, began)
    else:  # its first period begins with that of the bill in which the subscription began
        cycle = Cycle(every, cycle.containing(began, bill.zone).start)
    own = cycle.containing(bill.start, bill.zone)
    found: list[Period] = []
    while own.start < bill.end:
        found.append(own)
        own = cycle.following(own)
    return tuple(found)

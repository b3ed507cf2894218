"""The burning itself: grants in their order, one part after the other, in whole base units."""

from bisect import bisect_right, insort
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter

from billing.core.allowance.plan import Plan, Slot
from billing.core.allowance.state import Grant, State
from billing.core.allowance.values import (
    STOPPED,
    Bought,
    Paid,
    Part,
    PartCrossesEdge,
    PartOutside,
    Term,
)
from billing.core.allowance.watch import Watch
from billing.core.money import Money, round_ratio
from billing.core.period import DAY, next_grid_hour
from billing.core.subscription import Purchase

_FAR = datetime.max.replace(tzinfo=UTC)
_ONE = Fraction(1)


class Live:
    """One grant while it is burnt."""

    __slots__ = ("bought", "ends", "left", "order", "rolled", "since", "until")

    def __init__(self, grant: Grant, slot: Slot, ends: datetime | None) -> None:
        self.left, self.since, self.until = grant.left, grant.since, grant.until
        self.rolled, self.bought = grant.rolled, grant.bought
        self.ends = ends  # the grid hour from which on it no longer pays; None: not in this term
        group = (2 if slot.rolled_last else 0) if grant.rolled else 1
        self.order = (group, grant.rolled, grant.until or _FAR, grant.since)


class Meter:
    """Burns the usage of one term, in ascending parts, and says who paid."""

    def __init__(
        self,
        plan: Plan,
        term: Term,
        start: datetime,
        ended: datetime,
        hours: tuple[datetime, datetime],
    ) -> None:
        self.plan, self.term, self.start, self.ended = plan, term, start, ended
        self.first, self.last = hours
        self.timeline = plan.timeline(term)
        self.pools: list[list[Live]] = [[] for _ in plan.slots]
        self.asleep: list[Grant] = []  # of buckets that this plan does not have
        self.paid: list[Paid] = []
        self.used: dict[str, int] = {}
        self.granted: dict[str, int] = {}
        self.lost: dict[str, int] = {}
        self.bought: list[Bought] = []
        self.watch: Watch = Watch(plan)
        self.top_ups = 0
        self.place = 0  # in the timeline, of the last part
        self.since = self.first  # the last edge before it
        # What changes at a grid hour: (hour, number, place, grant, whether it begins to pay).
        self.events: list[tuple[datetime, int, int, Live, bool]] = []
        self._numbers = count()

    def open(
        self, opening: State, purchases: Sequence[Purchase], share: Fraction, quantity: int
    ) -> None:
        """Take over what is left, grant what the term grants, and note what is bought in it."""
        for grant in opening.grants:
            self._carry(grant, opening)
        if opening.term == self.term.start:
            self.top_ups = opening.top_ups
        prorated = self.plan.allowance.at_change == "prorated" and share != _ONE
        for place, slot in enumerate(self.plan.slots):
            if slot.size is None or slot.price is not None:
                continue
            size = slot.size * quantity
            if prorated:
                size = round_ratio(size * share.numerator, share.denominator)
            self._grant(place, slot, size, self.start)
        if purchases:
            self._purchases(purchases, opening)
        self.watch.begin(self.pools, share if prorated else None)

    def burn(self, part: Part, quantity: int) -> None:
        """The usage of a part, by the first open bucket that has something left, and so on."""
        start, end = part.start, part.end
        if start < self.first or end > self.last:
            raise PartOutside(start, end, self.term)
        events = self.events
        while events and events[0][0] <= start:
            self.happen()
        starts = self.timeline.starts
        if len(starts) > 1:
            self.place = bisect_right(starts, start) - 1
            self.since = max(self.since, starts[self.place])
        place = self.place
        edge = self.timeline.next_edge(place)
        if events and events[0][0] < edge:
            edge = events[0][0]
        if edge < end:
            raise PartCrossesEdge(start, end, edge)
        if not quantity:
            return
        for index in self.timeline.open[place]:
            quantity = self._from_bucket(part, index, quantity)
            if not quantity:
                break
        while quantity and self._top_up(start):
            quantity = self._from_bucket(part, self.plan.top_up or 0, quantity)
        if quantity:
            self._pay(part, self.plan.after, quantity, counted=True)
        if self.watch.alerted:
            self.watch.tell(start)

    def finish(self) -> None:
        """Let happen what happens until the end of the last hour."""
        while self.events and self.events[0][0] < self.last:
            self.happen()

    def speed(self) -> str:
        """The speed at which the next octet runs, in the hours of the last part."""
        if not self.plan.speeds:
            return ""
        for index in self.timeline.open[self.place]:
            slot = self.plan.slots[index]
            if slot.size is None:
                return "" if slot.extra else self.watch.speed
            for live in self.pools[index]:
                if live.left:
                    return "" if slot.extra or live.rolled else self.watch.speed
        return self.watch.speed

    def _carry(self, grant: Grant, opening: State) -> None:
        place = self.plan.places.get(grant.bucket)
        if place is None:
            self.asleep.append(grant)
            return
        slot = self.plan.slots[place]
        ends = None if grant.until is None else next_grid_hour(grant.until, self.term.zone)
        late = (
            grant.rolled > 0
            and opening.ended is not None
            and self.start - opening.ended > slot.grace_days * DAY
        )
        if late or (ends is not None and ends <= self.first):
            self.lose(grant.bucket, grant.left)
        else:
            self._add(place, Live(grant, slot, ends))

    def _grant(
        self, place: int, slot: Slot, size: int, at: datetime, hour: datetime | None = None
    ) -> None:
        """A grant of a bucket, made at an instant, that pays from an hour on (at once: None)."""
        until, ends = self._until(slot, at)
        live = Live(Grant(slot.code, size, at, until, bought=slot.price is not None), slot, ends)
        if hour is None or hour <= self.first:
            self._add(place, live)
            self._count_granted(slot.code, size)
        else:
            heappush(self.events, (hour, next(self._numbers), place, live, True))

    def _until(self, slot: Slot, at: datetime) -> tuple[datetime | None, datetime | None]:
        if slot.validity.unit == "period":
            return self.term.end, self.term.hours[1]
        until = slot.validity.end(at, self.term.zone)
        return until, None if until is None else next_grid_hour(until, self.term.zone)

    def _purchases(self, purchases: Sequence[Purchase], opening: State) -> None:
        """What is bought counts from the next grid hour; a purchase told twice is one purchase."""
        found: dict[str, Purchase] = {purchase.id: purchase for purchase in purchases}
        for purchase in sorted(found.values(), key=attrgetter("at", "id")):
            place = self.plan.places.get(purchase.code)
            if place is None:
                continue
            slot = self.plan.slots[place]
            hour = next_grid_hour(purchase.at, self.term.zone)
            if slot.price is not None and slot.size is not None and self.first <= hour < self.last:
                self._grant(place, slot, slot.size, purchase.at.astimezone(UTC), hour)

    def _add(self, place: int, live: Live) -> None:
        insort(self.pools[place], live, key=attrgetter("order"))
        if live.ends is not None and live.ends < self.last:
            heappush(self.events, (live.ends, next(self._numbers), place, live, False))

    def happen(self) -> None:
        at, _, place, live, begins = heappop(self.events)
        self.since = max(self.since, at)
        code = self.plan.slots[place].code
        if begins:
            self._count_granted(code, live.left)
            self._add(place, live)
        else:
            self.lose(code, live.left)
            self.pools[place].remove(live)

    def _from_bucket(self, part: Part, index: int, quantity: int) -> int:
        """Burn what the bucket has; what it cannot pay is returned."""
        slot = self.plan.slots[index]
        if slot.size is None:
            self._pay(part, slot.code, quantity, counted=not slot.extra)
            return 0
        for live in self.pools[index]:
            if not live.left:
                continue
            taken = live.left if live.left < quantity else quantity
            live.left -= taken
            self._pay(part, slot.code, taken, counted=not (slot.extra or live.rolled))
            quantity -= taken
            if not quantity:
                break
        return quantity

    def _top_up(self, at: datetime) -> bool:
        """Buy the top-up's bucket once more; False: there is none, or its ceiling is reached."""
        terms, place = self.plan.allowance.top_up, self.plan.top_up
        if terms is None or place is None or self.plan.after != STOPPED:
            return False
        slot = self.plan.slots[place]
        if self.top_ups >= terms.at_most or not slot.size or slot.price is None:
            return False
        self.top_ups += 1
        price = Money.rounded(slot.price, self.plan.price.currency, self.plan.price.rounding)
        self.bought.append(Bought(slot.code, at, slot.size, price, self.top_ups))
        # As of the edge, not of the part: so it is the same grant however usage was cut.
        self._grant(place, slot, slot.size, self.since)
        return True

    def _pay(self, part: Part, code: str, quantity: int, counted: bool) -> None:
        self.used[code] = self.used.get(code, 0) + quantity
        for slice_, policy in self.watch.pay(code, quantity, counted):
            last = self.paid[-1] if self.paid else None
            if (
                last is not None
                and last[3] == code
                and last[0] == part.start
                and last[2] == part.service_id
                and last[1] == part.end
                and last[5] == policy
            ):
                self.paid[-1] = last._replace(quantity=last.quantity + slice_)
            else:
                self.paid.append(Paid(part.start, part.end, part.service_id, code, slice_, policy))

    def _count_granted(self, code: str, size: int) -> None:
        self.granted[code] = self.granted.get(code, 0) + size

    def lose(self, code: str, left: int) -> None:
        if left:
            self.lost[code] = self.lost.get(code, 0) + left

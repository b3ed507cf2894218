"""An allowance in base units, and which of its buckets are open when: worked out once per price.

Base units are whole: octets, seconds, events. So burning is integer arithmetic, and exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import ceil, lcm
from typing import NamedTuple

from billing.core.allowance.state import NoAllowance
from billing.core.allowance.values import OVERAGE, SLOW, STOPPED, Term
from billing.core.catalog import (
    BASE_UNITS,
    Allowance,
    Bucket,
    Package,
    UsagePrice,
    Window,
    measure_of,
)
from billing.core.errors import BillingError
from billing.core.period import DAY, HOUR, Validity, local_day, local_midnight, local_time

_AFTER = {"charge": OVERAGE, "slow": SLOW, "stop": STOPPED, "top-up": STOPPED}
_PERIOD = Validity("period")
_PLANS_MAX, _TIMELINES_MAX = 512, 64


class NotWhole(BillingError):
    """A size that no counter can reach exactly."""

    def __init__(self, field: str, size: Fraction, unit: str) -> None:
        super().__init__(
            f"{field} of {size} {unit} is no whole number of {measure_of(unit)}: round it"
        )
        self.field, self.size, self.unit = field, size, unit


@dataclass(frozen=True, slots=True)
class Slot:
    """A bucket in its place of the burn order."""

    code: str
    size: int | None  # base units; None: without end
    window: Window | None
    validity: Validity
    price: Fraction | None  # minor units; None: granted
    extra: bool  # in a window, or bought: not counted for speeds
    rolled_last: bool
    rolls_over: int  # for so many further periods; 0: not at all
    cap: int | None
    grace_days: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The intervals of a term by which buckets are open: starts, ascending, and their slots."""

    starts: tuple[datetime, ...]
    open: tuple[tuple[int, ...], ...]
    end: datetime

    def next_edge(self, place: int) -> datetime:
        return self.starts[place + 1] if place + 1 < len(self.starts) else self.end


class Blocks(NamedTuple):
    """Blocks of overage that are told: base units, all times `scale` so that they are whole."""

    included: int
    size: int
    scale: int
    most: int | None  # so many until the ceiling is reached; None: there is none

    def full(self, number: int) -> int:
        """The overage, in base units, at which so many blocks are full."""
        return -(-(self.included + number * self.size) // self.scale)


class Plan:
    """An allowance price, compiled."""

    __slots__ = (
        "after",
        "alerts",
        "allowance",
        "base",
        "blocks",
        "direction",
        "first_granted",
        "overage",
        "percents",
        "places",
        "price",
        "slots",
        "speeds",
        "timelines",
        "top_up",
    )

    def __init__(self, price: UsagePrice) -> None:
        allowance = price.model
        if not isinstance(allowance, Allowance):
            raise NoAllowance(price.code)
        self.price, self.allowance = price, allowance
        self.base = BASE_UNITS[price.unit]
        self.direction = price.direction if measure_of(price.unit) == "octets" else "both"
        self.slots = tuple(_slot(bucket, price.unit) for bucket in allowance.buckets)
        self.places = {slot.code: place for place, slot in enumerate(self.slots)}
        self.after = _AFTER[allowance.after]
        charged = allowance.after == "charge" and allowance.overage is not None
        self.overage = replace(price, model=allowance.overage) if charged else None
        self.top_up = None if allowance.top_up is None else self.places[allowance.top_up.bucket]
        self.speeds = tuple(
            (whole("a speed step", step.above, price.unit), step.policy)
            for step in allowance.speeds
        )
        granted = (
            place
            for place, slot in enumerate(self.slots)
            if slot.price is None and slot.size is not None
        )
        self.first_granted = next(granted, None)
        self.blocks = _alert_blocks(allowance, self.base)
        alerts = allowance.alerts
        self.percents = tuple(p.as_integer_ratio() for p in alerts.percents) if alerts else ()
        self.timelines: dict[tuple[datetime, datetime, str], Timeline] = {}

    def timeline(self, term: Term) -> Timeline:
        """Which buckets are open when in a term, by window."""
        key = (term.start, term.end, term.zone)
        found = self.timelines.get(key)
        if found is None:
            if len(self.timelines) >= _TIMELINES_MAX:
                self.timelines.clear()
            found = self.timelines[key] = self._timeline(term)
        return found

    def _timeline(self, term: Term) -> Timeline:
        start, end = term.hours
        everything = tuple(range(len(self.slots)))
        windows = {slot.window for slot in self.slots if slot.window is not None}
        every_hour, every_day = self._top_up_edges()
        if not (windows or every_hour or every_day):
            return Timeline((start,), (everything,), end)
        starts: list[datetime] = []
        opened: list[tuple[int, ...]] = []
        for hour, midnight in _hours(start, end, term.zone):
            local = local_time(hour, term.zone)
            now = {window for window in windows if window.contains(local)}
            places = tuple(
                place for place in everything if (w := self.slots[place].window) is None or w in now
            )
            if not opened or places != opened[-1] or every_hour or (every_day and midnight):
                starts.append(hour)
                opened.append(places)
        return Timeline(tuple(starts), tuple(opened), end)

    def _top_up_edges(self) -> tuple[bool, bool]:
        """Whether an automatic top-up's end depends on the hour, or on the day, it is bought in."""
        if self.top_up is None:
            return False, False
        unit = self.slots[self.top_up].validity.unit
        return unit in ("hours", "days", "months"), unit == "local-days"


_plans: dict[int, Plan] = {}  # by the identity of the price that each holds on to


def plan_of(price: UsagePrice) -> Plan:
    """The compiled price. Prices are immutable, so the same object compiles to the same plan."""
    plan = _plans.get(id(price))
    if plan is None or plan.price is not price:
        if len(_plans) >= _PLANS_MAX:
            _plans.clear()
        plan = _plans[id(price)] = Plan(price)
    return plan


def whole(field: str, size: Fraction, unit: str) -> int:
    """Units as base units, exactly; else NotWhole."""
    exact = size * BASE_UNITS[unit]
    if exact.denominator != 1:
        raise NotWhole(field, size, unit)
    return exact.numerator


def _slot(bucket: Bucket, unit: str) -> Slot:
    rollover = bucket.rollover
    cap = None if rollover is None or rollover.cap is None else rollover.cap
    return Slot(
        code=bucket.code,
        size=None if bucket.size is None else whole(bucket.code, bucket.size, unit),
        window=bucket.window,
        validity=bucket.validity or _PERIOD,
        price=bucket.price,
        extra=bucket.window is not None or bucket.price is not None,
        rolled_last=rollover is not None and rollover.burnt == "last",
        rolls_over=0 if rollover is None else rollover.periods,
        cap=None if cap is None else whole(f"the cap of {bucket.code}", cap, unit),
        grace_days=0 if rollover is None else rollover.grace_days,
    )


def _alert_blocks(allowance: Allowance, base: int) -> Blocks | None:
    terms = allowance.overage
    if allowance.alerts is None or not allowance.alerts.blocks or not isinstance(terms, Package):
        return None
    most = None
    if terms.ceiling is not None:
        most = ceil(terms.ceiling / terms.block_price) if terms.block_price else 0
    included, size = terms.included * base, terms.block_size * base
    scale = lcm(included.denominator, size.denominator)
    return Blocks(int(included * scale), int(size * scale), scale, most)


def _hours(start: datetime, end: datetime, zone: str) -> Sequence[tuple[datetime, bool]]:
    """The grid hours from start to before end, and whether a local day begins with each."""
    hours: list[tuple[datetime, bool]] = []
    day = local_day(start, zone)
    while (midnight := local_midnight(day, zone)) < end:
        day += DAY
        after = local_midnight(day, zone)
        hour = midnight
        while hour < after:
            if start <= hour < end:
                hours.append((hour, hour == midnight))
            hour += HOUR
    return hours

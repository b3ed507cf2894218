"""What is watched while usage burns: fair-use thresholds and the points of alerts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from billing.core.allowance.plan import Plan
from billing.core.allowance.values import OVERAGE, SLOW, STOPPED, Alert
from billing.core.money import round_ratio

_FULL_SPEED = ""


class Holds(Protocol):
    """A grant of which so much is left."""

    @property
    def left(self) -> int: ...


class Watch:
    """The speed by the usage that counts, and each alert once."""

    __slots__ = (
        "_at_percents",
        "_block",
        "_code",
        "_counted",
        "_granted",
        "_over",
        "_percents",
        "_plan",
        "_speed_place",
        "_speeds",
        "_told",
        "alerted",
        "alerts",
        "speed",
    )

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.alerts: list[Alert] = []
        self.speed = _FULL_SPEED
        self._speeds: Sequence[tuple[int, str]] = plan.speeds
        self._speed_place = 0
        self._counted = 0  # what the period's own grants, and what follows them, paid
        self.alerted = plan.allowance.alerts is not None
        self._code = "" if plan.first_granted is None else plan.slots[plan.first_granted].code
        self._granted = 0
        self._told = 0  # burnt of the first granted bucket, and of what followed the last one
        self._over = 0
        self._block = 1  # the next one to tell
        self._percents: list[tuple[int, int]] = []  # (quantity, which percent), descending
        self._at_percents: set[int] = set()

    def begin(self, pools: Sequence[Iterable[Holds]], share: Fraction | None) -> None:
        """Thresholds of the term, when its grants are known; of a share of it, prorated."""
        if share is not None:
            self._speeds = [
                (round_ratio(above * share.numerator, share.denominator), policy)
                for above, policy in self._speeds
            ]
        self._next_speed()
        place = self._plan.first_granted
        if not self.alerted or place is None:
            return
        for live in pools[place]:
            self._granted += live.left
        if self._granted:
            self._percents = [
                (-(-self._granted * percent // (100 * parts)), number)
                for number, (percent, parts) in enumerate(self._plan.percents, 1)
            ][::-1]
            self._at_percents = {quantity for quantity, _ in self._percents}

    def pay(self, code: str, quantity: int, counted: bool) -> Sequence[tuple[int, str]]:
        """The same quantity in slices of one speed each."""
        if self.alerted and code in (self._code, OVERAGE, SLOW, STOPPED):
            self._told += quantity
            if code == OVERAGE:
                self._over += quantity
        if not counted or not self._speeds:
            return ((quantity, _FULL_SPEED),)
        slices: list[tuple[int, str]] = []
        while quantity:
            taken = quantity
            if self._speed_place < len(self._speeds):
                taken = min(taken, self._speeds[self._speed_place][0] - self._counted)
            slices.append((taken, self.speed))
            quantity -= taken
            self._counted += taken
            self._next_speed()
        return slices

    def tell(self, at: datetime) -> None:
        """The points that were reached by now."""
        while self._percents and self._percents[-1][0] <= self._told:
            quantity, number = self._percents.pop()
            self.alerts.append(Alert("percent", number, quantity, at))
        blocks = self._plan.blocks
        if blocks is None or not self._over:
            return
        while blocks.most is None or self._block <= blocks.most:
            full = blocks.full(self._block)
            if self._over < full:
                break
            if self._granted + full not in self._at_percents:
                self.alerts.append(Alert("block", self._block, self._granted + full, at))
            self._block += 1

    def _next_speed(self) -> None:
        """Take every step whose threshold is reached: what comes next lies above it."""
        while (
            self._speed_place < len(self._speeds)
            and self._speeds[self._speed_place][0] <= self._counted
        ):
            self.speed = self._speeds[self._speed_place][1]
            self._speed_place += 1

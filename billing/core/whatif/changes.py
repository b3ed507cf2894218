"""How a plan would have changed what accounts pay: sums, percentiles, bars, the largest rises."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from billing.core.money import Money, round_ratio

PERCENTILES = (10, 25, 50, 75, 90)
RISES_SHOWN = 10
BARS_EACH_SIDE = 6  # of the histogram; the outermost ones are open


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

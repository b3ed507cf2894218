"""Models of usage prices: how a quantity becomes an amount. Amounts are exact minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Literal, NamedTuple

from billing.core.catalog.windows import Window


@dataclass(frozen=True, slots=True)
class Tier:
    """Units in (above, up_to]; exactly `up_to` units stay below the next tier."""

    above: Fraction
    up_to: Fraction | None  # None: no upper bound
    per_unit: Fraction  # minor units per unit, exact; per started block where there are blocks
    flat: Fraction = Fraction(0)  # minor units, owed once when the tier is entered or selected
    block_size: Fraction | None = None  # what lies in the tier is charged by started blocks

    @property
    def is_first(self) -> bool:
        return self.above == 0


class ScaledTier(NamedTuple):
    """A tier in whole numbers: bounds by a common factor, amounts by another."""

    above: int
    up_to: int | None
    per_unit: int
    flat: int
    block_size: int  # 0: no blocks


class ScaledTiers(NamedTuple):
    """Tiers in whole numbers, made once for each price: a bill rates thousands of quantities."""

    units: int  # what bounds and blocks are multiplied by
    money: int  # what amounts are multiplied by
    tiers: tuple[ScaledTier, ...]


def scaled_tiers(tiers: Sequence[Tier]) -> ScaledTiers:
    """The tiers with their common denominators taken out."""
    sizes = [size for tier in tiers for size in (tier.above, tier.up_to, tier.block_size)]
    units = lcm(*(size.denominator for size in sizes if size is not None))
    money = lcm(*(amount.denominator for tier in tiers for amount in (tier.per_unit, tier.flat)))
    return ScaledTiers(
        units,
        money,
        tuple(
            ScaledTier(
                int(tier.above * units),
                None if tier.up_to is None else int(tier.up_to * units),
                int(tier.per_unit * money),
                int(tier.flat * money),
                int((tier.block_size or 0) * units),
            )
            for tier in tiers
        ),
    )


@dataclass(frozen=True, slots=True)
class PerUnit:
    """Every unit above the included ones costs the same."""

    per_unit: Fraction
    included: Fraction = Fraction(0)  # units


@dataclass(frozen=True, slots=True)
class Graduated:
    """Each unit pays the price of its own tier. Tiers stand in order and leave no gap."""

    tiers: tuple[Tier, ...]
    flat_at_zero: bool = True  # without usage the first tier's flat fee is owed
    scaled: ScaledTiers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scaled", scaled_tiers(self.tiers))


@dataclass(frozen=True, slots=True)
class Volume:
    """All units pay the price of the one tier that the whole quantity reaches."""

    tiers: tuple[Tier, ...]
    flat_at_zero: bool = True
    scaled: ScaledTiers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scaled", scaled_tiers(self.tiers))


@dataclass(frozen=True, slots=True)
class Package:
    """After the included units every started block costs `block_price`, up to the ceiling."""

    included: Fraction  # units
    block_size: Fraction  # units
    block_price: Fraction  # minor units, exact
    ceiling: Fraction | None = None  # minor units; None: no ceiling


@dataclass(frozen=True, slots=True)
class Percentage:
    """A share of amounts of money, event by event.

    What is free ends at the count or at the amount, whichever is reached first; the event that
    crosses the amount pays for the part above it.
    """

    percent: Fraction  # 0 to 100
    fixed: Fraction = Fraction(0)  # minor units for each event that is not free
    free_events: int = 0  # the first events of a period; 0: none is free by count
    free_amount: Fraction = Fraction(0)  # minor units; 0: nothing is free by amount
    event_minimum: Fraction | None = None  # minor units for each event that is not free
    event_maximum: Fraction | None = None
    at_free_amount: Literal["free", "charged"] = "free"  # the event that ends exactly on it


@dataclass(frozen=True, slots=True)
class PercentTier:
    """Amounts in (above, up_to] pay this share; `flat` once when the tier is entered."""

    above: Fraction  # minor units
    up_to: Fraction | None
    percent: Fraction
    flat: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class GraduatedPercentage:
    """A share of a sum of money, each part of it by its own tier."""

    tiers: tuple[PercentTier, ...]
    flat_at_zero: bool = True


@dataclass(frozen=True, slots=True)
class Percentile:
    """A level that a share of the samples does not exceed; a committed level costs the same always.

    Of the samples present, floor((100 - percentile) %) are dropped from above; the largest left is
    the level. Missing samples are not zeros.
    """

    percentile: Fraction  # 95
    committed: Fraction  # units, paid by `amount`
    amount: Fraction  # minor units for the committed level of a whole period
    per_unit: Fraction  # minor units per unit above it


@dataclass(frozen=True, slots=True)
class CallStep:
    """What talking costs once a call has lasted so long."""

    after: int  # seconds since the call began
    per_minute: Fraction  # minor units
    increment: int = 1  # seconds


@dataclass(frozen=True, slots=True)
class CallRate:
    """What talking costs in a window; the rate without one holds where no window does."""

    per_minute: Fraction  # minor units
    window: Window | None = None
    minimum: int = 0  # seconds charged at least for a call that begins in it
    increment: int = 1  # seconds; what exceeds the minimum counts in started increments
    connection: Fraction = Fraction(0)  # minor units for each call that begins in it
    then: tuple[CallStep, ...] = ()  # by rising `after`


@dataclass(frozen=True, slots=True)
class Destination:
    """Rates of calls to numbers that begin with a prefix; the longest one that fits decides."""

    name: str
    prefixes: tuple[str, ...]  # digits; () is all other numbers
    rates: tuple[CallRate, ...]


@dataclass(frozen=True, slots=True)
class Calls:
    """Prices of calls by destination and window, on the clock of a zone.

    at_edge, for a call that is split where a window ends:
    increment  an increment that has begun pays the rate it began with to its own end
    part       each part counts in increments of its own, from the edge on; the first one in the
               minimum too
    second     the call counts as its first rate says, and each second pays the rate it lies in
    """

    destinations: tuple[Destination, ...]
    zone: str
    split: bool = True  # at a window's edge; False: the whole call pays the rate of its begin
    at_edge: Literal["increment", "part", "second"] = "increment"
    unanswered: Literal["free", "charged"] = "free"  # a call of no seconds
    by_prefix: Mapping[str, Destination] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {prefix: place for place in self.destinations for prefix in place.prefixes or ("",)}
        object.__setattr__(self, "by_prefix", known)


Model = (
    PerUnit | Graduated | Volume | Package | Percentage | GraduatedPercentage | Percentile | Calls
)

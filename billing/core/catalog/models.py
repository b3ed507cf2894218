"""Models of usage prices: how a quantity becomes an amount. Amounts are exact minor units."""

from dataclasses import dataclass
from fractions import Fraction

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

    def inside(self, quantity: Fraction) -> Fraction:
        """How much of a quantity lies in this tier."""
        if quantity <= self.above:
            return Fraction(0)
        return (quantity if self.up_to is None else min(quantity, self.up_to)) - self.above


@dataclass(frozen=True, slots=True)
class PerUnit:
    """Every unit above the included ones costs the same."""

    per_unit: Fraction
    included: Fraction = Fraction(0)  # units


@dataclass(frozen=True, slots=True)
class Graduated:
    """Each unit pays the price of its own tier. Tiers stand in order and leave no gap."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """All units pay the price of the one tier that the whole quantity reaches."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """After the included units every started block costs `block_price`, up to the ceiling."""

    included: Fraction  # units
    block_size: Fraction  # units
    block_price: Fraction  # minor units, exact
    ceiling: Fraction | None = None  # minor units; None: no ceiling


@dataclass(frozen=True, slots=True)
class Percentage:
    """A share of amounts of money, event by event."""

    percent: Fraction  # 0 to 100
    fixed: Fraction = Fraction(0)  # minor units for each event that is not free
    free_events: int = 0  # the first events of a period; 0: none is free by count
    free_amount: Fraction = Fraction(0)  # minor units; 0: nothing is free by amount
    event_minimum: Fraction | None = None  # minor units for each event that is not free
    event_maximum: Fraction | None = None


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
class CallRate:
    """What talking costs in a window; the rate without one holds where no window does."""

    per_minute: Fraction  # minor units
    window: Window | None = None
    minimum: int = 0  # seconds charged at least
    increment: int = 1  # seconds; what exceeds the minimum counts in started increments
    connection: Fraction = Fraction(0)  # minor units for each call that begins in it


@dataclass(frozen=True, slots=True)
class Destination:
    """Rates of calls to numbers that begin with a prefix; the longest one that fits decides."""

    name: str
    prefixes: tuple[str, ...]  # digits; () is all other numbers
    rates: tuple[CallRate, ...]


@dataclass(frozen=True, slots=True)
class Calls:
    """Prices of calls by destination and window, on the clock of a zone."""

    destinations: tuple[Destination, ...]
    zone: str
    split: bool = (
        True  # a call over a window's edge pays each part its rate; else that of its start
    )


Model = (
    PerUnit | Graduated | Volume | Package | Percentage | GraduatedPercentage | Percentile | Calls
)

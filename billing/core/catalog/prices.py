"""Offerings, their price versions and prices, as values that are checked when they are made."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from billing.core.errors import BillingError

Unit = Literal["GB", "GiB"]
Direction = Literal["down", "up", "both", "larger"]

OCTETS: dict[Unit, int] = {"GB": 10**9, "GiB": 2**30}


class BadPrice(BillingError):
    """A price that cannot be. `path` names the field, `fix` what to write instead."""

    def __init__(self, path: str, problem: str, fix: str) -> None:
        super().__init__(f"{path}: {problem}; {fix}")
        self.path, self.problem, self.fix = path, problem, fix


class NoPriceOn(BillingError):
    """The offering is not sold on that day."""

    def __init__(self, offering_id: str, day: date, first: date) -> None:
        super().__init__(f"{offering_id} has no price on {day}: its first is valid from {first}")
        self.offering_id, self.day, self.first = offering_id, day, first


@dataclass(frozen=True, slots=True)
class Tier:
    """Units in (above, up_to] cost `per_unit` each; exactly `up_to` units stay below the next."""

    above: Fraction
    up_to: Fraction | None  # None: no upper bound
    per_unit: Fraction  # minor units per unit, exact
    flat: Fraction = Fraction(0)  # minor units, owed once when the tier is entered

    @property
    def is_first(self) -> bool:
        return self.above == 0

    def inside(self, quantity: Fraction) -> Fraction:
        """How much of a quantity lies in this tier."""
        if quantity <= self.above:
            return Fraction(0)
        return (quantity if self.up_to is None else min(quantity, self.up_to)) - self.above


@dataclass(frozen=True, slots=True)
class Graduated:
    """Each unit pays the price of its own tier. Tiers stand in order and leave no gap."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """After the included units every started block costs `block_price`, up to the ceiling."""

    included: Fraction  # units
    block_size: Fraction  # units
    block_price: Fraction  # minor units, exact
    ceiling: Fraction | None = None  # minor units; None: no ceiling


@dataclass(frozen=True, slots=True)
class RecurringPrice:
    """A fixed amount for each period; for a part of it, the share by local days. Model "flat"."""

    code: str
    name: str
    amount: Fraction  # minor units, exact
    currency: str
    tax_category: str
    in_advance: bool = True


@dataclass(frozen=True, slots=True)
class UsagePrice:
    """What the traffic of a period costs, charged in arrears."""

    code: str
    name: str
    model: Graduated | Package
    unit: Unit
    direction: Direction
    currency: str
    tax_category: str


Price = RecurringPrice | UsagePrice


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """All prices of an offering from one day on. Never edited: a change is the next version."""

    offering_id: str
    version: int
    valid_from: date  # local day
    name: str
    currency: str
    prices: tuple[Price, ...]

    def __post_init__(self) -> None:
        check_prices(self.prices, self.currency, "prices")

    @property
    def ref(self) -> tuple[str, int]:
        return self.offering_id, self.version

    @property
    def recurring(self) -> tuple[RecurringPrice, ...]:
        return tuple(price for price in self.prices if isinstance(price, RecurringPrice))

    @property
    def usage(self) -> tuple[UsagePrice, ...]:
        return tuple(price for price in self.prices if isinstance(price, UsagePrice))


@dataclass(frozen=True, slots=True)
class Offering:
    """Something on sale, with every price version it ever had, oldest first."""

    id: str
    name: str
    versions: tuple[PriceVersion, ...]
    code: str = ""  # what people call it: "fibre-100"

    def version_on(self, day: date) -> PriceVersion:
        """The version a contract signed on that local day gets: the latest that is valid then."""
        valid = [version for version in self.versions if version.valid_from <= day]
        if not valid:
            raise NoPriceOn(self.id, day, min(v.valid_from for v in self.versions))
        return max(valid, key=lambda version: (version.valid_from, version.version))


def check_prices(prices: tuple[Price, ...], currency: str, path: str) -> None:
    """Prices sold together share one currency, and each has a code of its own; else BadPrice."""
    if not prices:
        raise BadPrice(path, "there is none", "give at least one price")
    codes: set[str] = set()
    for place, price in enumerate(prices):
        if price.currency != currency:
            raise BadPrice(
                f"{path}[{place}].currency",
                f"{price.currency} stands among prices in {currency}",
                f"write {currency}, or leave it out",
            )
        if price.code in codes:
            raise BadPrice(
                f"{path}[{place}].code",
                f"{price.code!r} is used twice",
                "give each price of a version its own code",
            )
        codes.add(price.code)

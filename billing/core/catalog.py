"""Catalogue: what is sold. Offerings, their price versions, and the schema of a price.

The schema is published in docs/pricing.md; `price_from` reads it and refuses an impossible price with
the path of the field and the fix.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

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
    """Units in (above, up_to] cost `per_unit` each; exactly `up_to` units never touch the next tier."""

    above: Fraction
    up_to: Fraction | None  # None: no upper bound
    per_unit: Fraction  # minor units per unit, exact
    flat: Fraction = Fraction(0)  # minor units, owed once when the tier is entered

    @property
    def is_first(self) -> bool:
        return self.above == 0

    def inside(self, quantity: Fraction) -> Fraction:
        """How much of a quantity lies in this tier."""
        top = quantity if self.up_to is None else min(quantity, self.up_to)
        return max(Fraction(0), top - self.above)


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
    """A fixed amount for each period; for part of a period, its share by local days. Model "flat"."""

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
    """All prices of an offering from one day on. A version is never edited; a change is the next one."""

    offering_id: str
    version: int
    valid_from: date  # local day
    name: str
    currency: str
    prices: tuple[Price, ...]

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

    def version_on(self, day: date) -> PriceVersion:
        """The version a contract signed on that local day gets: the latest that is valid then."""
        valid = [version for version in self.versions if version.valid_from <= day]
        if not valid:
            raise NoPriceOn(self.id, day, min(v.valid_from for v in self.versions))
        return max(valid, key=lambda version: (version.valid_from, version.version))


def price_from(data: Mapping[str, Any], path: str = "price") -> Price:
    """Read a price in the published schema. BadPrice names the field (under `path`) and the fix."""
    raise NotImplementedError


def price_to_dict(price: Price) -> dict[str, Any]:
    """The price in the published schema, every field written out: the inverse of `price_from`."""
    raise NotImplementedError


def price_version_from(data: Mapping[str, Any], path: str = "version") -> PriceVersion:
    """Read {"offering_id", "version", "valid_from", "name", "currency", "prices": [...]}."""
    raise NotImplementedError


def price_version_to_dict(version: PriceVersion) -> dict[str, Any]:
    """The inverse of `price_version_from`, for storage and the wire."""
    raise NotImplementedError

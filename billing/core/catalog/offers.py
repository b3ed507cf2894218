"""Offerings and their price versions: prices sold together, with what is promised besides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from billing.core.catalog.prices import (
    BadPrice,
    NoPriceOn,
    OneTimePrice,
    PassPrice,
    Price,
    RecurringPrice,
    UsagePrice,
)
from billing.core.errors import BillingError


@dataclass(frozen=True, slots=True)
class Discount:
    """Something off, as lines of their own. Amounts and units are those of one whole period."""

    code: str
    name: str
    kind: Literal["percent", "amount", "units"]
    value: Fraction  # per cent; minor units; units of the price, free before it is rated
    on: tuple[str, ...] = ()  # codes of prices; (): all of the version
    order: int = 0  # lower ones first; a percentage is of what is left
    periods: int | None = None  # for so many from the day granted; None: without end
    coupon: str = ""  # not "": only for who presents this code


class UnknownCoupon(BillingError):
    """No discount of the version has this coupon."""

    def __init__(self, coupon: str, offering_id: str) -> None:
        super().__init__(
            f"coupon {coupon[:60]!r} gives nothing with {offering_id}:"
            " correct its code, or leave it out"
        )
        self.coupon, self.offering_id = coupon, offering_id


class RepeatedCoupon(BillingError):
    """A coupon counts once."""

    def __init__(self, coupon: str) -> None:
        super().__init__(f"coupon {coupon[:60]!r} is presented twice: it counts once, name it once")
        self.coupon = coupon


@dataclass(frozen=True, slots=True)
class TerminationFee:
    """What an end before the term costs. Months count when they are completed."""

    kind: Literal["per completed month", "straight line", "steps", "remaining"]
    amount: Fraction = Fraction(0)  # minor units at the beginning
    monthly: Fraction = Fraction(0)  # "per completed month": minor units less for each
    steps: tuple[tuple[int, Fraction], ...] = ()  # "steps": (from so many completed months, fee)
    percent: Fraction = Fraction(100)  # "remaining": of the recurring amounts of the months left
    by: Literal["month", "day"] = "month"  # "straight line": the term's part that is left
    name: str = "Early termination fee"
    tax_category: str = "standard"
    tax_included: bool = False


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """How long one is bound."""

    months: int
    cooling_off_days: int = 0  # an end within so many days of the signing costs no fee
    termination: TerminationFee | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """So many days from the start without recurring charges."""

    days: int
    usage: Literal["free", "charged"] = "charged"


@dataclass(frozen=True, slots=True)
class Child:
    """A part of a bundle: begins and ends with it as a subscription of its own."""

    offering_id: str
    quantity: int = 1


_KINDS: dict[str, type[Price]] = {
    "recurring": RecurringPrice,
    "one_time": OneTimePrice,
    "passes": PassPrice,
    "usage": UsagePrice,
}


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """All prices of an offering from one day on. Never edited: a change is the next version."""

    offering_id: str
    version: int
    valid_from: date  # local day
    name: str
    currency: str
    prices: tuple[Price, ...]
    discounts: tuple[Discount, ...] = ()
    contract: ContractTerms | None = None
    trial: Trial | None = None
    children: tuple[Child, ...] = ()
    # The same, told apart once: a bill run asks each version for them thousands of times.
    ref: tuple[str, int] = field(init=False, repr=False, compare=False)
    recurring: tuple[RecurringPrice, ...] = field(init=False, repr=False, compare=False)
    one_time: tuple[OneTimePrice, ...] = field(init=False, repr=False, compare=False)
    passes: tuple[PassPrice, ...] = field(init=False, repr=False, compare=False)
    usage: tuple[UsagePrice, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_prices(self.prices, self.currency, "prices")
        object.__setattr__(self, "ref", (self.offering_id, self.version))
        for name, kind in _KINDS.items():
            found = tuple(price for price in self.prices if type(price) is kind)
            object.__setattr__(self, name, found)

    def discounts_for(self, coupons: Sequence[str] = ()) -> tuple[Discount, ...]:
        """The discounts of who starts with these coupons; else UnknownCoupon, RepeatedCoupon."""
        for place, coupon in enumerate(coupons):
            if coupon in coupons[:place]:
                raise RepeatedCoupon(coupon)
            if not coupon or all(one.coupon != coupon for one in self.discounts):
                raise UnknownCoupon(coupon, self.offering_id)
        return tuple(one for one in self.discounts if not one.coupon or one.coupon in coupons)


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

"""The dated tax table: one rate for each (country, category, day)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from billing.core.errors import BillingError
from billing.core.money import decimal_text


class MissingTaxPlace(BillingError):
    """Nobody knows where to tax the account. It is parked, not guessed."""

    def __init__(self) -> None:
        super().__init__("tax place: the country is missing; set the tax country of the account")


class NoTaxRate(BillingError):
    """The table has no rate for this country, category and day."""

    def __init__(self, country: str, category: str, on: date) -> None:
        super().__init__(
            f"no tax rate for category {category!r} in {country} on {on}:"
            " add a [[tax]] entry to isp.toml, or correct the account's tax country"
        )
        self.country, self.category, self.on = country, category, on


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate in per cent, valid on the local days from valid_from to before valid_to."""

    country: str  # ISO 3166-1 alpha-2
    category: str
    percent: Fraction  # 19 means 19 %
    valid_from: date
    valid_to: date | None = None  # None: until further notice

    def applies(self, country: str, category: str, on: date) -> bool:
        return (
            self.country == country
            and self.category == category
            and self.valid_from <= on
            and (self.valid_to is None or on < self.valid_to)
        )


def rate_for(country: str, category: str, on: date, rates: Iterable[TaxRate]) -> TaxRate:
    """The rate that applies on a local day; of several, the one that began last.

    Country "" raises MissingTaxPlace, a gap in the table NoTaxRate.
    """
    if not country:
        raise MissingTaxPlace
    found = [rate for rate in rates if rate.applies(country, category, on)]
    if not found:
        raise NoTaxRate(country, category, on)
    return max(found, key=lambda rate: rate.valid_from)


def percent_text(percent: Fraction) -> str:
    """A rate as written on a document: "19", "5.5"."""
    return decimal_text(percent)

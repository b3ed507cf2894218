"""Tax: one rate for each (country, category, day), computed once per document and rate.

The base of a rate is the sum of its rounded lines, and the tax on it is rounded once, halves away
from zero (EN 16931 BR-CO-17). A credit note by the same rule mirrors its invoice to the cent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Protocol

from billing.core.errors import BillingError
from billing.core.money import Money, decimal_text


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
            (self.country, self.category) == (country, category)
            and self.valid_from <= on
            and (self.valid_to is None or on < self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class TaxItem:
    """The tax of one rate on one document."""

    country: str
    percent: Fraction
    categories: tuple[str, ...]  # those that share the rate, sorted
    base: Money
    amount: Money


class Taxable(Protocol):
    """A line with an amount and a tax category; a Charge is one."""

    @property
    def amount(self) -> Money: ...
    @property
    def tax_category(self) -> str: ...


def taxes(
    lines: Sequence[Taxable], country: str, on: date, rates: Iterable[TaxRate]
) -> tuple[TaxItem, ...]:
    """The tax items of a document, by rate. Country "" raises MissingTaxPlace."""
    if not country:
        raise MissingTaxPlace
    table = list(rates)
    by_percent: dict[Fraction, list[Taxable]] = {}
    for line in lines:
        rate = rate_for(country, line.tax_category, on, table)
        by_percent.setdefault(rate.percent, []).append(line)
    return tuple(_item(country, percent, taxed) for percent, taxed in sorted(by_percent.items()))


def rate_for(country: str, category: str, on: date, rates: Iterable[TaxRate]) -> TaxRate:
    """The rate that applies on a local day; of several, the one that began last."""
    found = [rate for rate in rates if rate.applies(country, category, on)]
    if not found:
        raise NoTaxRate(country, category, on)
    return max(found, key=lambda rate: rate.valid_from)


def tax_item_to_dict(item: TaxItem) -> dict[str, Any]:
    return {
        "country": item.country,
        "percent": percent_text(item.percent),
        "categories": list(item.categories),
        "base": item.base.to_wire(),
        "amount": item.amount.to_wire(),
    }


def tax_item_from(data: Mapping[str, Any]) -> TaxItem:
    return TaxItem(
        data["country"],
        Fraction(data["percent"]),
        tuple(data["categories"]),
        Money.from_wire(data["base"]),
        Money.from_wire(data["amount"]),
    )


def percent_text(percent: Fraction) -> str:
    """A rate as written on a document: "19", "5.5"."""
    return decimal_text(percent)


def _item(country: str, percent: Fraction, lines: Sequence[Taxable]) -> TaxItem:
    base = Money.total((line.amount for line in lines), lines[0].amount.currency)
    categories = tuple(sorted({line.tax_category for line in lines}))
    return TaxItem(country, percent, categories, base, base.times(percent / 100))

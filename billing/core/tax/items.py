"""The tax of a document, computed once for each rate, from net and from tax-included lines.

Net lines: the base is the sum of the rounded lines, and the tax on it is rounded once, halves away
from zero (EN 16931 BR-CO-17). Tax-included lines: their sum is what was printed and stays so; its
net part is rounded once, the tax is the rest. Lines of both kinds at one rate are worked out apart
and added in one item. A document with every sign turned gives the same figures with signs turned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Protocol, TypeVar

from billing.core.charging import Charge
from billing.core.money import Money, round_ratio
from billing.core.tax.rates import TaxRate, percent_text, rate_for


@dataclass(frozen=True, slots=True)
class TaxItem:
    """The tax of one rate on one document."""

    country: str
    percent: Fraction
    categories: tuple[str, ...]  # those that share the rate, sorted
    base: Money  # net
    amount: Money


class Taxable(Protocol):
    """What is taxed; a Charge is."""

    @property
    def amount(self) -> Money: ...  # net, unless gross is there
    @property
    def gross(self) -> Money | None: ...  # of a line whose price includes the tax
    @property
    def tax_category(self) -> str: ...


Line = TypeVar("Line", bound=Taxable)


def with_net(
    lines: Sequence[Charge], country: str, on: date, rates: Iterable[TaxRate]
) -> tuple[Charge, ...]:
    """The lines of one document with the net share of each tax-included one as its amount.

    The shares of a rate add up to the net part of the lines' gross sum: each is cut to whole minor
    units, and those that are left go to the largest remainders, of equal ones to the first. What
    was priced stays in `gross`, so that doing it again changes nothing.
    """
    if all(line.gross is None for line in lines):
        return tuple(lines)
    shares: dict[int, int] = {}  # by place
    for percent, taxed in _by_rate(lines, country, on, rates).items():
        grosses = [(place, line.gross.minor) for place, line in taxed if line.gross is not None]
        nets = net_shares([minor for _, minor in grosses], percent)
        shares.update(zip((place for place, _ in grosses), nets, strict=True))
    return tuple(
        replace(line, amount=Money(shares[place], line.amount.currency))
        if place in shares
        else line
        for place, line in enumerate(lines)
    )


def taxes(
    lines: Sequence[Taxable], country: str, on: date, rates: Iterable[TaxRate]
) -> tuple[TaxItem, ...]:
    """The tax items of a document, by rate: all lines bear the rates of one local day."""
    items: list[TaxItem] = []
    for percent, found in sorted(_by_rate(lines, country, on, rates).items()):
        taxed = [line for _, line in found]
        categories = tuple(sorted({line.tax_category for line in taxed}))
        base, amount = base_and_tax(taxed, percent)
        items.append(TaxItem(country, percent, categories, base, amount))
    return tuple(items)


def base_and_tax(lines: Sequence[Taxable], percent: Fraction) -> tuple[Money, Money]:
    """Net base and tax of all lines of a document that bear one rate."""
    currency = lines[0].amount.currency
    net = Money.total([line.amount for line in lines if line.gross is None], currency).minor
    gross = Money.total([g for line in lines if (g := line.gross) is not None], currency).minor
    inside = _net_of(gross, percent) if gross else 0
    on_top = round_ratio(net * percent.numerator, 100 * percent.denominator)
    return Money(net + inside, currency), Money(on_top + gross - inside, currency)


def net_shares(grosses: Sequence[int], percent: Fraction) -> list[int]:
    """Tax-included minor units as net ones, which add up to the net part of their sum."""
    part, whole = _net_ratio(percent)
    cut = [round_ratio(gross * part, whole, "down") for gross in grosses]
    left = [gross * part - share * whole for gross, share in zip(grosses, cut, strict=True)]
    rest = _net_of(sum(grosses), percent) - sum(cut)
    step = 1 if rest > 0 else -1
    by_remainder = sorted(range(len(cut)), key=lambda place: (-step * left[place], place))
    for place in by_remainder[: abs(rest)]:
        cut[place] += step
    return cut


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


def _by_rate(
    lines: Sequence[Line], country: str, on: date, rates: Iterable[TaxRate]
) -> dict[Fraction, list[tuple[int, Line]]]:
    """The lines with their places, by the rate that their categories bear on the day."""
    table = list(rates)
    percents = {
        category: rate_for(country, category, on, table).percent
        for category in {line.tax_category for line in lines}
    }
    if len(percents) == 1:  # the usual: a bill of one category
        return {percent: list(enumerate(lines)) for percent in percents.values()}
    found: dict[Fraction, list[tuple[int, Line]]] = {}
    for place, line in enumerate(lines):
        found.setdefault(percents[line.tax_category], []).append((place, line))
    return found


def _net_of(gross: int, percent: Fraction) -> int:
    part, whole = _net_ratio(percent)
    return round_ratio(gross * part, whole)


def _net_ratio(percent: Fraction) -> tuple[int, int]:
    """The net part of a tax-included amount: 100 / (100 + percent), in whole numbers."""
    part = 100 * percent.denominator
    return part, part + percent.numerator

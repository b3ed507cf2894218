"""Explaining discounts: of what, how much, for which part, and until when."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from billing.core.catalog import Price
from billing.core.charging import Charge, PriceOf
from billing.core.charging.charge import spoken_day, spoken_days
from billing.core.charging.discounts import reduction, taken
from billing.core.charging.returns import returned
from billing.core.explaining.rule import Rule
from billing.core.money import Money, decimal_text, figure, major_figure
from billing.core.period import DAY


def _steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    facts, price = charge.facts, _price(charge, price_of)
    currency, left = price.currency, Fraction(facts["left"])
    exact, off = reduction(facts, price), taken(facts, price)
    steps = [
        f"{major_figure(left, currency)} {currency} is left of the line for"
        f" {spoken_days(*charge.span)}",
        f"{_formula(charge, price)} = {major_figure(exact, currency)} {currency}"
        + _rounded(exact, off, left),
    ]
    if "ends" in facts:
        ends = date.fromisoformat(facts["ends"])
        steps.append(f"its last day is {spoken_day(ends - DAY)}")
    return tuple(steps)


def _formula(charge: Charge, price: Price) -> str:
    facts, currency = charge.facts, price.currency
    value = Fraction(facts["value"])
    if facts["kind"] == "percent":
        return f"{decimal_text(value)} % of {major_figure(Fraction(facts['left']), currency)}"
    share = Fraction(facts["share"])
    part = "" if share == 1 else f" × {share}"
    if facts["kind"] == "amount":
        spent = Fraction(facts["spent"])
        less = f" less {major_figure(spent, currency)} off other lines" if spent else ""
        return f"{major_figure(value, currency)}{part}{less}"
    free = f"{figure(value * share)} {charge.unit} free"
    return f"{figure(Fraction(facts['quantity']))} {charge.unit} with {free}, less to pay"


def _rounded(exact: Fraction, off: Money, left: Fraction) -> str:
    if exact == off.minor:
        return ", off"
    return f", {off} at most, off" if exact > left else f", rounded to {off}, off"


def _recomputed(charge: Charge, price_of: PriceOf) -> Money:
    return -taken(charge.facts, _price(charge, price_of))


def _price(charge: Charge, price_of: PriceOf) -> Price:
    version = price_of(*charge.price_ref)
    return next(price for price in version.prices if price.code == charge.code)


def _return_steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    facts, currency = charge.facts, charge.priced.currency
    part = Fraction(facts["part"])
    exact = major_figure(facts["off"] * part, currency)
    steps = (f"{Money(facts['off'], currency)} came off a line, of which {part} is credited now",)
    if facts["returned"]:
        steps += (f"{Money(facts['returned'], currency)} of it was charged back before",)
    less = " less that" if facts["returned"] else ""
    return (*steps, f"{exact}{less}, rounded to {charge.priced}, charged back")


def _return_recomputed(charge: Charge, price_of: PriceOf) -> Money:
    return Money(returned(charge.facts), charge.priced.currency)


DISCOUNT_RULES: Mapping[str, Rule] = {
    "discount": Rule(_steps, _recomputed),
    "returned discount": Rule(_return_steps, _return_recomputed),
}

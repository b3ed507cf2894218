"""Explaining discounts: of what, how much, for which part, and until when."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from billing.core.catalog import Price
from billing.core.charging import Charge, PriceOf
from billing.core.charging.charge import spoken_day, spoken_days
from billing.core.charging.discounts import reduction, taken
from billing.core.explaining.rule import Rule
from billing.core.money import Money, decimal_text, figure, major_figure
from billing.core.period import DAY


def _steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    facts, price = charge.facts, _price(charge, price_of)
    left = Money(facts["left"], price.currency)
    exact = reduction(facts, price)
    result = f"{major_figure(exact, price.currency)} {price.currency}"
    off = taken(facts, price)
    steps = [f"{left} is left of the line for {spoken_days(*charge.span)}"]
    steps.append(f"{_formula(charge, price)} = {result}{_rounded(exact, off, left)}")
    if "ends" in facts:
        ends = date.fromisoformat(facts["ends"])
        steps.append(f"its last day is {spoken_day(ends - DAY)}")
    return tuple(steps)


def _formula(charge: Charge, price: Price) -> str:
    facts, currency = charge.facts, price.currency
    value, share = Fraction(facts["value"]), Fraction(facts["share"])
    part = "" if share == 1 else f" × {share}"
    if facts["kind"] == "percent":
        return f"{decimal_text(value)} % of {major_figure(facts['left'], currency)}{part}"
    if facts["kind"] == "amount":
        spent = Fraction(facts["spent"])
        less = f" less {major_figure(spent, currency)} off other lines" if spent else ""
        return f"{major_figure(value, currency)}{part}{less}"
    free = f"{figure(value * share)} {charge.unit} free"
    return f"{figure(Fraction(facts['quantity']))} {charge.unit} with {free}, less to pay"


def _rounded(exact: Fraction, off: Money, left: Money) -> str:
    if exact == off.minor:
        return ", off"
    return f", no more than {left} off" if exact > left.minor else f", rounded to {off}, off"


def _recomputed(charge: Charge, price_of: PriceOf) -> Money:
    return -taken(charge.facts, _price(charge, price_of))


def _price(charge: Charge, price_of: PriceOf) -> Price:
    version = price_of(*charge.price_ref)
    return next(price for price in version.prices if price.code == charge.code)


DISCOUNT_RULES: Mapping[str, Rule] = {"discount": Rule(_steps, _recomputed)}

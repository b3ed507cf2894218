"""Explaining what is charged once: what a person entered, one-time prices, passes."""

from collections.abc import Mapping
from fractions import Fraction

from billing.core.catalog import OneTimePrice, PassPrice
from billing.core.charging import Charge, PriceOf
from billing.core.charging.charge import spoken_instant
from billing.core.explaining.rule import Rule
from billing.core.money import Money, major_figure
from billing.core.period import instant_from


def _entered(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    return (f"entered by {charge.facts['by']}",)


def _as_entered(charge: Charge, price_of: PriceOf) -> Money:
    return Money.from_wire(charge.facts["amount"])


def _once(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    price, facts = _price(charge, price_of), charge.facts
    amount = _amount(charge, price)
    words = ["charged once, when the subscription begins"]
    if "override" in facts:
        words.append(f"agreed: {_figure(amount, price)} instead of {_figure(price.amount, price)}")
    quantity = facts.get("quantity", 1)
    return (*words, f"{quantity} × {_figure(amount, price)} = {charge.priced}")


def _pass(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    price, facts = _price(charge, price_of), charge.facts
    bought, since, until = (
        "" if facts[name] is None else spoken_instant(instant_from(facts[name]), facts["zone"])
        for name in ("bought", "from", "until")
    )
    return (
        f"bought {bought}",
        f"valid from {since} to {until}" if until else f"valid from {since} on",
        f"1 × {_figure(price.amount, price)} = {charge.priced}",
    )


def _recomputed(charge: Charge, price_of: PriceOf) -> Money:
    price = _price(charge, price_of)
    exact = _amount(charge, price) * charge.facts.get("quantity", 1)
    return Money.rounded(exact, price.currency, price.rounding)


def _amount(charge: Charge, price: OneTimePrice | PassPrice) -> Fraction:
    return Fraction(charge.facts["override"]) if "override" in charge.facts else price.amount


def _figure(exact: Fraction, price: OneTimePrice | PassPrice) -> str:
    return f"{major_figure(exact, price.currency)} {price.currency}"


def _price(charge: Charge, price_of: PriceOf) -> OneTimePrice | PassPrice:
    version = price_of(*charge.price_ref)
    return next(one for one in (*version.one_time, *version.passes) if one.code == charge.code)


ONCE_RULES: Mapping[str, Rule] = {
    "entered": Rule(_entered, _as_entered),
    "once": Rule(_once, _recomputed),
    "pass": Rule(_pass, _recomputed),
}

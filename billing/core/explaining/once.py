"""Explaining what is charged once: what a person entered, one-time prices, passes."""

from collections.abc import Mapping

from billing.core.charging import Charge, PriceOf
from billing.core.explaining.rule import Rule
from billing.core.money import Money


def _entered(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    return (f"entered by {charge.facts['by']}",)


def _as_entered(charge: Charge, price_of: PriceOf) -> Money:
    return Money.from_wire(charge.facts["amount"])


ONCE_RULES: Mapping[str, Rule] = {"entered": Rule(_entered, _as_entered)}

"""Explaining fixed amounts: whole periods, parts of them, and credits of unused parts."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from billing.core.catalog import RecurringPrice
from billing.core.charging import Charge, PriceOf
from billing.core.charging.charge import spoken_days
from billing.core.explaining.rule import Rule
from billing.core.money import Money, major_figure


def _steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    price = _price(charge, price_of)
    first, end = charge.span
    monthly = f"{major_figure(price.amount, price.currency)} {price.currency}"
    days, of = (end - first).days, charge.facts["of"]
    if days == of:
        return (f"{spoken_days(first, end)}: {monthly} for the period",)
    exact = price.amount * Fraction(days, of)
    return (
        f"held {spoken_days(first, end)}: {days} of the period's {of} days",
        f"{monthly} × {days}/{of} = {_exactly(exact, charge.priced)}",
    )


def _recomputed(charge: Charge, price_of: PriceOf) -> Money:
    first, end = charge.span
    price = _price(charge, price_of)
    return Money.rounded(
        price.amount * Fraction((end - first).days, charge.facts["of"]), price.currency
    )


def _credit_steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    charged = Money.from_wire(charge.facts["charged"])
    first, end = charge.span
    since, until = (date.fromisoformat(day) for day in charge.facts["days"])
    days, of = (end - first).days, (until - since).days
    exact = charged.minor * Fraction(days, of)
    return (
        f"{charged} was charged for {spoken_days(since, until)}",
        f"not used {spoken_days(first, end)}: {days} of {of} days",
        f"{charged} × {days}/{of} = {_exactly(exact, -charge.priced)}, credited",
    )


def _credit_recomputed(charge: Charge, price_of: PriceOf) -> Money:
    charged, left = (Money.from_wire(charge.facts[name]) for name in ("charged", "left"))
    since, until = (date.fromisoformat(day) for day in charge.facts["days"])
    first, end = charge.span
    return -min(charged.times(Fraction((end - first).days, (until - since).days)), left)


def _price(charge: Charge, price_of: PriceOf) -> RecurringPrice:
    version = price_of(*charge.price_ref)
    return next(price for price in version.recurring if price.code == charge.code)


def _exactly(exact: Fraction, amount: Money) -> str:
    """The result, and its rounding if there was one: "546.666666666…, rounded to 546.67 INR"."""
    if exact == amount.minor:
        return str(amount)
    return f"{major_figure(exact, amount.currency)}, rounded to {amount}"


RECURRING_RULES: Mapping[str, Rule] = {
    "recurring": Rule(_steps, _recomputed),
    "credit": Rule(_credit_steps, _credit_recomputed),
}

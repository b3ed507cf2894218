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
    rate, words = _rate(charge, price)
    part, of, unit = _share(charge)
    if part == of:
        return (*words, f"{_held(charge)}: {_figure(rate, price)} for the period")
    held = f"held {_held(charge)}: {part:,} of the period's {of:,} {unit}s"
    if "billed" in charge.facts:
        billed, whole = _billed(charge), _rounded(rate, price)
        return (
            *words,
            held,
            "with it the whole period is charged, so it is what the other lines leave",
            f"{whole} − {billed} = {whole - billed}",
        )
    exact = rate * Fraction(part, of)
    return (
        *words,
        held,
        f"{_figure(rate, price)} × {part}/{of} = {_exactly(exact, charge.priced)}",
    )


def _recomputed(charge: Charge, price_of: PriceOf) -> Money:
    price = _price(charge, price_of)
    rate, _ = _rate(charge, price)
    if "billed" in charge.facts:
        return _rounded(rate, price) - _billed(charge)
    part, of, _ = _share(charge)
    return _rounded(rate * Fraction(part, of), price)


def _credit_steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    facts, charged = charge.facts, Money.from_wire(charge.facts["charged"])
    part, of, unit = facts["unused"]
    since, until = (date.fromisoformat(day) for day in facts["days"])
    given = "was charged" if charged.minor >= 0 else "was given"
    said = (
        f"{charged} {given} for {spoken_days(since, until)}",
        f"not used {_held(charge)}: {part:,} of {of:,} {unit}s",
    )
    share, before, upto = _credited(charge)
    exact = charged.minor * share
    if not before:
        return (*said, f"{charged} × {part}/{of} = {_exactly(exact, upto)}, credited")
    return (
        *said,
        f"with what was credited before, {share} of it: {_exactly(exact, upto)}",
        f"{upto} − {before} credited before = {upto - before}, credited",
    )


def _credit_recomputed(charge: Charge, price_of: PriceOf) -> Money:
    _, before, upto = _credited(charge)
    return before - upto


def _credited(charge: Charge) -> tuple[Fraction, Money, Money]:
    """Which part of the line is credited now, what was credited of it before, and what is now."""
    facts, charged = charge.facts, Money.from_wire(charge.facts["charged"])
    part, of, _ = facts["unused"]
    share = Fraction(facts["reached"]) if "reached" in facts else Fraction(part, of)
    before = Money.from_wire(facts["before"]) if "before" in facts else Money(0, charged.currency)
    rounding = facts.get("rounding", "half_up")
    return share, before, Money.rounded(charged.minor * share, charged.currency, rounding)


def _rate(charge: Charge, price: RecurringPrice) -> tuple[Fraction, tuple[str, ...]]:
    """The price of a whole period as it was held, and what is said of it."""
    facts, amount = charge.facts, price.amount
    words: list[str] = []
    if "override" in facts:
        amount = Fraction(facts["override"])
        words.append(f"agreed: {_figure(amount, price)} instead of {_figure(price.amount, price)}")
    if facts.get("paused"):
        amount = price.while_paused
        words.append(f"in pause: {_figure(amount, price)} for the period")
    quantity = facts.get("quantity", 1)
    if quantity != 1:
        words.append(f"{quantity} × {_figure(amount, price)} = {_figure(amount * quantity, price)}")
    return amount * quantity, tuple(words)


def _share(charge: Charge) -> tuple[int, int, str]:
    if "share" in charge.facts:
        part, of, unit = charge.facts["share"]
        return part, of, unit
    first, end = charge.span
    return (end - first).days, charge.facts["of"], "day"


def _held(charge: Charge) -> str:
    instants: list[str] | None = charge.facts.get("instants")
    return " to ".join(instants) if instants else spoken_days(*charge.span)


def _billed(charge: Charge) -> Money:
    return Money.from_wire(charge.facts["billed"])


def _rounded(exact: Fraction, price: RecurringPrice) -> Money:
    return Money.rounded(exact, price.currency, price.rounding)


def _figure(exact: Fraction, price: RecurringPrice) -> str:
    return f"{major_figure(exact, price.currency)} {price.currency}"


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

"""Explaining the fee of an end before the term."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from billing.core.catalog import ContractTerms, TerminationFee
from billing.core.catalog.contract_schema import contract_from
from billing.core.charging import Charge, PriceOf
from billing.core.charging.charge import spoken_day
from billing.core.charging.contracts import contract_end, termination_fee
from billing.core.explaining.rule import Rule
from billing.core.money import Money, decimal_text, major_figure
from billing.core.period import months_completed
from billing.core.subscription import Contract


class _Facts(NamedTuple):
    terms: ContractTerms
    signed_on: date
    ended_on: date
    monthly: Fraction  # minor units


def _steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    facts, currency = _facts(charge), charge.priced.currency
    completed = months_completed(facts.signed_on, facts.ended_on)
    last = contract_end(Contract(facts.terms, facts.signed_on))
    exact = termination_fee(*facts)
    rounded = "" if exact == charge.priced.minor else f", rounded to {charge.priced}"
    assert facts.terms.termination is not None  # noqa: S101  a charge of it is explained
    return (
        f"signed {spoken_day(facts.signed_on)} for {facts.terms.months} months,"
        f" to {spoken_day(last)}",
        f"ended {spoken_day(facts.ended_on)}: {completed} completed"
        f" month{'' if completed == 1 else 's'}",
        f"{_formula(facts.terms.termination, facts, completed, last, currency)}"
        f" = {major_figure(exact, currency)} {currency}{rounded}",
    )


def _formula(fee: TerminationFee, facts: _Facts, completed: int, last: date, currency: str) -> str:
    amount = major_figure(fee.amount, currency)
    match fee.kind:
        case "per completed month":
            return f"{amount} less {completed} × {major_figure(fee.monthly, currency)}"
        case "straight line" if fee.by == "day":
            left, of = (last - facts.ended_on).days, (last - facts.signed_on).days
            return f"{amount} × {left}/{of} days left"
        case "straight line":
            months = facts.terms.months
            return f"{amount} × {months - completed}/{months} months left"
        case "steps":
            begins = [begins for begins, _ in fee.steps if begins <= completed][-1]
            return f"the fee from {begins} completed months on"
        case "remaining":
            share = "" if fee.percent == 100 else f" × {decimal_text(fee.percent)} %"
            left = facts.terms.months - completed
            return f"{major_figure(facts.monthly, currency)} a month × {left} months left{share}"


def _recomputed(charge: Charge, price_of: PriceOf) -> Money:
    return Money.rounded(termination_fee(*_facts(charge)), charge.priced.currency)


def _facts(charge: Charge) -> _Facts:
    facts = charge.facts
    return _Facts(
        contract_from(facts["terms"], charge.priced.currency),
        date.fromisoformat(facts["signed_on"]),
        date.fromisoformat(facts["ended_on"]),
        Fraction(facts["monthly"]),
    )


CONTRACT_RULES: Mapping[str, Rule] = {"termination": Rule(_steps, _recomputed)}

"""One explanation of a charge, as text, JSON and HTML."""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from billing.core.catalog import price_to_dict
from billing.core.charging import Charge, PriceOf
from billing.core.errors import BillingError
from billing.core.explaining.allowances import ALLOWANCE_RULES
from billing.core.explaining.contracts import CONTRACT_RULES
from billing.core.explaining.discounts import DISCOUNT_RULES
from billing.core.explaining.metered import METERED_RULES
from billing.core.explaining.once import ONCE_RULES
from billing.core.explaining.recurring import RECURRING_RULES
from billing.core.explaining.rule import Rule
from billing.core.money import Money

RULES: Mapping[str, Rule] = {
    **RECURRING_RULES,
    **ONCE_RULES,
    **METERED_RULES,
    **ALLOWANCE_RULES,
    **DISCOUNT_RULES,
    **CONTRACT_RULES,
}


class UnknownRule(BillingError):
    """A charge names a rule that nobody can explain."""

    def __init__(self, rule: object) -> None:
        super().__init__(f"{rule!r} is no rule; the rules are {', '.join(sorted(RULES))}")
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a line is what it is."""

    rule: str
    description: str
    amount: Money  # what was priced: with tax, where the price includes it
    price_ref: tuple[str, int]  # offering id and version; ("", 0): entered by hand
    price: Mapping[str, Any] | None  # in the published schema
    inputs: Mapping[str, Any]  # the facts
    steps: tuple[str, ...]  # arithmetic and rounding, in order
    evidence: tuple[str, ...]  # where the inputs can be looked up


def explain(charge: Charge, price_of: PriceOf) -> Explanation:
    """The explanation of a charge, from its facts and the price version it names."""
    rule = _rule_of(charge)
    return Explanation(
        rule=charge.facts["rule"],
        description=charge.description,
        amount=charge.priced,
        price_ref=charge.price_ref,
        price=_price(charge, price_of),
        inputs=charge.facts,
        steps=rule.steps(charge, price_of),
        evidence=_evidence(charge),
    )


def recomputed(charge: Charge, price_of: PriceOf) -> Money:
    """The amount of a charge computed again from its facts: it equals `charge.priced`."""
    return _rule_of(charge).recomputed(charge, price_of)


def rendered(explanation: Explanation, form: Literal["text", "json", "html"]) -> str:
    """The explanation for a terminal, for a program, or for a page (escaped, without styles)."""
    if form == "json":
        return json.dumps(_to_dict(explanation), ensure_ascii=False, indent=1)
    if form == "html":
        steps = "".join(f"<li>{html.escape(step)}</li>" for step in explanation.steps)
        sources = "".join(f"<li>{html.escape(one)}</li>" for one in explanation.evidence)
        seen = f'<ul class="evidence">{sources}</ul>' if sources else ""
        return f'<ol class="explain">{steps}</ol>{seen}'
    steps = [f"  {place}. {step}" for place, step in enumerate(explanation.steps, start=1)]
    sources = [f"  seen in: {one}" for one in explanation.evidence]
    return "\n".join([f"{explanation.description}: {explanation.amount}", *steps, *sources])


def _rule_of(charge: Charge) -> Rule:
    try:
        return RULES[charge.facts["rule"]]
    except KeyError:
        raise UnknownRule(charge.facts.get("rule")) from None


def _price(charge: Charge, price_of: PriceOf) -> Mapping[str, Any] | None:
    if charge.facts["rule"] == "entered":
        return None
    version = price_of(*charge.price_ref)
    found = next((one for one in version.prices if one.code == charge.code), None)
    return None if found is None else price_to_dict(found)


def _evidence(charge: Charge) -> tuple[str, ...]:
    found: list[str] = []
    if charge.facts["rule"] != "entered":
        offering, version = charge.price_ref
        found.append(f"price {charge.code} of version {version} of {offering}, in this document")
    for one in charge.facts.get("counted", ()):
        found.append(f"usage of {one['service_id']} from {one['start']} to {one['end']}")
    if "parts" in charge.facts:
        term = " to ".join(charge.facts["held"])
        names = ", ".join(charge.facts["services"])
        found.append(f"usage of {names} from {term}")
    if "calls" in charge.facts:
        found.append(f"{len(charge.facts['calls'])} calls, itemised in this line")
    if "samples" in charge.facts:
        found.append(f"{charge.facts['samples']} samples of the ports of {charge.service_id}")
    if charge.corrects:
        found.append(f"the line {charge.corrects} of an earlier bill")
    return tuple(found)


def _to_dict(explanation: Explanation) -> dict[str, Any]:
    return {
        "rule": explanation.rule,
        "description": explanation.description,
        "amount": explanation.amount.to_wire(),
        "offering_id": explanation.price_ref[0],
        "price_version": explanation.price_ref[1],
        "price": explanation.price,
        "inputs": dict(explanation.inputs),
        "steps": list(explanation.steps),
        "evidence": list(explanation.evidence),
    }

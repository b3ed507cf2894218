"""Contract terms as people write them, read strictly and written out in full."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal, cast

from billing.core.catalog.fields import (
    choice_of,
    count_of,
    flag_of,
    list_of,
    money_of,
    number_of,
    object_of,
    refuse_unknown,
    text_of,
)
from billing.core.catalog.offers import ContractTerms, TerminationFee
from billing.core.catalog.prices import BadPrice
from billing.core.money import decimal_text, major_text

_CONTRACT_FIELDS = ("months", "cooling_off_days", "termination")
_FEE_HEAD = ("kind", "name", "tax_category", "tax_included")
_FEE_FIELDS = {
    "per completed month": (*_FEE_HEAD, "amount", "monthly"),
    "straight line": (*_FEE_HEAD, "amount", "by"),
    "steps": (*_FEE_HEAD, "steps"),
    "remaining": (*_FEE_HEAD, "percent"),
}


def contract_from(data: Mapping[str, Any], currency: str, path: str = "contract") -> ContractTerms:
    """Read the terms of a contract."""
    refuse_unknown(data, _CONTRACT_FIELDS, path)
    months = count_of(data, "months", path, at_least=1)
    days = 0
    if "cooling_off_days" in data:
        days = count_of(data, "cooling_off_days", path, at_least=0)
    years, rest = divmod(months, 12)
    if days > years * 366 + rest * 31:
        raise BadPrice(
            f"{path}.cooling_off_days",
            f"{days} days reach beyond the term of {months} months",
            "shorten them, or leave termination out",
        )
    fee = None
    if "termination" in data:
        termination = object_of(data, "termination", path)
        fee = _fee(termination, months, currency, f"{path}.termination")
    return ContractTerms(months, days, fee)


def contract_to_dict(terms: ContractTerms, currency: str) -> dict[str, Any]:
    """The inverse of `contract_from`."""
    fee = terms.termination
    written: dict[str, Any] = {"months": terms.months, "cooling_off_days": terms.cooling_off_days}
    if fee is None:
        return written
    figures: dict[str, Any] = {
        "amount": major_text(fee.amount, currency),
        "monthly": major_text(fee.monthly, currency),
        "steps": [{"from": at, "fee": major_text(due, currency)} for at, due in fee.steps],
        "percent": decimal_text(fee.percent),
        "by": fee.by,
        "kind": fee.kind,
        "name": fee.name,
        "tax_category": fee.tax_category,
        "tax_included": fee.tax_included,
    }
    written["termination"] = {field: figures[field] for field in _FEE_FIELDS[fee.kind]}
    return written


def _fee(data: Mapping[str, Any], months: int, currency: str, path: str) -> TerminationFee:
    kind = cast(
        Literal["per completed month", "straight line", "steps", "remaining"],
        choice_of(data, "kind", tuple(_FEE_FIELDS), path),
    )
    refuse_unknown(data, _FEE_FIELDS[kind], path)
    amount = monthly = Fraction(0)
    if "amount" in _FEE_FIELDS[kind]:
        amount = _above_zero(money_of(data, "amount", path, currency), f"{path}.amount")
    if kind == "per completed month":
        monthly = _above_zero(money_of(data, "monthly", path, currency), f"{path}.monthly")
        if monthly > amount:
            problem = f"{major_text(monthly, currency)} is more than the fee itself"
            raise BadPrice(f"{path}.monthly", problem, "write what it falls by each month")
    by = choice_of(data, "by", ("month", "day"), path, default="month")
    percent = number_of(data, "percent", path, default=Fraction(100))
    if not 0 < percent <= 100:
        problem = f"{decimal_text(percent)} % of the months left is no part of them"
        raise BadPrice(f"{path}.percent", problem, "write more than 0 and at most 100")
    return TerminationFee(
        kind=kind,
        amount=amount,
        monthly=monthly,
        steps=_steps(data, months, currency, path) if kind == "steps" else (),
        percent=percent,
        by=cast(Literal["month", "day"], by),
        name=text_of(data, "name", path, default="Early termination fee"),
        tax_category=text_of(data, "tax_category", path, default="standard"),
        tax_included=flag_of(data, "tax_included", path, default=False),
    )


def _steps(
    data: Mapping[str, Any], months: int, currency: str, path: str
) -> tuple[tuple[int, Fraction], ...]:
    """Fees by completed months: from 0, rising in months, falling in money, within the term."""
    steps: list[tuple[int, Fraction]] = []
    for place, entry in enumerate(list_of(data, "steps", path)):
        here = f"{path}.steps[{place}]"
        refuse_unknown(entry, ("from", "fee"), here)
        begins = count_of(entry, "from", here, at_least=0)
        due = money_of(entry, "fee", here, currency)
        if not steps and begins != 0:
            problem = f"an end before {begins} completed months has no fee"
            raise BadPrice(f"{here}.from", problem, "begin with 0; a fee may be 0")
        if steps and begins <= steps[-1][0]:
            problem = f"{begins} does not lie above {steps[-1][0]}, where the step before begins"
            raise BadPrice(f"{here}.from", problem, "list steps by rising months")
        if begins >= months:
            problem = f"the term is over after {months} months"
            raise BadPrice(f"{here}.from", problem, "leave the step out: no fee is owed then")
        if steps and due > steps[-1][1]:
            problem = f"{major_text(due, currency)} is more than the step before it"
            raise BadPrice(f"{here}.fee", problem, "let the fee fall, or stay, with time")
        steps.append((begins, due))
    return tuple(steps)


def _above_zero(amount: Fraction, path: str) -> Fraction:
    if amount == 0:
        raise BadPrice(path, "it costs nothing", "write more than 0, or leave termination out")
    return amount

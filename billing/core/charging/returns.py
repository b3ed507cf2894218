"""Returned discounts: with the credit of a line goes the same part of what came off that line."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from billing.core.charging.charge import Charge
from billing.core.money import Money, round_ratio

Days = tuple[date, date]  # local days, half-open


def returned_discounts(
    charges: Sequence[Charge], subscription_id: str, billed: Sequence[Charge]
) -> list[Charge]:
    """What goes back of the discounts of lines that a bill credits.

    A discount of some days of its line goes back with the credits of those days.
    """
    credits = [
        line
        for line in charges
        if line.kind == "credit" and line.corrects and line.subscription_id == subscription_id
    ]
    if not credits:
        return []
    lines = {line.key: line for line in billed}
    credited = [*(line for line in billed if line.kind == "credit"), *credits]
    found: list[Charge] = []
    for credit in credits:
        so_far = credited[: credited.index(credit) + 1]
        of_line = [one for one in so_far if one.corrects == credit.corrects]
        if credit.corrects in lines:
            found += _returns(credit, lines[credit.corrects], of_line, [*billed, *found])
    return found


def returned(facts: Mapping[str, Any]) -> int:
    """What of a discount goes back, in minor units, by the facts of the line that says so.

    The discounts of a line are rounded as one sum, and what stays off fits into the `room` that is
    left of the line.
    """
    before, stays = Fraction(facts["before"]), facts["off"] - facts["returned"]
    upto = before + facts["off"] * Fraction(facts["part"])
    share = round_ratio(*upto.as_integer_ratio()) - round_ratio(*before.as_integer_ratio())
    return min(max(share - facts["returned"], stays - facts["room"], 0), stays)


def days_of(days: Days) -> int:
    """How many local days lie between two; none when they are the wrong way round."""
    return max(0, (days[1] - days[0]).days)


def common(one: Days, other: Days) -> Days:
    """The local days that lie in both; without one, days the wrong way round."""
    return max(one[0], other[0]), min(one[1], other[1])


def falling_on(lines: Iterable[Charge], days: Days) -> Fraction | int:
    """What of the lines falls on local days, in minor units, spread evenly over their own days."""
    found: Fraction | int = 0
    for line in lines:
        minor, span = line.priced.minor, line.span
        if days[0] <= span[0] and span[1] <= days[1]:
            found += minor
        else:
            found += minor * Fraction(days_of(common(span, days)), days_of(span))
    return found


def _returns(
    credit: Charge, line: Charge, credits: Sequence[Charge], known: Sequence[Charge]
) -> list[Charge]:
    """What of each discount of a line goes back with its last credit."""
    found: list[Charge] = []
    before = Fraction(0)
    room = line.priced.minor + sum(one.priced.minor for one in credits)
    for discount in known:
        if discount.kind != "discount" or discount.facts.get("line") != line.key:
            continue
        part = min(Fraction(1), sum((_part(one, line, discount) for one in credits), Fraction(0)))
        back = sum(one.priced.minor for one in known if one.corrects == discount.key)
        off = -discount.priced.minor
        facts = {
            "rule": "returned discount",
            "off": off,
            "part": str(part),
            "before": str(before),
            "returned": back,
            "room": room,
        }
        before += off * part
        minor = returned(facts)
        room -= off - back - minor
        if minor:
            found.append(_line(discount, credit, minor, facts))
    return found


def _part(credit: Charge, line: Charge, discount: Charge) -> Fraction:
    """Which part of a discount one credit of its line returns: that of the line, day by day."""
    unused = credit.facts.get("unused")
    if unused is None:
        part = Fraction(-credit.priced.minor, line.priced.minor)
    else:
        part = Fraction(unused[0], unused[1])
    if discount.span == line.span:
        return part
    shared = days_of(common(credit.span, discount.span))
    return (part * shared * days_of(line.span)) / (days_of(credit.span) * days_of(discount.span))


def _line(discount: Charge, credit: Charge, minor: int, facts: Mapping[str, Any]) -> Charge:
    amount = Money(minor, discount.priced.currency)
    return Charge(
        subscription_id=discount.subscription_id,
        service_id=discount.service_id,
        code=discount.code,
        kind="discount",
        description=f"{discount.description.partition(';')[0]}, returned for unused time",
        price_ref=discount.price_ref,
        span=common(credit.span, discount.span),
        quantity=credit.quantity,
        unit=credit.unit,
        amount=amount,
        tax_category=discount.tax_category,
        key=f"{discount.key}/credit/{credit.key.rpartition('/')[2]}",
        facts=facts,
        corrects=discount.key,
        gross=None if discount.gross is None else amount,
    )

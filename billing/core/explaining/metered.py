"""Explaining usage: what was counted, what of it is charged, and what it costs."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from billing.core.catalog import OCTETS, UsagePrice
from billing.core.charging import Charge, PriceOf, counted_from
from billing.core.charging.charge import Counted, call_from, spoken_instant
from billing.core.charging.metered import called
from billing.core.explaining.rule import Rule
from billing.core.money import Money, figure
from billing.core.rating import Line, quantity_of, rate

_DIRECTIONS = {
    "down": "download",
    "up": "upload",
    "both": "download and upload",
    "larger": "the larger of download and upload",
}


def _steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    price, facts = _price(charge, price_of), charge.facts
    return (*_measured(price, facts), *_line(charge, price_of).steps)


def _recomputed(charge: Charge, price_of: PriceOf) -> Money:
    return _line(charge, price_of).amount


def _line(charge: Charge, price_of: PriceOf) -> Line:
    price, facts = _price(charge, price_of), charge.facts
    share = Fraction(facts.get("share", 1))
    if "counted" in facts:
        parts = [counted_from(one) for one in facts["counted"]]
        octets_in = sum(part.octets_in for part in parts)
        octets_out = sum(part.octets_out for part in parts)
        return rate(price, quantity_of(price, octets_in, octets_out), share=share)
    if "calls" in facts:
        return rate(price, called(price, [call_from(one) for one in facts["calls"]]), share=share)
    return rate(price, facts["level"], share=share)


def _measured(price: UsagePrice, facts: Mapping[str, Any]) -> list[str]:
    """What was measured, and what of it this price charges."""
    if "calls" in facts:
        calls: Sequence[Any] = facts["calls"]
        seconds = sum(call[2] for call in calls)
        return [f"{len(calls)} call{'' if len(calls) == 1 else 's'}, {seconds:,} seconds together"]
    if "level" in facts:
        return [
            f"{facts['samples']:,} samples present, the {facts['dropped']:,} highest of them"
            f" dropped: {facts['level']} {price.unit} ({_DIRECTIONS[price.direction]})"
        ]
    parts = [counted_from(one) for one in facts["counted"]]
    total = quantity_of(
        price, sum(one.octets_in for one in parts), sum(one.octets_out for one in parts)
    )
    return [*(_counted(part, price, facts["zone"]) for part in parts), _charged(price, total)]


def _counted(part: Counted, price: UsagePrice, zone: str) -> str:
    """What was counted, where from: "1 October 2026, 00:00 to …: 410 GB down, 12 GB up"."""
    octets = OCTETS[price.unit]
    down, up = (figure(Fraction(n, octets)) for n in (part.octets_out, part.octets_in))
    flags = f" ({', '.join(part.flags)})" if part.flags else ""
    return (
        f"counted {spoken_instant(part.start, zone)} to {spoken_instant(part.end, zone)}:"
        f" {down} {price.unit} down, {up} {price.unit} up{flags}"
    )


def _charged(price: UsagePrice, quantity: Fraction) -> str:
    """What of it is charged, and how large the unit is."""
    return (
        f"charged: {_DIRECTIONS[price.direction]}, {figure(quantity)} {price.unit}"
        f" (1 {price.unit} is {OCTETS[price.unit]:,} octets)"
    )


def _price(charge: Charge, price_of: PriceOf) -> UsagePrice:
    version = price_of(*charge.price_ref)
    return next(price for price in version.usage if price.code == charge.code)


METERED_RULES: Mapping[str, Rule] = {"rated": Rule(_steps, _recomputed)}

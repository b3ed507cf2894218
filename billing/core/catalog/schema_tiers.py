"""Tiers as people write them: a rising list without gap or overlap, the last without a bound."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from billing.core.catalog.fields import list_of, refuse_unknown
from billing.core.catalog.models import PercentTier, Tier
from billing.core.catalog.prices import BadPrice
from billing.core.catalog.schema_fields import (
    MONEY,
    NUMBER,
    PERCENT,
    Kind,
    Kinds,
    Reading,
    size,
    value_from,
    value_to_dict,
)
from billing.core.money import decimal_text

T = TypeVar("T", Tier, PercentTier)
_TIER: Kinds = {"up_to": NUMBER, "per_unit": MONEY, "flat": MONEY, "block_size": size("a block")}
_PERCENT_TIER: Kinds = {"up_to": MONEY, "percent": PERCENT, "flat": MONEY}


def _of_units(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
    return _tiers(data, path, reading, Tier, _TIER, "per_unit")


def _of_amounts(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
    return _tiers(data, path, reading, PercentTier, _PERCENT_TIER, "percent")


TIERS = Kind(_of_units, lambda tiers, currency: [_written(t, _TIER, currency) for t in tiers])
PERCENT_TIERS = Kind(
    _of_amounts, lambda tiers, currency: [_written(t, _PERCENT_TIER, currency) for t in tiers]
)


def _tiers(
    data: Mapping[str, Any],
    path: str,
    reading: Reading,
    make: Callable[..., T],
    kinds: Kinds,
    charged: str,
) -> tuple[T, ...]:
    listed = list_of(data, "tiers", path)
    tiers: list[T] = []
    above = Fraction(0)
    for place, entry in enumerate(listed):
        here = f"{path}.tiers[{place}]"
        refuse_unknown(entry, ("above", *kinds), here)
        _check_adjoins(entry, above, kinds["up_to"], here, reading)
        known: dict[str, Any] = {"above": above, "up_to": None, charged: Fraction(0)}
        tier = value_from(make, kinds, entry, here, reading, **known)
        _check_bounds(tier.up_to, above, here, is_last=place == len(listed) - 1)
        tiers.append(tier)
        above = above if tier.up_to is None else tier.up_to
    return tuple(tiers)


def _written(tier: Tier | PercentTier, kinds: Kinds, currency: str) -> dict[str, Any]:
    return value_to_dict(tier, kinds, currency)


def _check_bounds(up_to: Fraction | None, above: Fraction, path: str, *, is_last: bool) -> None:
    if up_to is None and not is_last:
        raise BadPrice(
            f"{path}.up_to",
            "it is missing, so the tiers after it overlap this one",
            "give every tier but the last an upper bound",
        )
    if up_to is not None and is_last:
        raise BadPrice(
            f"{path}.up_to",
            f"usage above {decimal_text(up_to)} has no price",
            "leave up_to out of the last tier, or add a tier after it",
        )
    if up_to is not None and up_to <= above:
        raise BadPrice(
            f"{path}.up_to",
            f"{decimal_text(up_to)} does not lie above {decimal_text(above)},"
            " where this tier begins: tiers overlap",
            "list tiers by rising up_to",
        )


def _check_adjoins(
    entry: Mapping[str, Any], above: Fraction, kind: Kind, path: str, reading: Reading
) -> None:
    """A tier may say where it begins; then it must be where the tier before it ends."""
    if entry.get("above") is None:
        return
    stated = kind.read(entry, "above", path, reading)
    if stated != above:
        fault = "a gap" if stated > above else "an overlap"
        begins, ends = (kind.write(bound, reading.currency) for bound in (stated, above))
        raise BadPrice(
            f"{path}.above",
            f"{begins} leaves {fault}: the tier before it ends at {ends}",
            f'write "{ends}", or leave it out',
        )

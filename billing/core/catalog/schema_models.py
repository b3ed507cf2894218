"""Models of usage prices as people write them: which fields each has, and which units it takes."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, cast

from billing.core.catalog.fields import choice_of
from billing.core.catalog.models import (
    Calls,
    Graduated,
    GraduatedPercentage,
    Model,
    Package,
    Percentage,
    Percentile,
    PerUnit,
    Volume,
)
from billing.core.catalog.prices import BadPrice
from billing.core.catalog.schema_calls import DESTINATIONS, ZONE
from billing.core.catalog.schema_fields import (
    FLAG,
    MONEY,
    NUMBER,
    PERCENT,
    Kinds,
    Reading,
    choice,
    count,
    size,
    value_from,
    value_to_dict,
)
from billing.core.catalog.schema_tiers import PERCENT_TIERS, TIERS
from billing.core.catalog.units import EVENTS, LEVELS, OCTETS, SECONDS, Unit
from billing.core.catalog.windows import Window
from billing.core.money import major_text

_MAKE: dict[str, type[Model]] = {
    "per_unit": PerUnit,
    "graduated": Graduated,
    "volume": Volume,
    "package": Package,
    "percentage": Percentage,
    "graduated_percentage": GraduatedPercentage,
    "percentile": Percentile,
    "calls": Calls,
}
_KINDS: dict[str, Kinds] = {
    "per_unit": {"per_unit": MONEY, "included": NUMBER},
    "graduated": {"tiers": TIERS, "flat_at_zero": FLAG},
    "volume": {"tiers": TIERS, "flat_at_zero": FLAG},
    "package": {
        "included": NUMBER,
        "block_size": size("a block"),
        "block_price": MONEY,
        "ceiling": MONEY,
    },
    "percentage": {
        "percent": PERCENT,
        "fixed": MONEY,
        "free_events": count(at_least=0),
        "free_amount": MONEY,
        "at_free_amount": choice("free", "charged"),
        "event_minimum": MONEY,
        "event_maximum": MONEY,
    },
    "graduated_percentage": {"tiers": PERCENT_TIERS, "flat_at_zero": FLAG},
    "percentile": {
        "percentile": PERCENT,
        "committed": NUMBER,
        "amount": MONEY,
        "per_unit": MONEY,
    },
    "calls": {
        "zone": ZONE,
        "split": FLAG,
        "at_edge": choice("increment", "part", "second"),
        "unanswered": choice("free", "charged"),
        "destinations": DESTINATIONS,
    },
}
_MEASURED: tuple[Unit, ...] = (*OCTETS, *SECONDS, *EVENTS)
_UNITS: dict[str, tuple[Unit, ...]] = {
    "per_unit": _MEASURED,
    "graduated": _MEASURED,
    "volume": _MEASURED,
    "package": _MEASURED,
    "percentage": (),
    "graduated_percentage": (),
    "percentile": tuple(LEVELS),
    "calls": tuple(SECONDS),
    "allowance": _MEASURED,
}
# What fields mean that may be left out here, though every value states them.
_LEFT_OUT: dict[str, dict[str, int]] = {
    "package": {"included": 0},
    "percentile": {"percentile": 95, "committed": 0, "amount": 0},
}
MODELS = tuple(_MAKE)


def model_fields(name: str) -> tuple[str, ...]:
    """The fields of a model, in the order of the documentation."""
    return tuple(_KINDS[name])


def model_from(
    name: str, data: Mapping[str, Any], path: str, currency: str, windows: Mapping[str, Window]
) -> Model:
    """Read the fields of the named model; other fields of `data` are not looked at."""
    left_out = {field: Fraction(number) for field, number in _LEFT_OUT.get(name, {}).items()}
    reading = Reading(currency, windows)
    model = value_from(_MAKE[name], _KINDS[name], data, path, reading, **left_out)
    _check(model, path, currency)
    return model


def model_to_dict(model: Model, currency: str) -> dict[str, Any]:
    """Its name under "model", and its fields: the inverse of `model_from`."""
    name = model_name(model)
    return {"model": name, **value_to_dict(model, _KINDS[name], currency)}


def model_name(model: Model) -> str:
    """What the schema calls it."""
    return next(name for name, make in _MAKE.items() if isinstance(model, make))


def unit_from(name: str, data: Mapping[str, Any], path: str) -> Unit:
    """The unit of a price of the named model; "" where amounts of money are charged."""
    units = _UNITS[name]
    if units:
        default = {"default": "minute"} if name == "calls" else {}
        return choice_of(data, "unit", units, path, **default)
    if data.get("unit"):
        raise BadPrice(
            f"{path}.unit", f"{name} charges amounts of money, in the currency", "leave it out"
        )
    return ""


def windows_of(model: object) -> tuple[Window, ...]:
    """The windows a model names, each once, in order."""
    held: list[Window | None] = []
    if isinstance(model, Calls):
        held = [rate.window for place in model.destinations for rate in place.rates]
    else:
        held = [bucket.window for bucket in cast(Any, getattr(model, "buckets", ()))]
    return tuple(dict.fromkeys(window for window in held if window is not None))


def _check(model: Model, path: str, currency: str) -> None:
    """What no single field shows."""
    if isinstance(model, Package):
        _check_ceiling(model, path, currency)
    if isinstance(model, Percentage):
        least, most = model.event_minimum, model.event_maximum
        if least is not None and most is not None and least > most:
            raise BadPrice(
                f"{path}.event_minimum",
                f"{major_text(least, currency)} lies above event_maximum,"
                f" {major_text(most, currency)}",
                "lower it, or raise event_maximum",
            )
        if model.at_free_amount == "charged" and not model.free_amount:
            raise BadPrice(f"{path}.at_free_amount", "no amount is free", "give free_amount")
    if isinstance(model, Percentile) and not 0 < model.percentile <= 100:
        raise BadPrice(f"{path}.percentile", "none of the samples would count", 'write "95"')


def _check_ceiling(model: Package, path: str, currency: str) -> None:
    if model.ceiling is not None and model.ceiling < model.block_price:
        raise BadPrice(
            f"{path}.ceiling",
            f"{major_text(model.ceiling, currency)} lies below the price of one block,"
            f" {major_text(model.block_price, currency)}",
            "raise the ceiling or leave it out",
        )


def has_blocks(model: object) -> bool:
    """Whether what lies in a tier of it is charged by started blocks."""
    tiers = model.tiers if isinstance(model, Graduated | Volume) else ()
    return any(tier.block_size is not None for tier in tiers)

"""Allowances as people write them: each value's fields in a table, read strictly, written in full.

What no burn order can do is refused here (allowance_checks.py), with the path and the fix.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

from billing.core.catalog.allowance_checks import check_allowance
from billing.core.catalog.allowances import (
    Alerts,
    Allowance,
    AutoTopUp,
    Bucket,
    Courtesy,
    Rollover,
    SpeedStep,
)
from billing.core.catalog.fields import choice_of, number_of, object_of, refuse_unknown
from billing.core.catalog.prices import BadPrice
from billing.core.catalog.schema_fields import (
    FLAG,
    MONEY,
    NUMBER,
    TEXT,
    Kind,
    Kinds,
    Reading,
    choice,
    count,
    size,
    value_from,
    value_to_dict,
)
from billing.core.catalog.schema_models import model_fields, model_from, model_to_dict, unit_from
from billing.core.catalog.schema_windows import window_named
from billing.core.catalog.windows import Window
from billing.core.money import decimal_text
from billing.core.period import BadValidity, Validity, validity_from

_OVERAGES = ("per_unit", "graduated", "volume", "package")


def allowance_from(
    data: Mapping[str, Any], path: str, currency: str, windows: Mapping[str, Window]
) -> Allowance:
    """Read the fields of an allowance; other fields of the price are not looked at.

    windows  those that buckets may name
    """
    unit = unit_from("allowance", data, path)
    reading = Reading(currency, windows)
    allowance = value_from(Allowance, _ALLOWANCE, data, path, reading, buckets=())
    check_allowance(allowance, unit, path)
    for field in ("minimum", "maximum"):
        if data.get(field) is not None and allowance.after != "charge":
            raise BadPrice(f"{path}.{field}", "no overage is charged", "leave it out")
    return allowance


def allowance_to_dict(allowance: Allowance, currency: str) -> dict[str, Any]:
    """The fields of an allowance, written out in full: the inverse of `allowance_from`."""
    return value_to_dict(allowance, _ALLOWANCE, currency)


def validity_of(data: Mapping[str, Any], field: str, path: str) -> Validity:
    """A validity in words: "30 days", "1 month", "period"."""
    try:
        return validity_from(data.get(field))
    except BadValidity as refused:
        raise BadPrice(
            f"{path}.{field}", f"{data.get(field)!r} is no validity", refused.fix
        ) from None


def _nested(make: Any, kinds: Kinds) -> Kind:
    """An object within the price."""

    def read(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
        entry, here = object_of(data, field, path), f"{path}.{field}"
        refuse_unknown(entry, tuple(kinds), here)
        return value_from(make, kinds, entry, here, reading)

    return Kind(read, lambda held, currency: value_to_dict(held, kinds, currency))


def _listed(
    make: Any, kinds: Kinds, left_out: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> Kind:
    """A list of objects, which may be empty; `left_out` says what fields mean that are missing."""

    def read(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
        values: list[Any] = []
        for place, entry in enumerate(_list(data, field, path)):
            here = f"{path}.{field}[{place}]"
            if not isinstance(entry, Mapping):
                raise BadPrice(here, f"{entry!r} is no object", "name its fields")
            fields = cast(Mapping[str, Any], entry)
            refuse_unknown(fields, tuple(kinds), here)
            values.append(value_from(make, kinds, fields, here, reading, **left_out(fields)))
        return tuple(values)

    return Kind(read, lambda held, currency: [value_to_dict(v, kinds, currency) for v in held])


def _named_by_code(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A bucket without a name is called by its code, one without a size has no end."""
    return {"name": entry.get("code"), "size": None}


def _nothing(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _list(data: Mapping[str, Any], field: str, path: str) -> Sequence[object]:
    value: object = data.get(field)
    if not isinstance(value, list | tuple):
        raise BadPrice(f"{path}.{field}", f"{value!r} is no list", "write [ … ]")
    return cast(Sequence[object], value)


def _read_window(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Window:
    return window_named(data, field, path, reading.windows)


def _read_percents(
    data: Mapping[str, Any], field: str, path: str, reading: Reading
) -> tuple[Fraction, ...]:
    entries = _list(data, field, path)
    return tuple(
        number_of({f"{field}[{place}]": entry}, f"{field}[{place}]", path)
        for place, entry in enumerate(entries)
    )


def _read_overage(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
    terms, here = object_of(data, field, path), f"{path}.{field}"
    model = choice_of(terms, "model", _OVERAGES, here)
    refuse_unknown(terms, ("model", *model_fields(model)), here)
    return model_from(model, terms, here, reading.currency, reading.windows)


_ROLLOVER: Kinds = {
    "cap": NUMBER,
    "periods": count(at_least=1),
    "grace_days": count(at_least=0),
    "at_change": choice("kept", "forfeited"),
    "burnt": choice("first", "last"),
}
_BUCKET: Kinds = {
    "code": TEXT,
    "name": TEXT,
    "size": size("a bucket"),
    "window": Kind(_read_window, lambda window, _: window.name),
    "validity": Kind(
        lambda data, field, path, _: validity_of(data, field, path),
        lambda validity, _: validity.text,
    ),
    "rollover": _nested(Rollover, _ROLLOVER),
    "price": MONEY,
}
_PERCENTS = Kind(_read_percents, lambda percents, _: [decimal_text(one) for one in percents])
_ALLOWANCE: Kinds = {
    "buckets": _listed(Bucket, _BUCKET, _named_by_code),
    "after": choice("charge", "stop", "slow", "top-up"),
    "overage": Kind(_read_overage, model_to_dict),
    "top_up": _nested(AutoTopUp, {"bucket": TEXT, "at_most": count(at_least=1)}),
    "speeds": _listed(SpeedStep, {"above": NUMBER, "policy": TEXT}, _nothing),
    "courtesy": _nested(Courtesy, {"months": count(at_least=1), "of": count(at_least=1)}),
    "alerts": _nested(Alerts, {"percents": _PERCENTS, "blocks": FLAG}),
    "pooled": FLAG,
    "at_change": choice("replaced", "prorated"),
}
ALLOWANCE_FIELDS = tuple(_ALLOWANCE)

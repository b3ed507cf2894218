"""The published schema of a price (docs/pricing.md): read strictly, written out in full.

Numbers are decimal text, so that what is written is what is charged. Every refusal is a BadPrice
with the path of the field, what is wrong with it, and what to write instead.
"""

from collections.abc import Mapping
from typing import Any

from billing.core.catalog.allowance_schema import (
    ALLOWANCE_FIELDS,
    allowance_from,
    allowance_to_dict,
)
from billing.core.catalog.allowances import Allowance
from billing.core.catalog.fields import (
    choice_of,
    currency_of,
    object_from,
    refuse_unknown,
)
from billing.core.catalog.models import Package, Percentile
from billing.core.catalog.prices import (
    BadPrice,
    OneTimePrice,
    PassPrice,
    Price,
    RecurringPrice,
    UsagePrice,
)
from billing.core.catalog.schema_fields import (
    FLAG,
    MONEY,
    TEXT,
    Kind,
    Kinds,
    Reading,
    choice,
    size,
    value_from,
    value_to_dict,
)
from billing.core.catalog.schema_models import (
    MODELS,
    has_blocks,
    model_fields,
    model_from,
    model_to_dict,
    unit_from,
    windows_of,
)
from billing.core.catalog.schema_windows import windows_from, windows_to_dict
from billing.core.catalog.units import DIRECTIONS, measure_of
from billing.core.catalog.windows import Window
from billing.core.errors import BillingError
from billing.core.money import major_text
from billing.core.period import every_from, validity_from

_HEAD: Kinds = {
    "code": TEXT,
    "name": TEXT,
    "tax_category": TEXT,
    "tax_included": FLAG,
    "rounding": choice("half_up", "half_even", "up", "down"),
}


def _text_of_time(read: Any, fix: str) -> Kind:
    """A length of time in words, as `billing.core.period` reads and writes it."""

    def from_text(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
        if data.get(field) is None:
            raise BadPrice(f"{path}.{field}", "it is missing", fix)
        try:
            return read(data[field])
        except BillingError:
            raise BadPrice(f"{path}.{field}", f"{data[field]!r} is none", fix) from None

    return Kind(from_text, lambda held, _: held.text)


_FIXED: dict[str, tuple[type[RecurringPrice | OneTimePrice | PassPrice], Kinds, dict[str, str]]] = {
    "flat": (
        RecurringPrice,
        {
            "amount": MONEY,
            "in_advance": FLAG,
            "every": _text_of_time(every_from, 'write it as "1 month" or "30 days"'),
            "align": choice("cycle", "calendar", "anniversary"),
            "prorate": choice("day", "second", "none"),
            "basis": choice("actual", "30 days"),
            "end_day": choice("free", "charged"),
            "change_day": choice("new", "old"),
            "while_paused": MONEY,
            "early_end": choice("refund", "refund by day", "keep", "re-rate"),
            "re_rated_at": MONEY,
        },
        {"code": "recurring", "name": "Monthly charge"},
    ),
    "one_time": (OneTimePrice, {"amount": MONEY}, {"code": "one-time", "name": "One-time charge"}),
    "pass": (
        PassPrice,
        {
            "amount": MONEY,
            "validity": _text_of_time(validity_from, 'write it as "30 days" or "24 hours"'),
            "renewal": choice("extends", "restarts"),
        },
        {"code": "pass", "name": "Pass"},
    ),
}
_DIRECTED: Kinds = {"direction": choice(*DIRECTIONS)}
_USAGE: Kinds = {
    "per_started": size("a started unit"),
    "rounding_per": choice("line", "increment"),
    "minimum": MONEY,
    "maximum": MONEY,
    "part_period": choice("whole", "prorated"),
}
_USAGE_NAMES = {
    "octets": "Data",
    "seconds": "Time",
    "events": "Events",
    "level": "Bandwidth",
    "amount": "Fees",
}
_MODELS = ("flat", "one_time", "pass", *MODELS, "allowance")


def price_from(
    data: Mapping[str, Any], path: str = "price", windows: Mapping[str, Window] | None = None
) -> Price:
    """Read a price in the published schema. BadPrice names the field (under `path`) and the fix.

    windows  those defined around the price, by name; the price's own go before them
    """
    data = object_from(data, path)
    model = choice_of(data, "model", _MODELS, path)
    refuse_unknown(data, _fields_of(model), path)
    reading = Reading(currency_of(data, path), {**(windows or {}), **windows_from(data, path)})
    if model not in _FIXED:
        return _usage_price(model, data, path, reading)
    make, kinds, names = _FIXED[model]
    known = {**names, "currency": reading.currency}
    price = value_from(make, {**_HEAD, **kinds}, data, path, reading, **known)
    if isinstance(price, RecurringPrice):
        _check_early_end(price, path)
    return price


def price_to_dict(price: Price) -> dict[str, Any]:
    """The price in the published schema, every field written out: the inverse of `price_from`."""
    currency = price.currency
    head = {**value_to_dict(price, _HEAD, currency), "currency": currency}
    if not isinstance(price, UsagePrice):
        name = next(name for name, (make, _, _) in _FIXED.items() if isinstance(price, make))
        return {"model": name, **head, **value_to_dict(price, _FIXED[name][1], currency)}
    if isinstance(price.model, Allowance):
        model = {"model": "allowance", **allowance_to_dict(price.model, currency)}
    else:
        model = model_to_dict(price.model, currency)
    windows = windows_to_dict(windows_of(price.model))
    return {
        **model,
        **head,
        **({"unit": price.unit} if price.unit else {}),
        **(value_to_dict(price, _DIRECTED, currency) if _is_directed(price) else {}),
        **value_to_dict(price, _USAGE, currency),
        **({"windows": windows} if windows else {}),
    }


def _fields_of(model: str) -> tuple[str, ...]:
    if model in _FIXED:
        return ("model", "currency", *_HEAD, *_FIXED[model][1])
    own = ALLOWANCE_FIELDS if model == "allowance" else model_fields(model)
    return ("model", "currency", *_HEAD, "unit", "direction", *own, *_USAGE, "windows")


def _usage_price(model: str, data: Mapping[str, Any], path: str, reading: Reading) -> UsagePrice:
    unit = unit_from(model, data, path)
    currency, windows = reading
    price = value_from(
        UsagePrice,
        {**_HEAD, **_DIRECTED, **_USAGE},
        data,
        path,
        reading,
        code="usage",
        name=_USAGE_NAMES[measure_of(unit)],
        currency=currency,
        unit=unit,
        model=(
            allowance_from(data, path, currency, windows)
            if model == "allowance"
            else model_from(model, data, path, currency, windows)
        ),
    )
    if data.get("direction") is not None and not _is_directed(price):
        raise BadPrice(
            f"{path}.direction",
            f"{unit or 'an amount'} has no direction",
            "leave it out: only octets and levels go up and down",
        )
    _check_started(price, model, path)
    _check_commitment(price, path)
    return price


def _is_directed(price: UsagePrice) -> bool:
    return measure_of(price.unit) in ("octets", "level")


def _check_started(price: UsagePrice, model: str, path: str) -> None:
    """A quantity is rounded up in one place: the whole of it, or in blocks, or in increments."""
    if price.per_started is None or model in ("per_unit", "percentile"):
        return
    if isinstance(price.model, Package) or has_blocks(price.model):
        problem, fix = "blocks count in started ones already", "leave it out, or the blocks"
    elif model in ("graduated", "volume"):
        return
    elif model == "allowance":
        problem = "it is not the whole quantity that is charged"
        fix = 'leave it out: an overage of "model" "package" charges started blocks of any size'
    else:
        problem, fix = f"{model} does not count started units", "leave it out"
    raise BadPrice(f"{path}.per_started", problem, fix)


def _check_commitment(price: UsagePrice, path: str) -> None:
    least, most = price.minimum, price.maximum
    if least is not None and most is not None and least > most:
        raise BadPrice(
            f"{path}.minimum",
            f"{major_text(least, price.currency)} lies above the maximum,"
            f" {major_text(most, price.currency)}",
            "lower it, or raise the maximum",
        )
    has_part = least is not None or most is not None or isinstance(price.model, Percentile)
    if price.part_period == "prorated" and not has_part and not isinstance(price.model, Allowance):
        raise BadPrice(
            f"{path}.part_period", "there is nothing to prorate", "give a minimum or a maximum"
        )


def _check_early_end(price: RecurringPrice, path: str) -> None:
    if price.early_end == "re-rate" and price.re_rated_at is None:
        raise BadPrice(
            f"{path}.re_rated_at",
            'it is missing, and early_end is "re-rate"',
            "write what a month costs who ends early",
        )
    if price.early_end != "re-rate" and price.re_rated_at is not None:
        raise BadPrice(
            f"{path}.re_rated_at",
            f'an early end is not re-rated: early_end is "{price.early_end}"',
            'write early_end = "re-rate", or leave it out',
        )

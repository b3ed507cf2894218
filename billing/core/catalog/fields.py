"""Fields of a price as people write them, read strictly; a refusal names the path and the fix."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, cast

from billing.core.catalog.prices import BadPrice
from billing.core.money import UnknownCurrency, minor_digits

_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")  # far above any price or quantity
_MISSING = object()


def refuse_unknown(data: Mapping[str, Any], known: Sequence[str], path: str) -> None:
    for field in data:
        if field not in known:
            near = get_close_matches(str(field), known, n=1)
            fix = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(known)}"
            raise BadPrice(f"{path}.{field}", "there is no such field", fix)


def choice_of(
    data: Mapping[str, Any],
    field: str,
    choices: Sequence[str],
    path: str,
    default: object = _MISSING,
) -> str:
    value = data.get(field, default)
    listed = ", ".join(choices)
    if value is _MISSING:
        raise BadPrice(f"{path}.{field}", "it is missing", f"write one of {listed}")
    if value not in choices:
        near = get_close_matches(str(value), choices, n=1)
        fix = f"did you mean {near[0]}?" if near else f"write one of {listed}"
        raise BadPrice(f"{path}.{field}", f"{value!r} is unknown", fix)
    return str(value)


def currency_of(data: Mapping[str, Any], path: str) -> str:
    code = text_of(data, "currency", path)
    try:
        minor_digits(code)
    except UnknownCurrency:
        raise BadPrice(
            f"{path}.currency", f"{code!r} is unknown", "write an ISO 4217 code such as EUR"
        ) from None
    return code


def text_of(data: Mapping[str, Any], field: str, path: str, default: object = _MISSING) -> str:
    value = data.get(field, default)
    if value is _MISSING:
        raise BadPrice(f"{path}.{field}", "it is missing", "write it")
    if not isinstance(value, str) or not value.strip():
        raise BadPrice(f"{path}.{field}", f"{value!r} is not text", "write text in quotes")
    return value


def flag_of(data: Mapping[str, Any], field: str, path: str, *, default: bool) -> bool:
    value = data.get(field, default)
    if not isinstance(value, bool):
        raise BadPrice(f"{path}.{field}", f"{value!r} is not a yes or no", "write true or false")
    return value


def list_of(data: Mapping[str, Any], field: str, path: str) -> Sequence[Mapping[str, Any]]:
    value: object = data.get(field)
    if not isinstance(value, list | tuple) or not value:
        raise BadPrice(f"{path}.{field}", "there is none", "list at least one")
    for place, entry in enumerate(cast(Sequence[object], value)):
        if not isinstance(entry, Mapping):
            raise BadPrice(f"{path}.{field}[{place}]", f"{entry!r} is no object", "name its fields")
    return cast(Sequence[Mapping[str, Any]], value)


def count_of(data: Mapping[str, Any], field: str, path: str, *, at_least: int) -> int:
    """A whole number, not below so many."""
    value: object = data.get(field)
    if value is None:
        raise BadPrice(f"{path}.{field}", "it is missing", f"write a number from {at_least}")
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise BadPrice(
            f"{path}.{field}", f"{value!r} is no such number", f"write a number from {at_least}"
        )
    return value


def object_of(data: Mapping[str, Any], field: str, path: str) -> Mapping[str, Any]:
    return object_from(data.get(field), f"{path}.{field}")


def object_from(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadPrice(path, f"{value!r} is no object", "name its fields")
    return cast(Mapping[str, Any], value)


def day_of(data: Mapping[str, Any], field: str, path: str) -> date:
    value: object = data.get(field)
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadPrice(
            f"{path}.{field}", f"{value!r} is no day", "write it as 2026-01-31"
        ) from None


def number_of(
    data: Mapping[str, Any], field: str, path: str, default: Fraction | None = None
) -> Fraction:
    """A quantity that is not negative, exact."""
    value: object = data.get(field)
    if value is None and default is not None:
        return default
    if value is None:
        raise BadPrice(f"{path}.{field}", "it is missing", 'write decimal text such as "50"')
    if isinstance(value, float):
        raise BadPrice(f"{path}.{field}", f"{value!r} is not exact", f'write "{value!r}" in quotes')
    if isinstance(value, bool) or not (
        isinstance(value, int | str) and _DECIMAL.fullmatch(str(value))
    ):
        fix = 'write digits and a point, such as "0.50"'
        raise BadPrice(f"{path}.{field}", f"{value!r} is no number", fix)
    number = Fraction(value)
    if number < 0:
        raise BadPrice(f"{path}.{field}", f"{value} is negative", "write zero or more")
    return number


def money_of(
    data: Mapping[str, Any],
    field: str,
    path: str,
    currency: str,
    default: Fraction | None = None,
) -> Fraction:
    """An amount in the major unit, as exact minor units."""
    return number_of(data, field, path, default) * 10 ** minor_digits(currency)

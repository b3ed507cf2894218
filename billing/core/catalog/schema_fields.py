"""How the fields of a value are read and written: one table for each value, both ways from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from billing.core.catalog.fields import (
    choice_of,
    count_of,
    flag_of,
    money_of,
    number_of,
    refuse_unknown,
    text_of,
)
from billing.core.catalog.prices import BadPrice
from billing.core.catalog.windows import Window
from billing.core.money import decimal_text, major_text

T = TypeVar("T")


class Reading(NamedTuple):
    """What fields are read with: the price's currency and the windows it may name."""

    currency: str
    windows: Mapping[str, Window]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of field: read(data, field, path, reading) and write(value, currency)."""

    read: Callable[[Mapping[str, Any], str, str, Reading], Any]
    write: Callable[[Any, str], Any]


Kinds = Mapping[str, Kind]


def _as_is(value: Any, currency: str) -> Any:
    return value


def _percent(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Fraction:
    percent = number_of(data, field, path)
    if percent > 100:
        raise BadPrice(
            f"{path}.{field}",
            f"{decimal_text(percent)} % is more than the whole",
            "write per cent from 0 to 100",
        )
    return percent


def choice(*choices: str) -> Kind:
    """One of a few words."""
    return Kind(lambda data, field, path, _: choice_of(data, field, choices, path), _as_is)


def count(at_least: int) -> Kind:
    """A whole number of at least so many."""

    def read(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> int:
        return count_of(data, field, path, at_least=at_least)

    return Kind(read, _as_is)


def size(of_what: str) -> Kind:
    """A quantity above zero."""

    def read(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Fraction:
        number = number_of(data, field, path)
        if number == 0:
            raise BadPrice(f"{path}.{field}", f"{of_what} holds nothing", "write its size in units")
        return number

    return Kind(read, lambda number, _: decimal_text(number))


MONEY = Kind(
    lambda data, field, path, reading: money_of(data, field, path, reading.currency), major_text
)
NUMBER = Kind(
    lambda data, field, path, _: number_of(data, field, path),
    lambda number, _: decimal_text(number),
)
PERCENT = Kind(_percent, lambda number, _: decimal_text(number))
FLAG = Kind(lambda data, field, path, _: flag_of(data, field, path, default=False), _as_is)
TEXT = Kind(lambda data, field, path, _: text_of(data, field, path), _as_is)


def value_from(
    make: Callable[..., T],
    kinds: Kinds,
    data: Mapping[str, Any],
    path: str,
    reading: Reading,
    **known: Any,
) -> T:
    """A value out of its fields; what is left out has the value's own default, or is refused."""
    required = _required(make)
    given = {
        name: kind.read(data, name, path, reading)
        for name, kind in kinds.items()
        if data.get(name) is not None or (name in required and name not in known)
    }
    return make(**{**known, **given})


def value_to_dict(value: Any, kinds: Kinds, currency: str) -> dict[str, Any]:
    """The fields of a value, written out in full; what it does not have is left out."""
    written = {name: (kind, getattr(value, name)) for name, kind in kinds.items()}
    return {
        name: kind.write(held, currency)
        for name, (kind, held) in written.items()
        if held is not None
    }


def parts_from(
    make: Callable[..., T],
    kinds: Kinds,
    listed: Sequence[Mapping[str, Any]],
    path: str,
    reading: Reading,
) -> tuple[T, ...]:
    """Values of one kind out of a list of objects, each with its place in the path."""
    read: list[T] = []
    for place, entry in enumerate(listed):
        refuse_unknown(entry, tuple(kinds), f"{path}[{place}]")
        read.append(value_from(make, kinds, entry, f"{path}[{place}]", reading))
    return tuple(read)


@lru_cache(maxsize=64)
def _required(make: Any) -> frozenset[str]:
    return frozenset(
        field.name
        for field in fields(make)
        if field.init and field.default is MISSING and field.default_factory is MISSING
    )

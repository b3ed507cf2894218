"""Rate tables of calls as people write them: each number and minute of the week has one rate."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations, pairwise
from typing import Any, cast

from billing.core.catalog.fields import list_of, refuse_unknown
from billing.core.catalog.models import CallRate, CallStep, Destination
from billing.core.catalog.prices import BadPrice
from billing.core.catalog.schema_fields import (
    MONEY,
    TEXT,
    Kind,
    Kinds,
    Reading,
    count,
    parts_from,
    value_from,
    value_to_dict,
)
from billing.core.catalog.schema_windows import week_minute, window_named
from billing.core.catalog.windows import Window, common_minute, uncovered_minute
from billing.core.errors import BillingError
from billing.core.period import local_time

_STEP: Kinds = {"after": count(at_least=1), "per_minute": MONEY, "increment": count(at_least=1)}


def _read_window(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Window:
    return window_named(data, field, path, reading.windows)


def _read_steps(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
    written: object = data[field]
    if not written and isinstance(written, list | tuple):
        return ()
    listed = list_of(data, field, path)
    steps = parts_from(CallStep, _STEP, listed, f"{path}.{field}", reading)
    for place, (one, other) in enumerate(pairwise(steps), start=1):
        if other.after <= one.after:
            raise BadPrice(
                f"{path}.{field}[{place}].after",
                f"{other.after} s is not later than {one.after} s",
                "list steps by rising after",
            )
    return steps


def _read_prefixes(
    data: Mapping[str, Any], field: str, path: str, reading: Reading
) -> tuple[str, ...]:
    listed: object = data[field]
    if not isinstance(listed, list | tuple):
        raise BadPrice(f"{path}.{field}", f"{listed!r} is no list", 'write it as ["353", "44"]')
    prefixes = [str(prefix) for prefix in cast(Sequence[object], listed)]
    for place, prefix in enumerate(prefixes):
        if not (prefix.isascii() and prefix.isdigit()):
            raise BadPrice(
                f"{path}.{field}[{place}]",
                f"{prefix!r} are no digits",
                "write the country code and what follows, without + or 00",
            )
    return tuple(prefixes)


_RATE: Kinds = {
    "per_minute": MONEY,
    "window": Kind(_read_window, lambda window, _: window.name),
    "minimum": count(at_least=0),
    "increment": count(at_least=1),
    "connection": MONEY,
    "then": Kind(
        _read_steps,
        lambda steps, currency: [value_to_dict(step, _STEP, currency) for step in steps],
    ),
}


def _read_rates(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
    here = f"{path}.{field}"
    rates = parts_from(CallRate, _RATE, list_of(data, field, path), here, reading)
    _check_hours(rates, here)
    return rates


_DESTINATION: Kinds = {
    "name": TEXT,
    "prefixes": Kind(_read_prefixes, lambda prefixes, _: list(prefixes)),
    "rates": Kind(
        _read_rates,
        lambda rates, currency: [value_to_dict(rate, _RATE, currency) for rate in rates],
    ),
}


def _read_destinations(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> Any:
    here = f"{path}.{field}"
    read: list[Destination] = []
    for place, entry in enumerate(list_of(data, field, path)):
        refuse_unknown(entry, tuple(_DESTINATION), f"{here}[{place}]")
        read.append(
            value_from(Destination, _DESTINATION, entry, f"{here}[{place}]", reading, prefixes=())
        )
    _check_numbers(read, here)
    return tuple(read)


def _read_zone(data: Mapping[str, Any], field: str, path: str, reading: Reading) -> str:
    zone = TEXT.read(data, field, path, reading)
    try:
        local_time(datetime(2026, 1, 1, tzinfo=UTC), zone)
    except BillingError:
        raise BadPrice(
            f"{path}.{field}", f"{zone!r} is no time zone", "write one such as Europe/Dublin"
        ) from None
    return zone


DESTINATIONS = Kind(
    _read_destinations,
    lambda listed, currency: [value_to_dict(one, _DESTINATION, currency) for one in listed],
)
ZONE = Kind(_read_zone, lambda zone, _: zone)


def _check_hours(rates: Sequence[CallRate], path: str) -> None:
    """Each minute of the week has one rate: that of its window, or the one without a window."""
    for (first, one), (second, other) in combinations(enumerate(rates), 2):
        if one.window is None or other.window is None:
            if one.window is other.window:
                raise BadPrice(
                    f"{path}[{second}].window",
                    f"neither this rate nor that of [{first}] has one",
                    "give one of them a window",
                )
        elif (minute := common_minute(one.window, other.window)) is not None:
            raise BadPrice(
                f"{path}[{second}].window",
                f"{other.window.name!r} overlaps {one.window.name!r} at {week_minute(minute)}",
                "let windows of one rate table lie apart",
            )
    windows = tuple(rate.window for rate in rates if rate.window is not None)
    if len(windows) == len(rates) and (minute := uncovered_minute(windows)) is not None:
        raise BadPrice(path, f"{week_minute(minute)} has no rate", "add a rate without a window")


def _check_numbers(destinations: Sequence[Destination], path: str) -> None:
    """Each number has one destination: its longest prefix, or the one without prefixes."""
    owner: dict[str, int] = {}
    rest: list[int] = []
    for place, destination in enumerate(destinations):
        if not destination.prefixes:
            rest.append(place)
        for prefix in destination.prefixes:
            if prefix in owner:
                raise BadPrice(
                    f"{path}[{place}].prefixes",
                    f"{prefix} stands in [{owner[prefix]}] already",
                    "give each prefix to one destination",
                )
            owner[prefix] = place
    if not rest:
        raise BadPrice(
            path, "other numbers have no rate", "add a destination without prefixes for them"
        )
    if len(rest) > 1:
        raise BadPrice(
            f"{path}[{rest[1]}].prefixes",
            f"[{rest[0]}] stands for all other numbers already",
            "give it prefixes",
        )

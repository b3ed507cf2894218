"""Units in which usage is measured and priced, and what one of each is in whole base units."""

from typing import Literal

Unit = str  # a key of the tables below; "" for amounts of money, which are in the price's currency
Direction = Literal["down", "up", "both", "larger"]
Measure = Literal["octets", "seconds", "events", "level", "amount"]

DIRECTIONS: tuple[Direction, ...] = ("down", "up", "both", "larger")

OCTETS: dict[Unit, int] = {
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
SECONDS: dict[Unit, int] = {"second": 1, "minute": 60, "hour": 3600}
EVENTS: dict[Unit, int] = {"event": 1}
LEVELS: dict[Unit, int] = {"kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9}

# How many base units (octets, seconds, events, bits a second) one unit is.
BASE_UNITS: dict[Unit, int] = {**OCTETS, **SECONDS, **EVENTS, **LEVELS}


def measure_of(unit: Unit) -> Measure:
    """What a unit measures; an empty unit is an amount of money."""
    if not unit:
        return "amount"
    if unit in OCTETS:
        return "octets"
    if unit in SECONDS:
        return "seconds"
    return "events" if unit in EVENTS else "level"

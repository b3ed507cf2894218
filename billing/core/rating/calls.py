"""Calls: the longest prefix decides the destination, the local clock the rate; then increments."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import chain
from typing import NamedTuple, cast

from billing.core.catalog import CallRate, Calls, Destination
from billing.core.catalog.windows import DAY_MINUTES
from billing.core.period import NaiveInstant, local_time
from billing.core.rating.quantities import BadQuantity, Parts, listed, parts_of
from billing.core.usage.measured import Call

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
ZERO = Fraction(0)


class RatedPart(NamedTuple):
    """Seconds of a call that are charged at one rate."""

    window: str  # "" outside of all windows
    per_minute: Fraction  # minor units
    seconds: int
    due: Fraction


class RatedCall(NamedTuple):
    """What one call costs, in exact minor units."""

    call: Call
    destination: str
    connection: Fraction
    parts: tuple[RatedPart, ...]
    seconds: int  # charged
    due: Fraction


class _Held(NamedTuple):
    """A rate and the seconds of the call, [start, end), in which it holds."""

    start: int
    end: int
    rate: CallRate


def calls_from(quantity: object) -> list[Call]:
    """One call or several of them; anything else is refused."""
    calls = [quantity] if isinstance(quantity, Call) else listed(quantity)
    if calls is None or not all(isinstance(call, Call) for call in calls):
        raise BadQuantity(quantity, "its price is one of calls: give a Call, or several of them")
    return cast(list[Call], calls)


def rated_calls(model: Calls, calls: Sequence[Call]) -> list[RatedCall]:
    """What each call costs, in the order given."""
    return [_rated(model, call) for call in calls]


def call_parts(rated: Sequence[RatedCall]) -> Parts:
    """What calls cost together; its increments are the calls."""
    return parts_of([one.due for one in rated])


def destination_of(model: Calls, to: str) -> Destination:
    """Where a number is: the destination with the longest prefix that it begins with."""
    known = model.by_prefix
    return next(known[to[:length]] for length in range(len(to), -1, -1) if to[:length] in known)


def _rated(model: Calls, call: Call) -> RatedCall:
    if call.start.tzinfo is None:
        raise NaiveInstant(call.start)
    if call.seconds < 0:
        raise BadQuantity(call.seconds, "a call lasts no negative time")
    destination = destination_of(model, call.to)
    if not call.seconds and model.unanswered == "free":
        return RatedCall(call, destination.name, ZERO, (), 0, ZERO)
    first = _rate_at(destination, call.start, model.zone)
    charged = _charged(model, destination, first, call)
    parts = tuple(
        RatedPart(rate.window.name if rate.window else "", price, n, price * n / 60)
        for rate, price, n in _merged(charged)
    )
    due = first.connection + sum((part.due for part in parts), ZERO)
    seconds = sum(part.seconds for part in parts)
    return RatedCall(call, destination.name, first.connection, parts, seconds, due)


_Charged = list[tuple[CallRate, Fraction, int]]  # rate, its price a minute at that time, seconds


def _charged(model: Calls, destination: Destination, first: CallRate, call: Call) -> _Charged:
    """The seconds that are charged, in order; what happens at an edge is the model's at_edge."""
    if not model.split or len(destination.rates) == 1:
        return _in_increments(first, 0, call.seconds)[0]
    charged: _Charged = []
    if model.at_edge == "second":
        _, counted = _in_increments(first, 0, call.seconds)
        for start, end, rate in _held(model, destination, call, counted):
            charged += _by_the_second(rate, start, end)
        return charged
    reached = 0
    for start, end, rate in _held(model, destination, call, call.seconds):
        begins = start if model.at_edge == "part" else reached
        if begins < end:
            found, reached = _in_increments(rate, begins, end)
            charged += found
    return charged


def _in_increments(rate: CallRate, start: int, end: int) -> tuple[_Charged, int]:
    """Seconds [start, end) of a call in started increments, and the second they reach to.

    The first increment of a call is the rate's minimum. An increment pays what holds at its begin.
    """
    charged: _Charged = []
    at = start
    if start == 0 and rate.minimum:
        charged.append((rate, rate.per_minute, rate.minimum))
        at = rate.minimum
    for begins, ends, price, increment in _steps(rate, end):
        if begins <= at < ends:
            seconds = -(-(ends - at) // increment) * increment
            charged.append((rate, price, seconds))
            at += seconds
    return charged, max(at, start)


def _by_the_second(rate: CallRate, start: int, end: int) -> _Charged:
    """Seconds [start, end) of a call, each at what holds in it."""
    return [
        (rate, price, min(ends, end) - max(begins, start))
        for begins, ends, price, _ in _steps(rate, end)
        if max(begins, start) < min(ends, end)
    ]


def _steps(rate: CallRate, end: int) -> list[tuple[int, int, Fraction, int]]:
    """From second, to second, price a minute, increment: the rate's own, then of its steps."""
    begins = [(0, rate.per_minute, rate.increment)]
    begins += [(step.after, step.per_minute, step.increment) for step in rate.then]
    ends = [step.after for step in rate.then] + [end]
    return [
        (start, min(stop, end), price, increment)
        for (start, price, increment), stop in zip(begins, ends, strict=True)
    ]


def _held(model: Calls, destination: Destination, call: Call, seconds: int) -> list[_Held]:
    """The rates that hold from the call's start for so many seconds, without a gap."""
    edges = {0, *(edge for r in destination.rates if r.window for edge in r.window.edges)}
    held: list[_Held] = []
    at = begun = call.start.astimezone(UTC)  # a local clock would not count an hour set back
    until = begun + seconds * SECOND
    while at < until:
        rate = _rate_at(destination, at, model.zone)
        end = min(_next_edge(destination, rate, at, model.zone, edges), until)
        start = held[-1].end if held else 0
        held.append(_Held(start, -(-(end - begun) // SECOND), rate))
        at = end
    return held


def _rate_at(destination: Destination, at: datetime, zone: str) -> CallRate:
    local = local_time(at, zone)
    windowed = (rate for rate in destination.rates if rate.window and rate.window.contains(local))
    rest = (rate for rate in destination.rates if rate.window is None)
    return next(chain(windowed, rest))  # the schema refuses a minute that has no rate


def _next_edge(
    destination: Destination, rate: CallRate, at: datetime, zone: str, edges: set[int]
) -> datetime:
    """An instant after `at` up to which its rate holds: the next edge on the local clock."""
    local = local_time(at, zone)
    minute = local.hour * 60 + local.minute
    ahead = min((edge - minute) % DAY_MINUTES or DAY_MINUTES for edge in edges)
    begun = at.replace(second=0, microsecond=0)
    edge = begun + ahead * MINUTE
    if local_time(edge, zone).utcoffset() == local.utcoffset():
        return edge
    found = begun + MINUTE  # the clocks change on the way: look at every minute
    while found < edge and _rate_at(destination, found, zone) is rate:
        found += MINUTE
    return found


def _merged(charged: _Charged) -> _Charged:
    """Neighbours at one rate and price as one."""
    merged: _Charged = []
    for rate, price, seconds in charged:
        if merged and merged[-1][0] is rate and merged[-1][1] == price:
            seconds += merged.pop()[2]
        merged.append((rate, price, seconds))
    return merged

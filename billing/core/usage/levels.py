"""Levels: the traffic of a port over five minutes, joined, and whose it was.

Of several reports of one slot the highest counts. A slot that nobody reported is missing: it is
no level of zero.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from billing.core.period import Span
from billing.core.usage.claims import Claim, holders
from billing.core.usage.fields import (
    MALFORMED,
    TEXT_OCTETS_MAX,
    Unmeasurable,
    measured_at,
    octets_of,
    text,
    whole,
)
from billing.core.usage.identities import identity_of_port
from billing.core.usage.measured import Sample
from billing.core.usage.settings import Settings

LEVEL = "level-above-line-rate"
SLOT_SECONDS = 300
LEVEL_MAX = 2**63 - 1
# A counter read a little late shows a little more than the line can carry.
_SLACK_SECONDS = 60


class LevelReport(NamedTuple):
    """What one report says of a slot of a port, an identity: bits a second, down and up."""

    port: str
    at: int  # start of the slot, epoch seconds
    down: int
    up: int


def level_report(fields: Mapping[str, Any], settings: Settings) -> LevelReport:
    """What a record of type level measured. Raises Unmeasurable.

    An interval that does not begin on a five-minute mark belongs to the slot it begins in.
    """
    nas, port = text(fields, "nas_id"), text(fields, "port")
    if not nas or not port:
        missing = "port" if nas else "nas_id"
        raise Unmeasurable(MALFORMED, f"{missing} is missing: whose level is it?")
    if "/" in nas:
        raise Unmeasurable(MALFORMED, f"nas_id is {nas!r}: use a name without /")
    if octets_of(nas) + octets_of(port) > TEXT_OCTETS_MAX:
        problem = f"nas_id and port together must be texts of up to {TEXT_OCTETS_MAX} octets"
        raise Unmeasurable(MALFORMED, problem)
    seconds = fields.get("seconds")
    if type(seconds) is not int or seconds != SLOT_SECONDS:
        problem = f"seconds is {seconds!r}: send the level of each {SLOT_SECONDS} seconds"
        raise Unmeasurable(MALFORMED, problem)
    down = whole(fields, "down_bps", LEVEL_MAX, LEVEL, None)
    up = whole(fields, "up_bps", LEVEL_MAX, LEVEL, None)
    rate = settings.line_rates.get(nas, settings.line_rate_other)
    if max(down, up) * SLOT_SECONDS > rate * (SLOT_SECONDS + _SLACK_SECONDS):
        problem = (
            f"down_bps {down} and up_bps {up} are above the line rate of {nas}, "
            f"{rate // 10**6} Mbit/s: correct the level"
        )
        raise Unmeasurable(LEVEL, problem)
    at = measured_at(fields, "at", SLOT_SECONDS, "the interval")
    return LevelReport(identity_of_port(nas, port), slot_of(at), down, up)


def slot_of(second: int) -> int:
    """The start of the five minutes a second lies in."""
    return second - second % SLOT_SECONDS


def samples_by_service(
    claims: Iterable[Claim], reports: Iterable[LevelReport], span: Span
) -> dict[str, tuple[Sample, ...]]:
    """The levels of slots that began in a span, by the service that held the port as they began.

    For each service of the claims, by slot. What a service with several ports had on them in one
    slot is one level, their sum.
    """
    claims = list(claims)
    highest: dict[tuple[str, int], tuple[int, int]] = {}
    for port, at, down, up in reports:
        old_down, old_up = highest.get((port, at), (0, 0))
        highest[port, at] = (max(down, old_down), max(up, old_up))
    levels: dict[str, dict[datetime, tuple[int, int]]] = {one.service_id: {} for one in claims}
    holding = holders(claims)
    for (port, second), (down, up) in highest.items():
        at = datetime.fromtimestamp(second, UTC)
        for service in holding(port, at) if span.contains(at) else ():
            other_down, other_up = levels[service].get(at, (0, 0))
            levels[service][at] = (down + other_down, up + other_up)
    return {
        service: tuple(Sample(at, *slots[at]) for at in sorted(slots))
        for service, slots in levels.items()
    }


def unclaimed_slots(claims: Iterable[Claim], reports: Iterable[LevelReport], span: Span) -> int:
    """How many slots with traffic began in a span when nobody held their port."""
    holding = holders(claims)
    slots = {(one.port, one.at) for one in reports if one.down or one.up}
    begun = [(port, datetime.fromtimestamp(at, UTC)) for port, at in slots]
    return sum(span.contains(at) and not holding(port, at) for port, at in begun)

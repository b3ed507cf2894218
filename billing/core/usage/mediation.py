"""Mediation: packs become segments, suspended records and received intervals.

What is suspended follows from the record itself and from settings that do not change with the
time, so delivering it again can never end otherwise.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from billing.core.errors import BillingError
from billing.core.usage.completeness import Received, join_received, runs_of
from billing.core.usage.packs import MALFORMED, VERSION, Pack, Suspended, canonical
from billing.core.usage.segments import Segment, segments_of
from billing.core.usage.sessions import Snapshot
from billing.core.usage.settings import Settings

UNKNOWN_TYPE = "unknown-type"
CLOCK = "clock"
OCTETS = "octets-above-line-rate"

DELAY_SECONDS_MAX = 86_400  # a router that held a record for longer has lost its clock
SESSION_SECONDS_MAX = 5 * 366 * 86_400
# Nothing is counted by a router's own clock, and many show local time; a day ahead is broken.
CLOCK_AHEAD_SECONDS_MAX = 86_400
# 253 octets (RFC 2865 §5), each written as \\xNN. Identities are keys, which end at 1,024 octets.
TEXT_OCTETS_MAX = 1012
OCTETS_MAX = 2**63 - 1
# A counter is read a little after the session time it is sent with, and bursts are allowed for.
LINE_RATE_SLACK_SECONDS = 60
_YEARS = (2000, 2100)
# A pack of junk is one item in suspense, not one for each record; what counts in it, counts.
REFUSED_APART_MAX = 100
EXAMPLES_MAX = 3

_OF_A_SESSION = frozenset({"start", "interim", "stop"})
_OF_A_NAS = frozenset({"on", "off"})
_HEX_PAIRS = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of packs comes to."""

    segments: tuple[Segment, ...]
    suspended: tuple[Suspended, ...]
    received: tuple[Received, ...]
    stored: int  # records that count, repeats among them


class Unmeasurable(BillingError):
    """A record that cannot be counted as it is."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason


def mediate(received: Iterable[Pack | Suspended], settings: Settings) -> Batch:
    """Judge every record and sort what counts; any cut of the same packs stores the same facts."""
    measured: list[tuple[str, Snapshot]] = []
    suspended: list[Suspended] = []
    intervals: list[Received] = []
    stored = 0
    for pack in received:
        if isinstance(pack, Suspended):
            suspended.append(pack)
            continue
        refused: dict[int, Unmeasurable] = {}
        for place, record in enumerate(pack.records):
            try:
                found = measured_by(record, settings)
            except Unmeasurable as error:
                # Without its traceback, which would keep a frame for each of 100,000.
                refused[place] = error.with_traceback(None)
                continue
            stored += 1
            if found is not None:
                measured.append(found)
        if len(refused) > REFUSED_APART_MAX:
            suspended.append(_suspended_together(refused, pack))
        else:
            suspended += [_suspended(error, pack, place) for place, error in refused.items()]
        if pack.records and pack.first_seq is not None:
            intervals.append(_received(pack, pack.first_seq, refused))
    segments = segments_of(measured, settings.buckets, settings.grid)
    return Batch(segments, tuple(suspended), join_received(intervals), stored)


def measured_by(record: Any, settings: Settings) -> tuple[str, Snapshot] | None:
    """Whose octets a record measured, and what; None for a NAS that went on or off.

    On and Off end sessions that are silent anyway, and what began anew shows in the next starts.
    Raises Unmeasurable.
    """
    if not isinstance(record, dict):
        raise Unmeasurable(MALFORMED, "a record must be an object with type, session_id, octets_in")
    fields = cast(Mapping[str, Any], record)
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise Unmeasurable(MALFORMED, f"type is {kind!r}: use a text such as interim")
    if kind in _OF_A_NAS:
        return None
    if kind not in _OF_A_SESSION:
        raise Unmeasurable(UNKNOWN_TYPE, f"type is {kind!r}: use start, interim, stop, on or off")
    nas = _text(fields, "nas_id") or _text(fields, "nas_ip")
    session_id = _text(fields, "session_id")
    if not nas or not session_id:
        missing = "session_id" if nas else "nas_id (or nas_ip)"
        raise Unmeasurable(MALFORMED, f"{missing} is missing: the session cannot be told apart")
    second = _second(fields)
    # Only a Start may leave out what is zero when a session begins (RFC 2866 §5.3, §5.4, §5.7).
    missing = 0 if kind == "start" else None
    session_time = _whole(fields, "session_time", SESSION_SECONDS_MAX, CLOCK, missing)
    octets_in = _whole(fields, "octets_in", OCTETS_MAX, OCTETS, missing)
    octets_out = _whole(fields, "octets_out", OCTETS_MAX, OCTETS, missing)
    rate = settings.line_rates.get(nas, settings.line_rate_other)
    if max(octets_in, octets_out) * 8 > rate * (session_time + LINE_RATE_SLACK_SECONDS):
        problem = (
            f"octets_in {octets_in} and octets_out {octets_out} in session_time {session_time} s "
            f"are above the line rate of {nas}, {rate // 10**6} Mbit/s: correct the counter"
        )
        raise Unmeasurable(OCTETS, problem)
    identity = _identity(fields)
    session_class = _text(fields, "class")
    start, stopped = second - session_time, kind == "stop"
    return identity, Snapshot(
        nas, session_id, session_class, start, second, octets_in, octets_out, stopped
    )


def identity_of_user(user_name: str) -> str:
    """How a RADIUS User-Name is written as an identity; names are case-sensitive."""
    return f"user:{user_name}"


def identity_of_mac(address: str) -> str:
    """How a MAC address is written as an identity, whatever separators it came with."""
    digits = re.sub(r"[-:. ]", "", address.strip().lower())
    if not _HEX_PAIRS.fullmatch(digits):
        return f"mac:{address.strip()}"
    return "mac:" + ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _identity(fields: Mapping[str, Any]) -> str:
    if name := _text(fields, "user_name"):
        return identity_of_user(name)
    if address := _text(fields, "calling_station_id"):
        return identity_of_mac(address)
    raise Unmeasurable(MALFORMED, "user_name and calling_station_id are missing: whose is it?")


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not _is_unicode(value) or _octets(value) > TEXT_OCTETS_MAX:
        raise Unmeasurable(MALFORMED, f"{name} must be a text of up to {TEXT_OCTETS_MAX} octets")
    return value


def _whole(
    fields: Mapping[str, Any], name: str, most: int, reason: str, missing: int | None = 0
) -> int:
    value = fields.get(name, missing)
    if type(value) is not int or value < 0:
        raise Unmeasurable(MALFORMED, f"{name} is {value!r}: use a whole number from 0")
    if value > most:
        raise Unmeasurable(reason, f"{name} is {value}, above {most}: correct it")
    return value


def _second(fields: Mapping[str, Any]) -> int:
    """The second of the measurement: receipt at the collector less the time the router held it."""
    received_at = _instant(fields, "received_at")
    delay = _whole(fields, "delay_time", DELAY_SECONDS_MAX, CLOCK)
    if fields.get("event_timestamp") is not None:
        ahead = _instant(fields, "event_timestamp") - received_at
        if ahead > CLOCK_AHEAD_SECONDS_MAX:
            problem = (
                f"event_timestamp is {ahead:.0f} s after received_at: set the router's clock, "
                "then correct the record"
            )
            raise Unmeasurable(CLOCK, problem)
    return int(received_at) - delay


def _instant(fields: Mapping[str, Any], name: str) -> float:
    """Epoch seconds of an RFC 3339 text, or of RADIUS' own seconds since 1970 (RFC 2869 §5.3)."""
    value = fields.get(name)
    try:
        at = datetime.fromtimestamp(value, UTC) if type(value) is int else _parsed(value)
    except (TypeError, ValueError, OverflowError, OSError):
        problem = f"{name} is {value!r}: use an instant such as 2026-10-01T09:30:00.000Z"
        raise Unmeasurable(MALFORMED, problem) from None
    if at.tzinfo is None:
        raise Unmeasurable(MALFORMED, f"{name} is {value!r}, without a zone: add Z")
    if not _YEARS[0] <= at.year < _YEARS[1]:
        raise Unmeasurable(CLOCK, f"{name} is {value!r}: set the clock it was read from")
    return at.timestamp()


def _is_unicode(value: str) -> bool:
    """JSON can spell halves of surrogate pairs, which no table can store."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _octets(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode())


def _parsed(value: Any) -> datetime:
    return datetime.fromisoformat(value)


def _suspended(error: Unmeasurable, pack: Pack, place: int) -> Suspended:
    record = pack.records[place]
    receipt = _receipt(record)
    day = pack.arrived if receipt is None else receipt.date()
    seq = None if pack.first_seq is None else pack.first_seq + place
    raw = canonical(record)
    return Suspended(error.reason, str(error), raw, day, pack.collector, pack.boot, seq)


def _suspended_together(refused: Mapping[int, Unmeasurable], pack: Pack) -> Suspended:
    """Refused records of one pack, more than anybody looks at one by one: all of them, in a pack.

    `seqs` says the runs of numbers they had. Sent through again, the records count without any.
    """
    first = 0 if pack.first_seq is None else pack.first_seq
    reasons = Counter(error.reason for error in refused.values())
    some = "; ".join(
        f"record {first + place}: {str(error)[:200]}"
        for place, error in islice(refused.items(), EXAMPLES_MAX)
    )
    counted = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    problem = f"{len(refused)} of {len(pack.records)} records of one pack ({counted}): {some}"
    content = {
        "v": VERSION,
        "collector": pack.collector,
        "boot": pack.boot,
        "seqs": runs_of(first + place for place in refused),
        "records": [pack.records[place] for place in refused],
    }
    (reason, _), *_ = reasons.most_common(1)
    return Suspended(reason, problem, canonical(content), pack.arrived, pack.collector, pack.boot)


def _received(pack: Pack, first: int, refused: Iterable[int]) -> Received:
    """The run of numbers a pack covers, dated by the outermost records that tell the time."""
    arrived = datetime(pack.arrived.year, pack.arrived.month, pack.arrived.day, tzinfo=UTC)
    at, until = (
        int(next((at for record in order if (at := _receipt(record))), arrived).timestamp())
        for order in (pack.records, reversed(pack.records))
    )
    return Received(
        pack.collector,
        pack.boot,
        first,
        first + len(pack.records) - 1,
        min(at, until),
        max(at, until),
        tuple(first + place for place in refused),
    )


def _receipt(record: Any) -> datetime | None:
    if not isinstance(record, dict):
        return None
    fields = cast(Mapping[str, Any], record)
    try:
        return datetime.fromtimestamp(_instant(fields, "received_at"), UTC)
    except Unmeasurable:
        return None

"""Mediation: packs become segments, calls, levels, suspended records and received intervals.

What is suspended follows from the record itself and from settings that do not change with the
time, so delivering it again can never end otherwise.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from billing.core.usage.calls import CallReport, call_report
from billing.core.usage.completeness import Received, join_received, runs_of
from billing.core.usage.fields import CLOCK, MALFORMED, Unmeasurable, instant, text, whole
from billing.core.usage.identities import identity_of_mac, identity_of_user
from billing.core.usage.levels import LevelReport, level_report
from billing.core.usage.packs import VERSION, Pack, Suspended, canonical
from billing.core.usage.segments import Segment, segments_of
from billing.core.usage.sessions import Snapshot
from billing.core.usage.settings import Settings

UNKNOWN_TYPE = "unknown-type"
OCTETS = "octets-above-line-rate"

DELAY_SECONDS_MAX = 86_400  # a router that held a record for longer has lost its clock
SESSION_SECONDS_MAX = 5 * 366 * 86_400
# Nothing is counted by a router's own clock, and many show local time; a day ahead is broken.
CLOCK_AHEAD_SECONDS_MAX = 86_400
OCTETS_MAX = 2**63 - 1
# A counter is read a little after the session time it is sent with, and bursts are allowed for.
LINE_RATE_SLACK_SECONDS = 60
# A pack of junk is one item in suspense, not one for each record; what counts in it, counts.
REFUSED_APART_MAX = 100
EXAMPLES_MAX = 3

_OF_A_SESSION = frozenset({"start", "interim", "stop"})
_OF_A_NAS = frozenset({"on", "off"})

Measured = tuple[str, Snapshot] | CallReport | LevelReport


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of packs comes to."""

    segments: tuple[Segment, ...]
    suspended: tuple[Suspended, ...]
    received: tuple[Received, ...]
    stored: int  # records that count, repeats among them
    calls: tuple[CallReport, ...] = ()
    levels: tuple[LevelReport, ...] = ()


def mediate(received: Iterable[Pack | Suspended], settings: Settings) -> Batch:
    """Judge every record and sort what counts; any cut of the same packs stores the same facts."""
    measured: list[tuple[str, Snapshot]] = []
    calls: list[CallReport] = []
    levels: list[LevelReport] = []
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
            if isinstance(found, CallReport):
                calls.append(found)
            elif isinstance(found, LevelReport):
                levels.append(found)
            elif found is not None:
                measured.append(found)
        if len(refused) > REFUSED_APART_MAX:
            suspended.append(_suspended_together(refused, pack))
        else:
            suspended += [_suspended(error, pack, place) for place, error in refused.items()]
        if pack.records and pack.first_seq is not None:
            intervals.append(_received(pack, pack.first_seq, refused))
    segments = segments_of(measured, settings.buckets, settings.grid)
    received_runs = join_received(intervals)
    return Batch(segments, tuple(suspended), received_runs, stored, tuple(calls), tuple(levels))


def measured_by(record: Any, settings: Settings) -> Measured | None:
    """What a record measured, and whose it is; None for a NAS that went on or off.

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
    if kind in _OF_A_SESSION:
        return _snapshot(kind, fields, settings)
    if kind == "call":
        return call_report(fields)
    if kind == "level":
        return level_report(fields, settings)
    known = ", ".join(sorted(_OF_A_SESSION | _OF_A_NAS | {"call", "level"}))
    raise Unmeasurable(UNKNOWN_TYPE, f"type is {kind!r}: use one of {known}")


def _snapshot(kind: str, fields: Mapping[str, Any], settings: Settings) -> tuple[str, Snapshot]:
    """Whose octets a record of a session measured, and what."""
    nas = text(fields, "nas_id") or text(fields, "nas_ip")
    session_id = text(fields, "session_id")
    if not nas or not session_id:
        missing = "session_id" if nas else "nas_id (or nas_ip)"
        raise Unmeasurable(MALFORMED, f"{missing} is missing: the session cannot be told apart")
    second = _second(fields)
    # Only a Start may leave out what is zero when a session begins (RFC 2866 §5.3, §5.4, §5.7).
    missing = 0 if kind == "start" else None
    session_time = whole(fields, "session_time", SESSION_SECONDS_MAX, CLOCK, missing)
    octets_in = whole(fields, "octets_in", OCTETS_MAX, OCTETS, missing)
    octets_out = whole(fields, "octets_out", OCTETS_MAX, OCTETS, missing)
    rate = settings.line_rates.get(nas, settings.line_rate_other)
    if max(octets_in, octets_out) * 8 > rate * (session_time + LINE_RATE_SLACK_SECONDS):
        problem = (
            f"octets_in {octets_in} and octets_out {octets_out} in session_time {session_time} s "
            f"are above the line rate of {nas}, {rate // 10**6} Mbit/s: correct the counter"
        )
        raise Unmeasurable(OCTETS, problem)
    identity = _identity(fields)
    session_class = text(fields, "class")
    start, stopped = second - session_time, kind == "stop"
    return identity, Snapshot(
        nas, session_id, session_class, start, second, octets_in, octets_out, stopped
    )


def _identity(fields: Mapping[str, Any]) -> str:
    if name := text(fields, "user_name"):
        return identity_of_user(name)
    if address := text(fields, "calling_station_id"):
        return identity_of_mac(address)
    raise Unmeasurable(MALFORMED, "user_name and calling_station_id are missing: whose is it?")


def _second(fields: Mapping[str, Any]) -> int:
    """The second of the measurement: receipt at the collector less the time the router held it."""
    received_at = instant(fields, "received_at")
    delay = whole(fields, "delay_time", DELAY_SECONDS_MAX, CLOCK)
    if fields.get("event_timestamp") is not None:
        ahead = instant(fields, "event_timestamp") - received_at
        if ahead > CLOCK_AHEAD_SECONDS_MAX:
            problem = (
                f"event_timestamp is {ahead:.0f} s after received_at: set the router's clock, "
                "then correct the record"
            )
            raise Unmeasurable(CLOCK, problem)
    return int(received_at) - delay


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
        return datetime.fromtimestamp(instant(fields, "received_at"), UTC)
    except Unmeasurable:
        return None

"""RADIUS accounting as sessions: cumulative counters kept by their maximum, a join in any order.

A session holds what its snapshots say and nothing resolved or subtracted. Joining is associative,
commutative and idempotent, so a record may arrive any number of times, early or late.
Instants here are whole seconds since 1970 UTC: a month of one ISP has millions of them.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

# Starts are computed at the collector and jitter by seconds; after a reboot a router needs longer
# than this to hand the same Acct-Session-Id to the same user again.
START_CHAIN_SECONDS = 600


def octets_from_radius(octets: int, gigawords: int) -> int:
    """Rebuild the octet count of a session from the two 32-bit halves RADIUS reports.

    octets     Acct-Input-Octets or Acct-Output-Octets (RFC 2866 §5.3, §5.4), 0 .. 2**32 - 1
    gigawords  times that counter wrapped around 2**32 (RFC 2869 §5.1, §5.2)

    Input is what the access server received from the subscriber: the upload.
    """
    return (gigawords << 32) + octets


class Snapshot(NamedTuple):
    """What one accounting record measured: the octets of a session so far, at one second."""

    nas: str
    session_id: str
    session_class: str  # "" where the AAA sets no Class
    start: int  # second less Acct-Session-Time; jitters, so it is data and never a key
    second: int  # of the measurement: receipt at the collector less Acct-Delay-Time
    octets_in: int  # since the start, from the subscriber (upload)
    octets_out: int  # since the start, to the subscriber (download)
    stopped: bool  # by an Accounting Stop


class Hour(NamedTuple):
    """The largest octets measured in one grid hour, and its latest measurement.

    Latest below largest is a counter that went backwards. Reordering alone never shows so.
    """

    hour: int  # start of the grid hour
    octets_in: int
    octets_out: int
    second: int
    last_in: int
    last_out: int


class Session(NamedTuple):
    """One session of an identity: the hull of its starts and the measurements per grid hour."""

    nas: str
    session_id: str
    session_class: str
    start_min: int
    start_max: int
    first: tuple[int, int, int]  # earliest measurement: second, octets in, octets out
    stopped: bool
    hours: tuple[Hour, ...]  # ascending

    @property
    def last_second(self) -> int:
        return self.hours[-1].second


# All sessions of one identity, in the order of their fields: equal contents are equal values.
Sessions = tuple[Session, ...]


def session_of(snapshot: Snapshot, hour: int) -> Session:
    """The session as one snapshot knows it; `hour` starts the grid hour of its second."""
    nas, session_id, session_class, start, second, octets_in, octets_out, stopped = snapshot
    measured = Hour(hour, octets_in, octets_out, second, octets_in, octets_out)
    first = (second, octets_in, octets_out)
    return Session(nas, session_id, session_class, start, start, first, stopped, (measured,))


def join(*known: Iterable[Session]) -> Sessions:
    """All that any of them knows of one identity.

    Sessions of one (NAS, Acct-Session-Id, Class) whose starts chain within ten minutes are one.
    Class decides where the AAA sets it: another Class is another session, and the same Class holds
    together what was alive at once, even if a lost Acct-Delay-Time moved the start. It does not
    hold more together, because some AAA servers put the subscriber into Class, and a rebooted
    router counts its session ids from one again.
    """
    parts = sorted(chain.from_iterable(known))
    return tuple(_merged(group) if len(group) > 1 else group[0] for group in _chained(parts))


def octets_before(session: Session, instant: int) -> tuple[int, int]:
    """P(s, t): the largest octets in and out of a session before the start of a grid hour."""
    octets_in = octets_out = 0
    for hour in session.hours:
        if hour.hour >= instant:
            break
        octets_in = max(octets_in, hour.octets_in)
        octets_out = max(octets_out, hour.octets_out)
    return octets_in, octets_out


def newest_second(sessions: Iterable[Session], start: int, end: int | None) -> int | None:
    """When an identity was last measured in the grid hours from start to before end; None: not."""
    return max(
        (
            hour.second
            for session in sessions
            for hour in session.hours
            if start <= hour.hour and (end is None or hour.hour < end)
        ),
        default=None,
    )


def _chained(parts: list[Session]) -> Iterator[list[Session]]:
    """Sort order brings the snapshots of one session together; a gap in their reach parts them."""
    group: list[Session] = []
    reach = 0
    for part in parts:
        if group and part[:3] == group[0][:3] and part.start_min <= reach:
            group.append(part)
            reach = max(reach, _reach(part))
            continue
        if group:
            yield group
        group, reach = [part], _reach(part)
    if group:
        yield group


def _reach(session: Session) -> int:
    """Up to where another start still belongs to this session."""
    reach = session.start_max + START_CHAIN_SECONDS
    return max(reach, session.last_second) if session.session_class else reach


def _merged(group: list[Session]) -> Session:
    hours: dict[int, Hour] = {}
    for session in group:
        for new in session.hours:
            old = hours.get(new.hour)
            hours[new.hour] = new if old is None or old == new else _larger(old, new)
    return Session(
        *group[0][:3],
        start_min=group[0].start_min,
        start_max=max(session.start_max for session in group),
        first=min(session.first for session in group),
        stopped=any(session.stopped for session in group),
        hours=tuple(hours[hour] for hour in sorted(hours)),
    )


def _larger(one: Hour, other: Hour) -> Hour:
    return Hour(
        one.hour,
        max(one.octets_in, other.octets_in),
        max(one.octets_out, other.octets_out),
        *max(one[3:], other[3:]),
    )

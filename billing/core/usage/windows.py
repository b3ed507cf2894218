"""Usage of windows: what an identity's sessions, or the services that hold identities, used.

Usage of [a, b) is Σ P(s, b) − P(s, a) over sessions: never negative, and it adds up over windows.
It is computed as increments per grid hour, each credited to the hour of the measurement that
first shows it: octets between two measurements belong to the later one's window.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from billing.core.errors import BillingError
from billing.core.period import Span
from billing.core.usage.claims import Claim
from billing.core.usage.grid import Grid
from billing.core.usage.sessions import Hour, Session, Sessions

# A session silent for longer hides in which hours its octets went; interims come at least hourly.
SILENCE_SECONDS_MAX = 7200
_HOUR = 3600

BASELINE = "baseline"  # the session is older than its NAS' counting: its first octets do not count
GAP = "gap"  # measurements are missing: octets may belong to earlier hours, or were never seen
REGRESS = "regress"  # a counter fell within its session: it counts again above its largest value
RESET = "reset"  # a new session began and the one before never said that it ended


class WindowOffTheGrid(BillingError):
    """Usage is known at the ends of grid hours only."""

    def __init__(self, at: datetime, zone: str) -> None:
        super().__init__(f"{at.isoformat()} is not a whole hour in {zone}: move it to a grid hour")
        self.at, self.zone = at, zone


class Increment(NamedTuple):
    """Octets that one identity is known to have used since before, first seen in this grid hour."""

    hour: int
    octets_in: int
    octets_out: int
    flags: frozenset[str]


# Of one identity, ascending by hour, each hour at most once.
Increments = tuple[Increment, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """What was used from `start` to before `end`: in = upload, out = download, in octets."""

    start: datetime
    end: datetime
    octets_in: int
    octets_out: int
    flags: tuple[str, ...]  # sorted


def increments(sessions: Sessions, counting_from: Mapping[str, int]) -> Increments:
    """What an identity used, hour by hour, from its joined sessions.

    counting_from  by NAS, epoch seconds: a session that began earlier gives its first measurement
                   as a baseline that is not counted, so that going live bills no past months.
    """
    octets: dict[int, tuple[int, int]] = {}
    flags: dict[int, set[str]] = {}
    resets = _resets(sessions)
    for session in sessions:
        baseline = session.start_min < counting_from.get(session.nas, session.start_min)
        if baseline:
            _flag(flags, session.hours[0].hour, BASELINE)
        elif session.first[0] - session.start_min > SILENCE_SECONDS_MAX:
            _flag(flags, session.hours[0].hour, GAP)
        if session in resets:
            _flag(flags, session.hours[0].hour, RESET)
        _add(session, session.first[1:] if baseline else (0, 0), octets, flags)
    return tuple(
        Increment(hour, *octets[hour], frozenset(flags.get(hour, ()))) for hour in sorted(octets)
    )


def used_by_service(
    claims: Iterable[Claim],
    known: Mapping[str, Increments],
    windows: Mapping[str, Sequence[Span]],
    grid: Grid,
) -> dict[str, tuple[Used, ...]]:
    """What each service used in each of its windows.

    An identity's usage belongs to the service that holds it, by grid hours: an assignment from or
    until some minute counts from the next hour on, so two that touch leave nothing out.
    """
    held: dict[str, set[tuple[str, int, int | None]]] = {}  # a claim given twice is one claim
    for claim in claims:
        start, end = _on_grid(claim.span, grid)
        held.setdefault(claim.service_id, set()).add((claim.identity, start, end))
    return {
        service: tuple(_used(held.get(service, set()), known, span, grid) for span in spans)
        for service, spans in windows.items()
    }


def total(window: Span, parts: Iterable[Used]) -> Used:
    """What several used together in one window."""
    parts = list(parts)
    return Used(
        window.start,
        window.end or window.start,
        sum(part.octets_in for part in parts),
        sum(part.octets_out for part in parts),
        tuple(sorted({flag for part in parts for flag in part.flags})),
    )


def unclaimed(
    identity_claims: Iterable[Claim], known: Increments, window: Span, grid: Grid
) -> Used:
    """What one identity used in a window at hours when no service held it."""
    spans = [_on_grid(claim.span, grid) for claim in identity_claims]
    start, end = window_on_grid(window, grid)
    free = (
        increment
        for increment in _between(known, start, end)
        if not any(a <= increment.hour and (b is None or increment.hour < b) for a, b in spans)
    )
    return _used_by(free, start, end)


def window_on_grid(window: Span, grid: Grid) -> tuple[int, int]:
    """The bounds of a closed window in epoch seconds; both must begin a grid hour."""
    if window.end is None:
        raise ValueError("usage of a window that still runs is not known: give it an end")
    start, end = grid.up(window.start), grid.up(window.end)
    for at, found in ((window.start, start), (window.end, end)):
        if at.timestamp() != found:
            raise WindowOffTheGrid(at, grid.zone)
    return start, end


def _on_grid(span: Span, grid: Grid) -> tuple[int, int | None]:
    return grid.up(span.start), None if span.end is None else grid.up(span.end)


def _used(
    held: Iterable[tuple[str, int, int | None]],
    known: Mapping[str, Increments],
    window: Span,
    grid: Grid,
) -> Used:
    start, end = window_on_grid(window, grid)
    parts = (
        increment
        for identity, since, until in held
        for increment in _between(
            known.get(identity, ()), max(start, since), end if until is None else min(end, until)
        )
    )
    return _used_by(parts, start, end)


def _between(known: Increments, start: int, end: int) -> Increments:
    return known[bisect_left(known, (start,)) : bisect_left(known, (end,))]


def _used_by(parts: Iterable[Increment], start: int, end: int) -> Used:
    octets_in = octets_out = 0
    flags: set[str] = set()
    for increment in parts:
        octets_in += increment.octets_in
        octets_out += increment.octets_out
        flags |= increment.flags
    at, until = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    return Used(at, until, octets_in, octets_out, tuple(sorted(flags)))


def _add(
    session: Session,
    counted: tuple[int, int],
    octets: dict[int, tuple[int, int]],
    flags: dict[int, set[str]],
) -> None:
    """Credit each hour with how far it lifts the largest octets known before it."""
    high_in, high_out = counted
    before: Hour | None = None
    for hour in session.hours:
        more_in, more_out = max(0, hour.octets_in - high_in), max(0, hour.octets_out - high_out)
        high_in, high_out = high_in + more_in, high_out + more_out
        old_in, old_out = octets.get(hour.hour, (0, 0))
        octets[hour.hour] = (old_in + more_in, old_out + more_out)
        if hour.last_in < high_in or hour.last_out < high_out:
            _flag(flags, hour.hour, REGRESS, GAP)
        if before is not None and _silent(before, hour):
            _flag(flags, hour.hour, GAP)
        before = hour


def _silent(before: Hour, after: Hour) -> bool:
    """The second bound spares measurements of every hour that fall just outside an hour."""
    return after.second - before.second > SILENCE_SECONDS_MAX and after.hour - before.hour > _HOUR


def _resets(sessions: Sessions) -> set[Session]:
    """Sessions that follow, on their NAS, one that fell silent without an Accounting Stop."""
    found: set[Session] = set()
    latest: dict[str, Session] = {}
    for session in sorted(sessions, key=lambda s: (s.start_min, s)):
        before = latest.get(session.nas)
        if before is not None and not before.stopped and before.last_second <= session.first[0]:
            found.add(session)
        if before is None or before.last_second <= session.last_second:
            latest[session.nas] = session
    return found


def _flag(flags: dict[int, set[str]], hour: int, *names: str) -> None:
    flags.setdefault(hour, set()).update(names)

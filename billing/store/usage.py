"""Usage: put as segments come, read for services in windows. Rows and keys: `usage_rows`.

Nothing here adds to what is stored, and nothing that was resolved or subtracted is stored:
services, windows and flags are worked out when usage is read.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from billing.config import Isp
from billing.core.period import Span, hours_of, local_midnight
from billing.core.usage import (
    START_CHAIN_SECONDS,
    Call,
    CallReport,
    Claim,
    Grid,
    Increments,
    LevelReport,
    Sample,
    Segment,
    Sessions,
    Settings,
    Used,
    calls_by_service,
    increments,
    join,
    newest_second,
    samples_by_service,
    total,
    unclaimed,
    unclaimed_calls,
    unclaimed_slots,
    used_by_service,
    window_on_grid,
)
from billing.store.usage_rows import (
    DAY,
    call_row,
    day_of,
    identities_seen,
    level_row,
    put_all,
    read_calls,
    read_levels,
    read_sessions,
    seen_rows,
    segment_row,
)

LINES = ("tel:", "port:")  # identities that have calls and levels, and no sessions

ClaimsOf = Callable[[Sequence[str]], Mapping[str, Sequence[Claim]]]


@dataclass(frozen=True, slots=True)
class Series:
    """Usage for a page: each hour and each local day of a span, and how old the news is."""

    hours: tuple[Used, ...]
    days: tuple[Used, ...]
    newest: datetime | None  # latest measurement counted; None: nothing was measured


@dataclass(frozen=True, slots=True)
class Unbilled:
    """Usage of an identity at hours, calls and slots when no service held it."""

    identity: str
    used: Used
    calls: int = 0
    seconds: int = 0  # of the calls
    slots: int = 0  # of five minutes with traffic


def settings_of(isp: Isp) -> Settings:
    """What usage has to know of isp.toml."""
    return Settings(
        buckets=isp.usage.buckets,
        grid=_grid(isp.usage.grid_zone),
        line_rates={nas.id: nas.line_rate_mbps * 10**6 for nas in isp.nas},
        counting_from={nas.id: int(nas.counting_from.timestamp()) for nas in isp.nas},
        retention_days=isp.usage.retention_days,
    )


def put(
    segments: Iterable[Segment],
    settings: Settings,
    *,
    calls: Iterable[CallReport] = (),
    levels: Iterable[LevelReport] = (),
) -> None:
    """Store what was measured, 25 rows a call, without reading. The same again is the same item."""
    calls, levels = list(calls), list(levels)
    rows = [segment_row(segment, settings) for segment in segments]
    rows += [call_row(report, settings) for report in calls]
    rows += [level_row(report, settings) for report in levels]
    rows += seen_rows(calls, levels, settings)
    put_all(rows)


def of(
    claims: Iterable[Claim], windows: Mapping[str, Sequence[Span]], settings: Settings
) -> dict[str, tuple[Used, ...]]:
    """What each service used in each of its windows, in the order of its windows.

    claims   the dated assignments of the services asked for, past ones too
    windows  by service; each begins and ends on a grid hour
    """
    claims = list(claims)
    bounds = [window_on_grid(span, settings.grid) for spans in windows.values() for span in spans]
    if not bounds:
        return dict.fromkeys(windows, ())
    start, end = min(a for a, _ in bounds), max(b for _, b in bounds)
    known = _load({claim.identity for claim in claims}, start, end, settings)
    return used_by_service(claims, _counted(known, settings), windows, settings.grid)


def series(claims: Iterable[Claim], span: Span, settings: Settings) -> Series:
    """Hours and days of what the claims hold, over a span that begins and ends on grid hours.

    For a page of one service or, with the claims of all its services, of one account.
    """
    claims, grid = list(claims), settings.grid
    start, end = window_on_grid(span, grid)
    known = _load({claim.identity for claim in claims}, start, end, settings)
    counted = _counted(known, settings)
    return Series(
        hours=_of_all(claims, counted, _steps(hours_of(span, grid.zone), span), grid),
        days=_of_all(claims, counted, _days(span, grid), grid),
        newest=_newest(claims, known, (start, end), grid),
    )


def calls_of(
    claims: Iterable[Claim], span: Span, settings: Settings
) -> dict[str, tuple[Call, ...]]:
    """The calls of each service of the claims that began in a span, by start and then id.

    A call is that of the service which held the caller's number as it began, and of the period in
    which it began, however long it lasted. The span may begin and end at any instant.
    """
    claims = list(claims)
    reports = read_calls(_held_in(claims, span), *_seconds(span))
    return calls_by_service(claims, reports, span)


def samples_of(
    claims: Iterable[Claim], span: Span, settings: Settings
) -> dict[str, tuple[Sample, ...]]:
    """The levels of each service of the claims in the five-minute slots that began in a span.

    A slot is that of the service which held the port as it began; one that nobody reported is left
    out. Ports that a service holds at the same time count together.
    """
    claims = list(claims)
    reports = read_levels(_held_in(claims, span), *_seconds(span))
    return samples_by_service(claims, reports, span)


def list_unbilled(window: Span, claims_of: ClaimsOf, settings: Settings) -> list[Unbilled]:
    """Every identity with usage in the window that no service held then, most octets first;
    after them numbers with calls, and ports with traffic.

    claims_of  gives the dated assignments by identity, for the identities of one bucket
    """
    start, end = window_on_grid(window, settings.grid)
    first, last = day_of(start, settings.grid), day_of(end - 1, settings.grid)
    found: list[Unbilled] = []
    for bucket in range(settings.buckets):
        seen = sorted(identities_seen(bucket, first, last))
        claims = claims_of(seen)
        free = {i for i in seen if not _covers(claims.get(i, ()), window)}
        known = _load({i for i in free if not i.startswith(LINES)}, start, end, settings)
        for identity, counted in _counted(known, settings).items():
            used = unclaimed(claims.get(identity, ()), counted, window, settings.grid)
            if used.octets_in or used.octets_out:
                found.append(Unbilled(identity, used))
        found += _unbilled_lines(free, claims, window)
    return sorted(found, key=lambda u: (-u.used.octets_in - u.used.octets_out, u.identity))


@cache
def _grid(zone: str) -> Grid:
    """One for the process: it remembers the hours it has looked up."""
    return Grid(zone)


def _load(identities: set[str], start: int, end: int, settings: Settings) -> dict[str, Sessions]:
    """All sessions that matter to windows within [start, end), back to where each began.

    A session alive at `start` must have a measurement before it, or have begun after it; until it
    does, earlier days are read, at most to the day it began and as far as usage is kept.
    """
    first, last = day_of(start, settings.grid) - DAY, day_of(end - 1, settings.grid)
    floor = first - timedelta(days=settings.retention_days)
    known = read_sessions(identities, first, last, settings)
    while True:
        unsure = {i: since for i in known if (since := _unsure_since(known[i], start)) is not None}
        # A start that jitters may have been measured on the day before.
        back = {i: day_of(at - START_CHAIN_SECONDS, settings.grid) for i, at in unsure.items()}
        back = {i: max(day, floor) for i, day in back.items() if max(day, floor) < first}
        if not back:
            return known
        earliest = min(back.values())
        older = read_sessions(set(back), earliest, first - DAY, settings)
        known |= {i: join(known[i], older.get(i, ())) for i in back}
        first = earliest


def _unsure_since(sessions: Sessions, start: int) -> int | None:
    """When the oldest session began whose octets before an instant are not known."""
    return min(
        (s.start_min for s in sessions if s.start_min < start <= s.hours[0].hour), default=None
    )


def _seconds(span: Span) -> tuple[int, int]:
    """The bounds of a closed span in whole seconds around it."""
    if span.end is None:
        raise ValueError("what is measured in a span that still runs is not known: give it an end")
    return math.floor(span.start.timestamp()), math.ceil(span.end.timestamp())


def _held_in(claims: Iterable[Claim], span: Span) -> set[str]:
    """The identities that are held at some time of a span; others need no reading."""
    return {claim.identity for claim in claims if claim.span.overlap(span)}


def _counted(known: Mapping[str, Sessions], settings: Settings) -> dict[str, Increments]:
    return {i: increments(known[i], settings.counting_from) for i in known}


def _unbilled_lines(
    free: Iterable[str], claims: Mapping[str, Sequence[Claim]], window: Span
) -> Iterator[Unbilled]:
    start, end = _seconds(window)
    nothing = Used(window.start, window.end or window.start, 0, 0, ())
    for identity in sorted(free):
        ours = claims.get(identity, ())
        calls = unclaimed_calls(ours, read_calls([identity], start, end), window)
        slots = unclaimed_slots(ours, read_levels([identity], start, end), window)
        if calls or slots:
            seconds = sum(call.seconds for call in calls)
            yield Unbilled(identity, nothing, len(calls), seconds, slots)


def _covers(claims: Sequence[Claim], window: Span) -> bool:
    """Whether one assignment alone holds the whole window: the common case, spared any reading."""
    return any(claim.span.overlap(window) == window for claim in claims)


def _steps(starts: Sequence[datetime], span: Span) -> list[Span]:
    ends = [*starts[1:], span.end]
    return [Span(start, end) for start, end in zip(starts, ends, strict=True)]


def _days(span: Span, grid: Grid) -> list[Span]:
    """The local days of a span; its first and last may be cut."""
    start, end = window_on_grid(span, grid)
    first, last = day_of(start, grid), day_of(end - 1, grid)
    later = [first + DAY * n for n in range(1, (last - first).days + 1)]
    return _steps([span.start, *(local_midnight(day, grid.zone) for day in later)], span)


def _of_all(
    claims: Sequence[Claim], counted: Mapping[str, Increments], spans: Sequence[Span], grid: Grid
) -> tuple[Used, ...]:
    services = {claim.service_id for claim in claims}
    by_service = used_by_service(claims, counted, dict.fromkeys(services, spans), grid)
    return tuple(
        total(span, [used[place] for used in by_service.values()])
        for place, span in enumerate(spans)
    )


def _newest(
    claims: Sequence[Claim], known: Mapping[str, Sessions], window: tuple[int, int], grid: Grid
) -> datetime | None:
    """The latest measurement in hours that the claims hold: never one of a later holder."""
    newest: list[int] = []
    for claim in claims:
        until = window[1] if claim.span.end is None else min(grid.up(claim.span.end), window[1])
        since = max(grid.up(claim.span.start), window[0])
        at = newest_second(known.get(claim.identity, ()), since, until)
        newest += [] if at is None else [at]
    return datetime.fromtimestamp(max(newest), UTC) if newest else None

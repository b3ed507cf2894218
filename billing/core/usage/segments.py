"""Segments: what one batch knows of the identities of one bucket on one local day.

A segment is named by its content, so storing it again stores the same item.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from billing.core.errors import BillingError
from billing.core.usage.grid import Grid
from billing.core.usage.sessions import Hour, Session, Sessions, Snapshot, join, session_of

# Some 60 bytes each when compressed, below the 400 KB of an item: unless a router's names are as
# long as RADIUS allows and compress to three bytes a letter.
SESSIONS_PER_SEGMENT_MAX = 1500
LETTERS_PER_SEGMENT_MAX = 120_000

_FORMAT = 1


class UnknownUsageFormat(BillingError):
    """Stored usage of a format that this release cannot read."""

    def __init__(self, found: object) -> None:
        super().__init__(
            f"stored usage has format {found!r}, this release reads {_FORMAT}: upgrade"
        )
        self.found = found


@dataclass(frozen=True, slots=True)
class Segment:
    """One blind put: its key and its bytes follow from its content alone."""

    bucket: int
    day: str  # local, "2026-10-01"
    hour: int  # earliest grid hour in it, epoch seconds
    digest: str  # sha256 of the content, hex
    data: bytes


@lru_cache(maxsize=65536)
def bucket_of(identity: str, buckets: int) -> int:
    """Which of the deployment's buckets an identity shares; the number of buckets never changes."""
    return int.from_bytes(hashlib.sha256(identity.encode()).digest(), "big") % buckets


def segments_of(
    measured: Iterable[tuple[str, Snapshot]], buckets: int, grid: Grid
) -> tuple[Segment, ...]:
    """One segment per bucket and local day for snapshots with their identities, in any order."""
    days: dict[tuple[str, str], list[Session]] = {}
    for identity, snapshot in measured:
        hour, day = grid.hour_and_day(snapshot.second)
        days.setdefault((identity, day), []).append(session_of(snapshot, hour))
    cells: dict[tuple[int, str], dict[str, Sessions]] = {}
    for identity, day in sorted(days):
        cell = cells.setdefault((bucket_of(identity, buckets), day), {})
        cell[identity] = join(days[identity, day])
    return tuple(
        _segment(bucket, day, part)
        for (bucket, day), cell in cells.items()
        for part in _parts(cell)
    )


def pack_sessions(known: Mapping[str, Sessions]) -> bytes:
    """Sessions by identity as bytes; the same content gives the same bytes."""
    return zlib.compress(_text(known))


def unpack_sessions(data: bytes, wanted: set[str] | None = None) -> dict[str, Sessions]:
    """Sessions by identity from bytes; `wanted` spares building those of the others."""
    content: dict[str, Any] = json.loads(zlib.decompress(data))
    if content.get("v") != _FORMAT:
        raise UnknownUsageFormat(content.get("v"))
    identities: dict[str, list[list[Any]]] = content["of"]
    return {
        identity: tuple(_session_from(row) for row in rows)
        for identity, rows in identities.items()
        if wanted is None or identity in wanted
    }


def _segment(bucket: int, day: str, known: Mapping[str, Sessions]) -> Segment:
    text = _text(known)
    hour = min(session.hours[0].hour for sessions in known.values() for session in sessions)
    return Segment(bucket, day, hour, hashlib.sha256(text).hexdigest(), zlib.compress(text))


def _parts(cell: dict[str, Sessions]) -> Iterator[dict[str, Sessions]]:
    """Cut a cell that would outgrow an item; how it is cut changes no result."""
    part: dict[str, list[Session]] = {}
    count = letters = 0
    for identity, session in ((name, one) for name, known in cell.items() for one in known):
        nas, session_id, session_class, *_ = session
        longer = len(identity) + len(nas) + len(session_id) + len(session_class)
        if count == SESSIONS_PER_SEGMENT_MAX or (
            count and letters + longer > LETTERS_PER_SEGMENT_MAX
        ):
            yield {name: tuple(known) for name, known in part.items()}
            part, count, letters = {}, 0, 0
        part.setdefault(identity, []).append(session)
        count, letters = count + 1, letters + longer
    if part:
        yield {name: tuple(known) for name, known in part.items()}


def _text(known: Mapping[str, Sessions]) -> bytes:
    rows = {
        identity: [_session_row(session) for session in sessions]
        for identity, sessions in known.items()
    }
    return json.dumps({"v": _FORMAT, "of": rows}, sort_keys=True, separators=(",", ":")).encode()


def _session_row(session: Session) -> list[Any]:
    *fields, hours = session
    return [*fields, [_hour_row(hour) for hour in hours]]


def _hour_row(hour: Hour) -> tuple[int, ...]:
    """The latest measurement is written only where it differs from the largest."""
    return hour[:4] if hour[1:3] == hour[4:] else hour


def _session_from(row: list[Any]) -> Session:
    nas, session_id, session_class, start_min, start_max, first, stopped, hours = row
    measured = tuple(Hour._make(h if len(h) == 6 else (*h, *h[1:3])) for h in hours)
    return Session(
        nas, session_id, session_class, start_min, start_max, tuple(first), stopped, measured
    )

"""Keys and queries of stored usage; what `usage` and `folding` share.

  SEG#bucket / day#hour#digest   what one batch knew of a bucket's day; a blind put
  USE#identity / day             all that is known of an identity's day; a join under a version
  IDS#bucket / identity          identities folded, that called, with levels; a blind put
  CALL#identity / start#hash     one report of a call of a number; a blind put
  LVL#identity / slot#down#up    one report of a port's five minutes; a blind put

Every write may be repeated: what was reported is named by its content, and joining twice changes
nothing. Calls and levels stay as they were reported; who reads them joins them.
Readers ask for segments first and for items after, both consistently: folding writes the items
before it deletes the segments, so what moves meanwhile is seen twice, never not at all.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from billing.core.period import local_midnight, rfc3339
from billing.core.usage import (
    CALL_CHAIN_SECONDS,
    CallReport,
    Grid,
    LevelReport,
    Segment,
    Sessions,
    Settings,
    bucket_of,
    join,
    unpack_sessions,
)
from billing.store.tables import UsageRow

DAY = timedelta(days=1)


def read_sessions(
    identities: set[str], first: date, last: date, settings: Settings
) -> dict[str, Sessions]:
    """What is stored of identities for local days, both included: segments first, then items."""
    parts: dict[str, list[Sessions]] = {}
    for bucket in sorted({bucket_of(identity, settings.buckets) for identity in identities}):
        for row in segment_rows(bucket, first.isoformat(), (last + DAY).isoformat()):
            for identity, sessions in unpack_sessions(content(row), identities).items():
                parts.setdefault(identity, []).append(sessions)
    for identity in sorted(identities):
        for row in item_rows(identity, first.isoformat(), last.isoformat()):
            parts.setdefault(identity, []).append(unpack_sessions(content(row))[identity])
    return {identity: join(*known) for identity, known in parts.items()}


def identities_seen(bucket: int, first: date, last: date) -> set[str]:
    """Who was ever seen in a bucket: those listed, and those in segments of the local days."""
    seen: set[str] = set()
    for row in segment_rows(bucket, first.isoformat(), (last + DAY).isoformat()):
        seen |= unpack_sessions(content(row)).keys()
    return seen | {row.sk for row in UsageRow.query(f"IDS#{bucket:03d}", consistent_read=True)}


def segment_rows(bucket: int, first: str, until: str) -> Iterator[UsageRow]:
    """Segments of a bucket by day and hour, from the key `first` to before the key `until`."""
    between = UsageRow.sk.between(first, until)
    return UsageRow.query(f"SEG#{bucket:03d}", between, consistent_read=True)


def item_rows(identity: str, first: str, last: str) -> Iterator[UsageRow]:
    """The items of an identity for local days, both included."""
    between = UsageRow.sk.between(first, last)
    return UsageRow.query(f"USE#{identity}", between, consistent_read=True)


def read_calls(identities: Iterable[str], start: int, end: int) -> Iterator[CallReport]:
    """What was reported of calls of numbers that began from `start` to before `end`.

    And, as starts jitter, of what may be one call with these.
    """
    start, end = start - CALL_CHAIN_SECONDS, end + CALL_CHAIN_SECONDS
    between = UsageRow.sk.between(instant_key(start), instant_key(end))
    for number in sorted({one for one in identities if one.startswith("tel:")}):
        for row in UsageRow.query(f"CALL#{number}", between, consistent_read=True):
            yield CallReport(number, *json.loads(row.body or ""))


def read_levels(identities: Iterable[str], start: int, end: int) -> Iterator[LevelReport]:
    """What was reported of ports in the slots that began from `start` to before `end`."""
    between = UsageRow.sk.between(instant_key(start), instant_key(end))
    for port in sorted({one for one in identities if one.startswith("port:")}):
        for row in UsageRow.query(f"LVL#{port}", between, consistent_read=True):
            at, down, up = row.sk.split("#")
            second = int(datetime.fromisoformat(at).timestamp())
            yield LevelReport(port, second, int(down), int(up))


def call_row(report: CallReport, settings: Settings) -> UsageRow:
    body = json.dumps(report[1:], separators=(",", ":"))
    digest = hashlib.sha256(body.encode()).hexdigest()
    return UsageRow(
        f"CALL#{report.caller}",
        f"{instant_key(report.start)}#{digest}",
        body=body,
        expires=expiry_at(report.start, settings),
    )


def level_row(report: LevelReport, settings: Settings) -> UsageRow:
    return UsageRow(
        f"LVL#{report.port}",
        f"{instant_key(report.at)}#{report.down}#{report.up}",
        expires=expiry_at(report.at, settings),
    )


def seen_rows(
    calls: Iterable[CallReport], levels: Iterable[LevelReport], settings: Settings
) -> Iterator[UsageRow]:
    """Whoever called, and the ports: of these one slot of twelve is enough to be seen."""
    named = [(one.caller, one.start) for one in calls]
    named += [(one.port, one.at) for one in levels if one.at % 3600 == 0]
    for identity, second in named:
        _, day = settings.grid.hour_and_day(second)
        yield seen_row(bucket_of(identity, settings.buckets), identity, day, settings)


def segment_row(segment: Segment, settings: Settings) -> UsageRow:
    return UsageRow(
        f"SEG#{segment.bucket:03d}",
        f"{segment.day}#{instant_key(segment.hour)}#{segment.digest}",
        data=segment.data,
        expires=expiry(segment.day, settings),
    )


def item_row(identity: str, day: str, data: bytes, version: int, settings: Settings) -> UsageRow:
    expires = expiry(day, settings)
    return UsageRow(f"USE#{identity}", day, data=data, version=version, expires=expires)


def seen_row(bucket: int, identity: str, day: str, settings: Settings) -> UsageRow:
    """Kept a month longer than the usage: a late fold of an earlier day must not shorten it."""
    expires = expiry(day, settings) + 31 * 86_400
    return UsageRow(f"IDS#{bucket:03d}", identity, expires=expires)


def content(row: UsageRow) -> bytes:
    return row.data or b""


def put_all(rows: Iterable[UsageRow]) -> None:
    """Put rows without reading, 25 a call; what DynamoDB left over is sent again. Each key once."""
    with UsageRow.batch_write() as batch:
        for row in {(row.pk, row.sk): row for row in rows}.values():
            batch.save(row)


def delete_all(rows: Iterable[UsageRow]) -> None:
    """Delete rows, 25 a call; again: nothing happens."""
    with UsageRow.batch_write() as batch:
        for row in rows:
            batch.delete(row)


def hour_key(at: datetime, grid: Grid) -> str:
    """How the keys of segments begin whose first hour is that of an instant."""
    hour, day = grid.hour_and_day(int(at.timestamp()))
    return f"{day}#{instant_key(hour)}"


def instant_key(second: int) -> str:
    return rfc3339(datetime.fromtimestamp(second, UTC))


def day_of(second: int, grid: Grid) -> date:
    """The local day of an instant."""
    return date.fromisoformat(grid.hour_and_day(second)[1])


def expiry_at(second: int, settings: Settings) -> int:
    """When what was measured at an instant may go."""
    return expiry(settings.grid.hour_and_day(second)[1], settings)


def expiry(day: str, settings: Settings) -> int:
    """When usage of a local day may go, epoch seconds: a function of the day, so repeats agree."""
    midnight = local_midnight(date.fromisoformat(day), settings.grid.zone)
    return int(midnight.timestamp()) + (settings.retention_days + 1) * 86_400

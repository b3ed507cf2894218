"""Completeness: which sequence numbers of each collector have arrived.

RCV#collector#boot / first#last  a run of numbers received; a blind put, a union when read. One
                                 with more suspended numbers than an item holds is cut into several
RCV / collector#boot             who was ever heard; a blind put
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from billing.core.usage import Hole, Received, Settings, holes, join_received, runs_of, stored
from billing.store.tables import UsageRow
from billing.store.usage_rows import delete_all, put_all

SUSPENDED_RUNS_MAX = 10_000  # of at most 28 octets each, in an item of 400 kB


@dataclass(frozen=True, slots=True)
class Completeness:
    """What is known of one boot of one collector. Stored = received less suspended."""

    collector: str
    boot: str
    received: tuple[Received, ...]  # joined, ascending
    stored: int
    suspended: int
    holes: tuple[Hole, ...]  # numbers missing although later ones came, each with its age
    newest: datetime  # latest receipt of a record at the collector


def put(received: Iterable[Received], settings: Settings) -> None:
    """Note runs of numbers; again, or cut otherwise: the same knowledge."""
    put_all(row for run in received for row in rows_of(run, settings))


def load(collector: str, boot: str) -> Completeness | None:
    """How complete one boot of a collector is; None: it was never heard."""
    joined = join_received(_run(row) for row in _rows(collector, boot))
    if not joined:
        return None
    return Completeness(
        collector,
        boot,
        joined,
        stored(joined),
        sum(len(run.suspended) for run in joined),
        holes(joined),
        datetime.fromtimestamp(max(run.until for run in joined), UTC),
    )


def list_collectors() -> list[Completeness]:
    """Every boot of every collector, by name."""
    names = [row.sk.split("#") for row in UsageRow.query("RCV", consistent_read=True)]
    found = [load(collector, boot) for collector, boot in names]
    return [one for one in found if one is not None]


def fold(settings: Settings) -> int:
    """Keep joined runs in place of the many they came in; how many rows that spared."""
    spared = 0
    for row in UsageRow.query("RCV", consistent_read=True):
        collector, boot = row.sk.split("#")
        read = list(_rows(collector, boot))
        runs = join_received(_run(row) for row in read)
        joined = [_row(part, settings) for run in runs for part in _parts(run)]
        kept = {row.sk for row in joined}
        gone = [row for row in read if row.sk not in kept]
        if gone:
            put_all(joined)  # before anything is deleted: a kill leaves both, and both say the same
            delete_all(gone)
        spared += len(gone)
    return spared


def rows_of(run: Received, settings: Settings) -> list[UsageRow]:
    """The items that note a run of numbers."""
    rows = [_row(part, settings) for part in _parts(run)]
    return [*rows, UsageRow("RCV", rows[0].pk.removeprefix("RCV#"), expires=rows[0].expires)]


def _parts(run: Received) -> list[Received]:
    """A run cut so that what is suspended of each part fits an item; together they say the same."""
    suspended = runs_of(run.suspended)
    cut = [
        suspended[at : at + SUSPENDED_RUNS_MAX]
        for at in range(0, len(suspended), SUSPENDED_RUNS_MAX)
    ]
    firsts = [run.first, *(runs[0][0] for runs in cut[1:])]
    lasts = [*(first - 1 for first in firsts[1:]), run.last]
    return [
        replace(
            run,
            first=first,
            last=last,
            suspended=tuple(number for number in run.suspended if first <= number <= last),
        )
        for first, last in zip(firsts, lasts, strict=True)
    ]


def _rows(collector: str, boot: str) -> Iterable[UsageRow]:
    return UsageRow.query(f"RCV#{collector}#{boot}", consistent_read=True)


def _row(run: Received, settings: Settings) -> UsageRow:
    # Runs, because what a pack of junk suspends are thousands of neighbours.
    body = {"at": run.at, "until": run.until, "suspended": runs_of(run.suspended)}
    return UsageRow(
        f"RCV#{run.collector}#{run.boot}",
        f"{run.first:012d}#{run.last:012d}",
        body=json.dumps(body, separators=(",", ":")),
        expires=run.until + settings.retention_days * 86_400,
    )


def _run(row: UsageRow) -> Received:
    _, collector, boot = row.pk.split("#")
    first, last = row.sk.split("#")
    body: dict[str, Any] = json.loads(row.body or "{}")
    suspended = (n for first, last in body["suspended"] for n in range(first, last + 1))
    return Received(
        collector, boot, int(first), int(last), body["at"], body["until"], tuple(suspended)
    )

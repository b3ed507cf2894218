"""Which runs a cycle has opened: nothing is dated back past a run that is being opened.

What is dated into a closed period either voids the run that drafted it, or is there before such a
run is opened. So whoever opens a run moves the marks of its cycle in the same transaction, and
whoever dates something back puts the mark he read beside his effect, unmoved: he is refused when a
run was opened meanwhile. Those who only put it back write the same bytes and never refuse each
other; each takes the mark of his account, of eight, so that they seldom meet at one item.
"""

import json
from dataclasses import dataclass, replace
from datetime import date

from billing.core.errors import BillingError
from billing.core.period import Period
from billing.store.rows import body_of, find, version_of
from billing.store.tables import OPENED_SHARDS, AccountRow, opened_key, shard_of
from billing.store.transactions import Put, put_unmoved, put_version


class RunsMoved(BillingError):
    """A run of the cycle was opened, reviewed or approved since it was read."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} went on at this very moment: send the same request again")
        self.what = what


@dataclass(frozen=True, slots=True)
class Opened:
    """The periods a cycle has opened runs for begin between these days; None: it has no run."""

    first: date | None = None
    last: date | None = None

    def and_of(self, period: Period) -> "Opened":
        known = [day for day in (self.first, self.last, period.start) if day is not None]
        return Opened(min(known), max(known))


def moved(anchor: int, period: Period) -> list[Put]:
    """The rows that a new run of a cycle commits with. EditConflict: another was opened."""
    place, prefix = opened_key(anchor, 0)[0], "OPENED#"
    found = AccountRow.query(place, AccountRow.sk.startswith(prefix), consistent_read=True)
    rows = {row.sk: row for row in found}
    puts: list[Put] = []
    for shard in range(OPENED_SHARDS):
        opened, version = _read(rows.get(opened_key(anchor, shard)[1]))
        row = _row(anchor, shard, opened.and_of(period))
        puts.append(put_version(row, version, _cycle(anchor)))
    return puts


def unmoved(anchor: int, account_id: str) -> tuple[Opened, Put]:
    """Which runs there are, and the row that something dated back commits with.

    RunsMoved from that commit: a run was opened meanwhile, so read again.
    """
    shard = shard_of(account_id, OPENED_SHARDS)
    opened, version = _read(find(opened_key(anchor, shard)))
    row, what = _row(anchor, shard, opened), _cycle(anchor)
    put = put_unmoved(row, version, what) if version else put_version(row, 0, what)
    return opened, replace(put, refusal=RunsMoved(what))


def _cycle(anchor: int) -> str:
    return f"the cycle of day {anchor}"


def _read(row: AccountRow | None) -> tuple[Opened, int]:
    if row is None:
        return Opened(), 0
    days = (body_of(row)[name] for name in ("first", "last"))
    return Opened(*(date.fromisoformat(day) if day else None for day in days)), version_of(row)


def _row(anchor: int, shard: int, opened: Opened) -> AccountRow:
    row = AccountRow(*opened_key(anchor, shard))
    row.body = json.dumps(
        {
            "first": opened.first.isoformat() if opened.first else "",
            "last": opened.last.isoformat() if opened.last else "",
        }
    )
    return row

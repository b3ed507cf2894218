"""Where reports wait, on disk and synced, until the stream has taken them.

One file of sqlite in WAL mode with synchronous=FULL: when `append` returns, its records survive
a power cut. A record gets its sequence number and its octets in the same transaction in which it
is stored, so what a restart finds is exactly what was acknowledged, or more.
"""

import fcntl
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from edge import sessions
from edge.exports import Exported
from edge.records import Report, to_record
from edge.salvage import mend

SCHEMA = (
    "create table if not exists record (place integer primary key autoincrement,"
    " boot text not null, seq integer not null, received_at real not null, body text not null,"
    " unique (boot, seq))",
    "create table if not exists tail (device integer, inode integer, offset integer not null,"
    " head_bytes integer not null, head_digest text not null, path text not null,"
    " primary key (device, inode))",
    *sessions.SCHEMA,
)
BUSY_SECONDS = 10


class NotStored(Exception):
    """The spool took nothing, so nothing may be acknowledged; `reason` is what is counted."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class SpoolInUse(Exception):
    """Another collector holds the spool: two writers would share one sequence of numbers."""


@dataclass(frozen=True, slots=True)
class Tail:
    """How far a file has been read. The digest of its first bytes tells it from a later file."""

    device: int
    inode: int
    offset: int
    head_bytes: int
    head_digest: str
    path: str


@dataclass(frozen=True, slots=True)
class Spooled:
    """One record that waits: its place in the file, its number within its boot, and its bytes."""

    place: int
    boot: str
    seq: int
    body: str


class Spool:
    """The end that takes records in. Used by one thread; one boot of one collector.

    damaged  where the spool is kept that was found damaged at this start, None if it was whole
    """

    def __init__(self, path: Path, boot: str, max_bytes: int, reserve_bytes: int = 0) -> None:
        self.path, self.boot = path, boot
        self._reserve_bytes, self._next_seq = reserve_bytes, 1
        self._lock = _locked(path)
        self.damaged = mend(path, boot, SCHEMA)
        path.touch()
        path.chmod(0o600)  # it names subscribers; what sqlite writes beside it gets the same mode
        self._db = _connect(path)
        page_bytes = self._db.execute("pragma page_size").fetchone()[0]
        self._db.execute(f"pragma max_page_count = {max(max_bytes // page_bytes, 1)}")
        try:
            for statement in SCHEMA:
                self._db.execute(statement)
        except sqlite3.OperationalError as error:
            raise _refusal(error, path) from error
        self._gigawords = sessions.routers_with_gigawords(self._db)

    def append(
        self,
        reports: Sequence[Report | Exported],
        line_rate_of: Callable[[str], int],
        tail: Tail | None = None,
    ) -> None:
        """Store the reports, numbered, and how far their file was read: all of it, or NotStored."""
        if shutil.disk_usage(self.path.parent).free < self._reserve_bytes:
            text = f"less than {self._reserve_bytes} bytes are free beside {self.path}"
            raise NotStored("disk_full", text)
        try:
            self._db.execute("begin immediate")
            learned = self._store(reports, line_rate_of)
            if tail:
                self._db.execute(
                    "insert or replace into tail values (?, ?, ?, ?, ?, ?)",
                    (
                        tail.device,
                        tail.inode,
                        tail.offset,
                        tail.head_bytes,
                        tail.head_digest,
                        tail.path,
                    ),
                )
            self._db.execute("commit")
        except sqlite3.OperationalError as error:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise _refusal(error, self.path) from error
        self._next_seq += len(reports)
        self._gigawords |= learned

    def tail(self, device: int, inode: int) -> Tail | None:
        """How far this file has been read, None if never."""
        row = self._db.execute(
            "select * from tail where device = ? and inode = ?", (device, inode)
        ).fetchone()
        return Tail(*row) if row else None

    def forget_old_sessions(self, now: datetime) -> None:
        """Drop the counters of sessions that ended a day ago or were silent for weeks."""
        try:
            sessions.forget_old(self._db, int(now.timestamp()))
        except sqlite3.OperationalError as error:
            raise _refusal(error, self.path) from error

    def oldest_received_at(self) -> float | None:
        """When the longest-waiting record was received, seconds since the epoch."""
        row = self._db.execute("select received_at from record order by place limit 1").fetchone()
        return row[0] if row else None

    def close(self) -> None:
        self._db.close()
        self._lock.close()

    def _store(
        self, reports: Sequence[Report | Exported], line_rate_of: Callable[[str], int]
    ) -> set[str]:
        rows, learned = [], set[str]()
        for number, report in enumerate(reports, self._next_seq):
            received_at = report.received_at.timestamp()
            if isinstance(report, Exported):
                rows.append((self.boot, number, received_at, report.body))
                continue
            if report.octets_in.gigawords is not None or report.octets_out.gigawords is not None:
                learned.add(report.nas_id)
            sends_gigawords = report.nas_id in self._gigawords or report.nas_id in learned
            counts = sessions.count(self._db, report, sends_gigawords, line_rate_of(report.nas_id))
            rows.append((self.boot, number, received_at, to_record(report, *counts)))
        self._db.executemany(
            "insert into record (boot, seq, received_at, body) values (?, ?, ?, ?)", rows
        )
        sessions.remember_gigawords(self._db, learned - self._gigawords)
        return learned


class Backlog:
    """The end that the sender reads from and deletes from. Used by one thread, beside the Spool."""

    def __init__(self, path: Path) -> None:
        self._db = _connect(path)
        self.waiting_at_start: int = self._db.execute("select count(*) from record").fetchone()[0]

    def oldest(self, limit: int) -> list[Spooled]:
        """The records that have waited longest, in the order they were stored."""
        rows = self._db.execute(
            "select place, boot, seq, body from record order by place limit ?", (limit,)
        )
        return [Spooled(*row) for row in rows]

    def newest(self) -> Spooled | None:
        """The record that was stored last, of those that wait."""
        row = self._db.execute(
            "select place, boot, seq, body from record order by place desc limit 1"
        ).fetchone()
        return Spooled(*row) if row else None

    def forget(self, records: Iterable[Spooled]) -> None:
        """Delete what the stream has confirmed; if that fails, it is sent again: harmless."""
        self._db.execute("begin immediate")
        try:
            self._db.executemany(
                "delete from record where place = ?", ((record.place,) for record in records)
            )
            self._db.execute("commit")
        except sqlite3.OperationalError:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    def close(self) -> None:
        self._db.close()


def read_all(path: Path) -> list[Spooled]:
    """Everything that waits, for a person who looks into a spool while no collector runs."""
    with closing(_connect(path)) as db:
        rows = db.execute("select place, boot, seq, body from record order by place")
        return [Spooled(*row) for row in rows]


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    return db


def _locked(path: Path) -> IO[str]:
    """The lock file, to be held open for as long as the lock is wanted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise SpoolInUse(
            f"{path} is held by another collector; stop it, or give this one its own `spool`"
        ) from error
    return lock


def _refusal(error: sqlite3.OperationalError, path: Path) -> Exception:
    """A full or busy file is a state to live with; anything else must stop the collector."""
    reasons = {sqlite3.SQLITE_FULL: "disk_full", sqlite3.SQLITE_BUSY: "spool_busy"}
    reason = reasons.get(error.sqlite_errorcode)
    return NotStored(reason, f"{path}: {error}") if reason else error

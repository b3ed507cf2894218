"""What is remembered of each session, so that counters can be unwrapped across a restart.

Only routers that never sent Gigawords need it; a router that did so once is believed for ever.
"""

import sqlite3
from collections.abc import Iterable

from edge.octets import Progress, advance, newest
from edge.records import Report

SCHEMA = (
    "create table if not exists router (nas_id text primary key) without rowid",
    "create table if not exists session (number integer primary key, nas_id text not null,"
    " session_id text not null, user_name text not null, start_min integer not null,"
    " start_max integer not null, session_time integer not null, octets_in integer not null,"
    " octets_out integer not null, closed integer, touched integer not null)",
    "create index if not exists session_key on session (nas_id, session_id, user_name)",
    "create index if not exists session_touched on session (touched)",
)
SILENT_SECONDS_MAX = 35 * 86_400
ENDED_SECONDS_MAX = 86_400


def routers_with_gigawords(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("select nas_id from router")}


def remember_gigawords(db: sqlite3.Connection, routers: Iterable[str]) -> None:
    db.executemany("insert or ignore into router values (?)", ((router,) for router in routers))


def count(
    db: sqlite3.Connection, report: Report, sends_gigawords: bool, line_rate_bps: int
) -> tuple[int, int]:
    """Octets in and out of a report, in 64 bits; part of the transaction that stores the report."""
    if report.type in ("on", "off"):
        _close_all(db, report)
    if sends_gigawords or not report.session_id:
        return report.octets_in.joined, report.octets_out.joined
    number, known = _known(db, report)
    progress = advance(
        known, report.start, report.session_time, report.octets_in, report.octets_out, line_rate_bps
    )
    _save(db, report, number, newest(known, progress))
    return progress.octets_in, progress.octets_out


def forget_old(db: sqlite3.Connection, now: int) -> None:
    db.execute(
        "delete from session where touched < ? or (closed is not null and touched < ?)",
        (now - SILENT_SECONDS_MAX, now - ENDED_SECONDS_MAX),
    )


def _known(db: sqlite3.Connection, report: Report) -> tuple[int | None, Progress | None]:
    rows = db.execute(
        "select number, start_min, start_max, session_time, octets_in, octets_out, closed"
        " from session where nas_id = ? and session_id = ? and user_name = ? order by number desc",
        (report.nas_id, report.session_id, report.user_name),
    )
    for number, *values in rows.fetchall():
        progress = Progress(*values)
        if progress.covers(report.start):
            return number, progress
    return None, None


def _save(db: sqlite3.Connection, report: Report, number: int | None, progress: Progress) -> None:
    closed = report.second if report.type == "stop" else progress.closed
    db.execute(
        "insert or replace into session values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            report.nas_id,
            report.session_id,
            report.user_name,
            progress.start_min,
            progress.start_max,
            progress.session_time,
            progress.octets_in,
            progress.octets_out,
            closed,
            int(report.received_at.timestamp()),
        ),
    )


def _close_all(db: sqlite3.Connection, report: Report) -> None:
    """A router that restarted counts from zero; whoever used the id before is another session."""
    db.execute(
        "update session set closed = ? where nas_id = ? and closed is null",
        (report.second, report.nas_id),
    )

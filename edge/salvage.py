"""A spool that its disk has damaged: set aside, and what of it can be read goes into a new one.

Being killed damages nothing, nor does a power cut on a disk that syncs when it is told to; this is
for the disk that does not, or that fails. Nothing is deleted, and what cannot be read is not sent.
"""

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

TABLES: Sequence[str] = ("record", "tail", "router", "session")
PARTS = ("", "-wal", "-shm")
# A record cut short is no JSON, for its last character is a brace.
BAD_RECORDS = (
    "select place from record where typeof(body) <> 'text' or not json_valid(body)"
    " or substr(body, 1, 1) <> '{' or typeof(boot) <> 'text' or typeof(seq) <> 'integer'"
)


def mend(path: Path, boot: str, schema: Sequence[str]) -> Path | None:
    """Make a damaged spool a whole one; where the damaged one is kept, or None if it was whole.

    To be called under the spool's lock, before it is opened. Killed in between, the next start
    goes on with it.
    """
    aside = _unfinished(path)
    if aside is None:
        problem = _problem(path)
        if problem is None:
            return None
        aside = _beside(path, f".damaged-{boot}")
        logger.error("%s is damaged (%s); it is kept as %s", path, problem, aside)
    for part in PARTS:
        with suppress(FileNotFoundError):
            os.rename(_beside(path, part), _beside(aside, part))
    mended = _beside(path, ".mended")
    mended.unlink(missing_ok=True)
    kept = _copy(aside, mended, schema)
    os.replace(mended, path)
    logger.error("read from %s: %s", aside, ", ".join(f"{kept[t]} of {t}" for t in TABLES))
    return aside


def _unfinished(path: Path) -> Path | None:
    """A damaged spool that was set aside, if nothing has taken its place yet."""
    if path.exists():
        return None
    aside = sorted(path.parent.glob(f"{path.name}.damaged-*"))
    return next((found for found in reversed(aside) if not found.name.endswith(PARTS[1:])), None)


def _problem(path: Path) -> str | None:
    """What is wrong with a spool; None if each of its pages and records can be read."""
    if not path.exists():
        return None
    try:
        with closing(_open(path)) as db:
            page_bytes: int = db.execute("pragma page_size").fetchone()[0]
            found: str = db.execute("pragma quick_check(1)").fetchone()[0]
            if found != "ok":
                return found.replace("\n", " ")
            if path.stat().st_size % page_bytes:
                return "its last page is cut short"
            if db.execute("select 1 from sqlite_master where name = 'record'").fetchone():
                bad = db.execute(BAD_RECORDS).fetchall()
                return f"{len(bad)} records are cut short" if bad else None
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY):
            raise
        return str(error)
    return None


def _copy(damaged: Path, mended: Path, schema: Sequence[str]) -> dict[str, int]:
    """Copy every row that can be read into a new file; how many, by table."""
    kept = dict.fromkeys(TABLES, 0)
    with closing(_open(mended)) as new, closing(_open(damaged)) as old:
        old.execute("pragma writable_schema = on")  # read it though it is shorter than it says
        new.execute("pragma synchronous = full")
        new.execute("begin")
        for statement in schema:
            new.execute(statement)
        for table in TABLES:
            columns = [name for _, name, *_ in new.execute(f"pragma table_info({table})")]
            marks = ", ".join("?" * len(columns))
            for row in _rows(old, table, columns[0]):
                with suppress(sqlite3.IntegrityError):  # read from both ends, or emptied
                    new.execute(f"insert into {table} values ({marks})", row)  # noqa: S608
                    kept[table] += 1
        bad = new.execute(BAD_RECORDS).fetchall()
        new.executemany("delete from record where place = ?", bad)
        kept["record"] -= len(bad)
        new.execute("commit")
    return kept


def _rows(db: sqlite3.Connection, table: str, key: str) -> Iterator[tuple[Any, ...]]:
    """From the first on until one cannot be read, then from the last back."""
    try:
        yield from db.execute(f"select * from {table} order by {key}")  # noqa: S608
    except sqlite3.DatabaseError:
        with suppress(sqlite3.DatabaseError):
            yield from db.execute(f"select * from {table} order by {key} desc")  # noqa: S608


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=10)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)

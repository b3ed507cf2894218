"""Follows files in which FreeRADIUS, switches and pollers write one report a line, across restarts.

How far a file was read is stored in the transaction that stores its records, so no line is taken
for read that is not spooled. A file is known by its inode and its first bytes, not by its name:
rotated, renamed and truncated files are followed rightly. Once begun it is read to its end under
whatever name.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from edge.config import Routers
from edge.counters import Counters
from edge.exports import Exported, from_export
from edge.records import MalformedReport, Report, from_line
from edge.spool import NotStored, Spool, Tail

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 18
LINE_BYTES_MAX = 1 << 16
HEAD_BYTES = 256


class LineReader:
    """Reads what has been added to the files of one directory since the last time."""

    def __init__(
        self,
        directory: Path,
        pattern: str,
        routers: Routers,
        spool: Spool,
        counters: Counters,
        clock: Callable[[], datetime],
    ) -> None:
        self._directory, self._pattern, self._clock = directory, pattern, clock
        self._routers, self._spool, self._counters = routers, spool, counters
        self._unreadable, self._held = set[str](), False

    def poll(self, stop: Callable[[], bool]) -> bool:
        """Take over one chunk of each file; whether there may be more."""
        more = False
        for path in self._files():
            if stop():
                break
            try:
                with path.open("rb") as file:
                    more |= self._take(path, file)
            except FileNotFoundError:
                continue  # rotated away between the listing and the opening
            except OSError as error:
                self._complain(path, error)  # the other files, and the routers, go on
            except NotStored as refusal:
                self._counters.add("lines_held")
                if not self._held:
                    logger.error("lines wait in their files: %s", refusal)
                self._held = True
                return False
        if self._held:
            logger.warning("lines are read again")
        self._held = False
        return more

    def _files(self) -> Iterator[Path]:
        """Those of the pattern, and those begun under such a name and renamed since."""
        try:
            for path in sorted(self._directory.iterdir()):
                if path.is_file() and (path.match(self._pattern) or self._begun(path)):
                    yield path
        except OSError as error:
            self._complain(self._directory, error)

    def _begun(self, path: Path) -> bool:
        stat = path.stat()
        if self._spool.tail(stat.st_dev, stat.st_ino) is None:
            return False
        with path.open("rb") as file:
            return self._position(path, file).offset > 0

    def _complain(self, path: Path, error: OSError) -> None:
        """Once for each: the file may stay as it is for days."""
        if path.name not in self._unreadable:
            self._unreadable.add(path.name)
            logger.warning("%s is not read: %s", path, error.strerror)
            self._counters.refuse("unreadable_file")

    def _take(self, path: Path, file: BinaryIO) -> bool:
        position = self._position(path, file)
        file.seek(position.offset)
        chunk = file.read(CHUNK_BYTES)
        whole = chunk[: chunk.rfind(b"\n") + 1]
        if not whole and len(chunk) > LINE_BYTES_MAX:
            whole = chunk  # no report is that long: step over it, the rest of it is refused too
        if not whole:
            return False  # the last line is still being written
        reports, refused = self._read(whole, path, position.offset)
        offset = position.offset + len(whole)
        self._spool.append(reports, self._routers.line_rate_bps, _tail(path, file, offset))
        self._counters.add("spooled", len(reports))
        self._counters.add("lines_read", len(reports) + refused)
        if refused:
            self._counters.refuse("malformed_line", refused)
        return len(chunk) == CHUNK_BYTES

    def _read(self, whole: bytes, path: Path, offset: int) -> tuple[list[Report | Exported], int]:
        reports: list[Report | Exported] = []
        refused, now = 0, self._clock()
        for line in whole.splitlines(keepends=True):
            if line.strip():
                try:
                    exported = from_export(line, now)
                    reports.append(exported or from_line(line, self._routers.name_at))
                except MalformedReport as error:
                    logger.warning("%s at byte %d: %s", path.name, offset, error)
                    refused += 1
            offset += len(line)
        return reports, refused

    def _position(self, path: Path, file: BinaryIO) -> Tail:
        now = _tail(path, file, 0)
        known = self._spool.tail(now.device, now.inode)
        if known is None:
            return now
        file.seek(0)
        same_head = _digest(file.read(known.head_bytes)) == known.head_digest
        shrunk = os.fstat(file.fileno()).st_size < known.offset
        return known if same_head and not shrunk else now


def _tail(path: Path, file: BinaryIO, offset: int) -> Tail:
    stat = os.fstat(file.fileno())
    file.seek(0)
    head = file.read(min(HEAD_BYTES, offset))
    return Tail(stat.st_dev, stat.st_ino, offset, len(head), _digest(head), path.name)


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()

"""What the collector has done since it began, as numbers a person or a monitor can read.

For RADIUS, received = acknowledged + refused, always; repeated ones are among the acknowledged.
"""

import json
import os
from collections import Counter
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from edge.records import rfc3339

NAMES = (
    "received",       # packets on the accounting port
    "acknowledged",   # replies sent, after the sync
    "repeated",       # of these, answers to a packet that was stored before
    "lines_read",     # lines taken over from FreeRADIUS' files, refused ones included
    "lines_held",     # times that lines waited in their files, because the spool took nothing
    "spooled",        # records stored
    "sent",           # records that the stream has confirmed
    "resent",         # records offered again because an attempt failed
    "clock_steps",    # times that the clock jumped by more than two seconds
    "send_failures",  # attempts in which something was not taken
)  # fmt: skip


class Counters:
    """Counts by name, and refusals by reason; shared by the threads of one collector."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = Counter[str]()
        self._refused = Counter[str]()

    def add(self, name: str, count: int = 1) -> None:
        with self._lock:
            self._counts[name] += count

    def refuse(self, reason: str, count: int = 1) -> None:
        with self._lock:
            self._refused[reason] += count

    def as_dict(self) -> dict[str, Any]:
        with self._lock:
            counts = {name: self._counts[name] for name in NAMES}
            return {**counts, "refused": dict(sorted(self._refused.items()))}


def status(
    counters: Counters,
    *,
    collector: str,
    boot: str,
    listening: str | None,
    waiting_at_start: int,
    oldest_received_at: float | None,
    damaged_spool: str | None,
    now: datetime,
) -> dict[str, Any]:
    """The status document. `waiting` counts records not confirmed; ages are in seconds."""
    counts = counters.as_dict()
    age = None if oldest_received_at is None else max(now.timestamp() - oldest_received_at, 0)
    return {
        "collector": collector,
        "boot": boot,
        "at": rfc3339(now),
        "listening": listening,
        **counts,
        "waiting": waiting_at_start + counts["spooled"] - counts["sent"],
        "oldest_unsent_age_seconds": None if age is None else round(age, 3),
        "damaged_spool": damaged_spool,
    }


def write_status(path: Path, document: dict[str, Any]) -> None:
    """Replace the status file in one step: a reader sees the old document or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)  # /run is empty after a reboot
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(document, indent=1) + "\n")
    os.replace(beside, path)

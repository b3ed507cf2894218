"""A collector with one fault, to see that the tests would find it: no part of the product.

python -m tests.edge.planted delete-before-confirmed --config collector.toml
"""

import sys
from pathlib import Path
from typing import Any

from edge import collector
from edge.packs import cut
from edge.sender import ROUND_RECORDS, Sender
from edge.spool import Spool


def acknowledge_before_commit() -> None:
    """What arrives is stored with the next batch, and answered at once."""
    append, late = Spool.append, list[Any]()

    def answered_first(self: Spool, reports: Any, *others: Any) -> None:
        due, late[:] = list(late), reports
        append(self, due, *others)

    Spool.append = answered_first


def delete_before_confirmed() -> None:
    """What is offered is deleted first."""

    def deleted_first(self: Sender) -> tuple[int, int]:
        waiting = self._backlog.oldest(ROUND_RECORDS)
        if not waiting:
            return 0, 0
        packs = list(cut(waiting))
        self._backlog.forget(waiting)
        confirmed = [record for pack in self._offer(packs) for record in pack.records]
        return len(confirmed), 0

    Sender.send_once = deleted_first


def reuse_the_boot() -> None:
    """Every start has one name, and numbers go on after the highest that still waits."""
    collector.new_boot = lambda at, entropy: "boot"
    begin = Spool.__init__

    def gone_on(self: Spool, path: Path, *others: Any) -> None:
        begin(self, path, *others)
        highest = self._db.execute("select coalesce(max(seq), 0) from record").fetchone()[0]
        self._next_seq = highest + 1

    Spool.__init__ = gone_on


FAULTS = {
    "acknowledge-before-commit": acknowledge_before_commit,
    "delete-before-confirmed": delete_before_confirmed,
    "reuse-the-boot": reuse_the_boot,
}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    sys.exit(collector.main())

"""A collector with one fault, to see that the tests would find it: no part of the product.

python -m tests.edge.planted delete-before-confirmed --config collector.toml
"""

import sys
import time
from datetime import timedelta
from typing import Any

from edge import collector, spool
from edge.listener import Listener
from edge.packs import cut
from edge.sender import ROUND_RECORDS, Sender
from edge.spool import SCHEMA, Spool


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
    """Every start has one name, and nothing minds that its numbers begin again."""
    collector.new_boot = lambda at, entropy: "boot"
    spool.SCHEMA = tuple(statement.replace(", unique (boot, seq)", "") for statement in SCHEMA)


def begin_sessions_anew() -> None:
    """Each start reads another time, hours apart: every session seems to have begun again."""
    started = Listener.__init__
    ahead = timedelta(minutes=20) * (int(time.time() * 10) % 1000)

    def elsewhen(
        self: Listener, port: Any, routers: Any, store: Any, counters: Any, clock: Any
    ) -> None:
        started(self, port, routers, store, counters, lambda: clock() + ahead)

    Listener.__init__ = elsewhen


FAULTS = {
    "acknowledge-before-commit": acknowledge_before_commit,
    "delete-before-confirmed": delete_before_confirmed,
    "reuse-the-boot": reuse_the_boot,
    "begin-sessions-anew": begin_sessions_anew,
}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    sys.exit(collector.main())

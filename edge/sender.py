"""From the spool to the stream: PutRecords, again and again, until each record is confirmed."""

import logging
import sqlite3
from collections.abc import Callable
from itertools import islice
from random import Random
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from edge.counters import Counters
from edge.packs import Pack, cut, partition_key, signed
from edge.spool import Backlog

logger = logging.getLogger(__name__)

ROUND_RECORDS = 5_000  # looked at for one PutRecords, mostly some 20 packs
ROUND_PACKS = 40  # of one PutRecords: 4 MB at most; the call's limit is 500 and 5 MiB
BACKOFF_SECONDS = 0.5
BACKOFF_SECONDS_MAX = 30.0


class Sender:
    """Offers what waits to the stream, and deletes a record only after the stream has taken it."""

    def __init__(
        self,
        backlog: Backlog,
        client: Any,
        stream: str,
        collector: str,
        key: bytes,
        counters: Counters,
        random: Random,
    ) -> None:
        self._backlog, self._client, self._stream = backlog, client, stream
        self._collector, self._key = collector, key
        self._counters, self._random = counters, random
        self._offered_to = 0  # the furthest place that was ever offered
        self._round_packs = ROUND_PACKS

    def run(self, stop: Callable[[], bool], wait: Callable[[float], Any], interval: float) -> None:
        """Send until told to stop, then offer once more what is left."""
        failures = 0
        while not stop():
            taken, left = self.send_once()
            failures = failures + 1 if left else 0
            if left:
                wait(backoff(failures, self._random))
            elif not taken:
                wait(interval)
        if not failures:
            self.send_once()

    def send_once(self) -> tuple[int, int]:
        """One PutRecords of what has waited longest: records confirmed, records still to send."""
        packs = list(islice(cut(self._backlog.oldest(ROUND_RECORDS)), self._round_packs))
        if not packs:
            return 0, 0
        self._count_repeats(packs)
        taken = self._offer(packs)
        confirmed = [record for pack in taken for record in pack.records]
        left = sum(len(pack.records) for pack in packs) - len(confirmed)
        if confirmed:
            try:
                self._backlog.forget(confirmed)
            except sqlite3.OperationalError as error:
                # Sent but still spooled: the next round sends it again, which adds nothing.
                logger.warning("cannot delete %d sent records: %s", len(confirmed), error)
                return 0, len(confirmed) + left
            self._counters.add("sent", len(confirmed))
        if left:
            self._counters.add("send_failures")
        self._fit_round(failed=bool(left))
        return len(confirmed), left

    def _fit_round(self, failed: bool) -> None:
        """Halve what is offered at once after a failure, else one pack more.

        A call that takes a slow link longer than its time-out would fail in the same way for ever.
        """
        fitting = self._round_packs // 2 if failed else self._round_packs + 1
        self._round_packs = min(max(fitting, 1), ROUND_PACKS)

    def _offer(self, packs: list[Pack]) -> list[Pack]:
        entries = [
            {
                "Data": signed(pack, self._collector, self._key),
                "PartitionKey": partition_key(pack, self._collector),
            }
            for pack in packs
        ]
        try:
            answer = self._client.put_records(StreamName=self._stream, Records=entries)
        except (BotoCoreError, ClientError) as error:
            # The reply may be lost after the stream took all of it; offering it again is harmless.
            logger.warning("the stream was not reached: %s", error)
            return []
        results = answer["Records"]
        refused = sorted({entry["ErrorCode"] for entry in results if entry.get("ErrorCode")})
        if refused:
            logger.warning("the stream refused some packs: %s", ", ".join(refused))
        return [
            pack
            for pack, entry in zip(packs, results, strict=True)
            if entry.get("SequenceNumber") and not entry.get("ErrorCode")
        ]

    def _count_repeats(self, packs: list[Pack]) -> None:
        places = [record.place for pack in packs for record in pack.records]
        self._counters.add("resent", sum(place <= self._offered_to for place in places))
        self._offered_to = max(self._offered_to, places[-1])


def backoff(failures: int, random: Random) -> float:
    """Seconds to wait after the n-th failure in a row: doubling, capped, and jittered."""
    ceiling = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS * 2 ** min(failures - 1, 16))
    return ceiling * random.uniform(0.5, 1.0)

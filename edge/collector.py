"""The collector an ISP runs beside its routers: `python -m edge.collector --config collector.toml`.

One thread takes reports in and syncs them to the spool; another sends the spool to the stream.
"""

import argparse
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

from edge.config import BadConfig, Config, load
from edge.counters import Counters, status, write_status
from edge.lines import LineReader
from edge.listener import Listener, open_port
from edge.sender import Sender
from edge.spool import Backlog, NotStored, Spool, SpoolInUse

logger = logging.getLogger("edge.collector")

TICK_SECONDS = 0.2
CLEANING_SECONDS = 3600.0
CLOCK_STEP_SECONDS = 2.0


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. 0: stopped as told; 1: cannot go on; 2: wrong configuration."""
    parser = argparse.ArgumentParser(prog="edge.collector", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="collector.toml")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        config = load(chosen.config)
    except BadConfig as error:
        print(f"collector: {error}", file=sys.stderr)
        return 2
    try:
        return Collector(config, lambda: datetime.now(UTC), Random()).run()
    except (SpoolInUse, NotStored, OSError) as error:
        print(f"collector: {error}", file=sys.stderr)
        return 1


def new_boot(at: datetime, entropy: bytes) -> str:
    """A name for this run of the collector; its sequence numbers begin at 1 and are its own.

    A new one at every start, so a spool restored from a copy cannot use a number again.
    """
    return f"{at:%Y%m%dT%H%M%SZ}-{entropy.hex()}"


@dataclass
class Timer:
    """Says when something that recurs is due again."""

    every: float
    due_at: float = 0.0

    def due(self, now: float) -> bool:
        if now < self.due_at:
            return False
        self.due_at = now + self.every
        return True


@dataclass
class ClockWatch:
    """Notices that the clock was set, by comparing it with one that nobody can set."""

    ahead: float | None = None  # of the clock that only runs, seconds

    def step(self, clock: float, elapsed: float) -> float:
        """By how many seconds the clock jumped since it was last looked at; 0: it ran on."""
        before, self.ahead = self.ahead, clock - elapsed
        jumped = 0.0 if before is None else self.ahead - before
        return jumped if abs(jumped) > CLOCK_STEP_SECONDS else 0.0


class Collector:
    """Wires port, files, spool and stream together, and stops them cleanly."""

    def __init__(self, config: Config, clock: Callable[[], datetime], random: Random) -> None:
        self._config, self._clock, self._random = config, clock, random
        self._boot = new_boot(clock(), os.urandom(4))
        self._counters = Counters()
        self._stop = threading.Event()
        self._asked_for_status = False
        self._told_to_stop = False

    def run(self) -> int:
        config = self._config
        spool = Spool(config.spool, self._boot, config.spool_max_bytes, config.reserve_bytes)
        backlog = Backlog(config.spool)
        _tell_what_waits(backlog)
        port = open_port(*config.listen) if config.listen else None
        sending = threading.Thread(target=self._send, args=(backlog,), name="sender")
        self._heed_signals()
        sending.start()
        try:
            self._take_in(spool, backlog.waiting_at_start, port)
        finally:
            self._stop.set()
            sending.join()
            self._write_status(spool, backlog.waiting_at_start, port)
            if port:
                port.close()
            backlog.close()
            spool.close()
        return 0 if self._told_to_stop else 1

    def _take_in(self, spool: Spool, waiting: int, port: socket.socket | None) -> None:
        config, counters = self._config, self._counters
        listener = port and Listener(port, config.routers, spool, counters, self._clock)
        reader = config.lines_directory and LineReader(
            config.lines_directory,
            config.lines_pattern,
            config.routers,
            spool,
            counters,
            self._clock,
        )
        reading = Timer(config.lines_every_seconds)
        telling, cleaning = Timer(config.status_every_seconds), Timer(CLEANING_SECONDS)
        watch = ClockWatch()
        logger.info("boot %s, listening on %s", self._boot, _name_of(port))
        while not self._stop.is_set():
            ready, _, _ = select.select([port] if port else [], [], [], TICK_SECONDS)
            if ready and listener:
                listener.take()
            now = monotonic()
            if step := watch.step(self._clock().timestamp(), now):
                logger.error("the clock was set by %+.1f s: starts of sessions move with it", step)
                counters.add("clock_steps")
            if reader and reading.due(now) and reader.poll(self._stop.is_set):
                reading.due_at = now  # there is more to read: do not wait
            if telling.due(now) or self._asked_for_status:
                self._write_status(spool, waiting, port)
            if cleaning.due(now):
                _clean(spool, self._clock())

    def _send(self, backlog: Backlog) -> None:
        try:
            client = boto3.client(
                "kinesis",
                region_name=self._config.region,
                config=ClientConfig(
                    connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1}
                ),
            )
            sender = Sender(
                backlog,
                client,
                self._config.stream,
                self._config.collector,
                self._config.hmac_key,
                self._counters,
                self._random,
            )
            sender.run(self._stop.is_set, self._stop.wait, self._config.send_every_seconds)
        finally:
            # A sender that dies takes the collector with it: whoever supervises it starts both.
            self._stop.set()

    def _heed_signals(self) -> None:
        def stop(_signal: int, _frame: object) -> None:
            self._told_to_stop = True
            self._stop.set()

        def tell(_signal: int, _frame: object) -> None:
            self._asked_for_status = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGUSR1, tell)

    def _write_status(self, spool: Spool, waiting: int, port: socket.socket | None) -> None:
        document: dict[str, Any] = status(
            self._counters,
            collector=self._config.collector,
            boot=self._boot,
            listening=_name_of(port),
            waiting_at_start=waiting,
            oldest_received_at=spool.oldest_received_at(),
            damaged_spool=str(spool.damaged) if spool.damaged else None,
            now=self._clock(),
        )
        if self._config.status_file:
            try:
                write_status(self._config.status_file, document)
            except OSError as error:
                # Taking reports in matters more than being watched, and this disk may be full too.
                logger.warning("status not written: %s", error)
        if self._asked_for_status:
            self._asked_for_status = False
            print(json.dumps(document), flush=True)


def _clean(spool: Spool, now: datetime) -> None:
    try:
        spool.forget_old_sessions(now)
    except NotStored as refusal:
        logger.warning("old sessions stay for another hour: %s", refusal)


def _tell_what_waits(backlog: Backlog) -> None:
    if newest := backlog.newest():
        found = "%d records wait, the newest is number %d of boot %s"
        logger.info(found, backlog.waiting_at_start, newest.seq, newest.boot)


def _name_of(port: socket.socket | None) -> str | None:
    if port is None:
        return None
    host, number = port.getsockname()[:2]
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


if __name__ == "__main__":
    sys.exit(main())

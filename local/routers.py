"""Simulated routers: real RADIUS Accounting-Requests over UDP, with the habits of real networks.

Packets are lost, sent twice, overtaken; starts jitter by two seconds; a router reboots. What each
user carried is known exactly: `totals` is the truth that a bill can be compared with to the digit.

    python -m local.routers --collector 127.0.0.1:1813 --secret … --users users.json --interval 2
"""

import argparse
import json
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Lock
from typing import Any

from local.radius_client import RadiusClient, Request
from local.subscribers import User, users_from

WRAP = 1 << 32
JITTER_SECONDS = 2
SETTLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Habits:
    """How often things go wrong: shares of packets, and counts of reports (0: never)."""

    lost: float = 0.02
    duplicated: float = 0.05
    overtaken: float = 0.05
    reports_per_session: int = 60
    reports_between_reboots: int = 45
    without_gigawords: frozenset[str] = frozenset()  # routers that count in 32 bits only


@dataclass(frozen=True, slots=True)
class Total:
    """What a user's acknowledged reports come to: the last counters of each session, added up."""

    octets_in: int
    octets_out: int
    sessions: int


@dataclass(slots=True)
class _Session:
    id: str
    began: float
    octets_in: int = 0
    octets_out: int = 0
    session_time: int = 0
    reports: int = 0


@dataclass(slots=True)
class _Line:
    user: User
    random: Random
    session: _Session
    next_at: float
    rounds: int = 0


@dataclass(slots=True)
class _Router:
    """One NAS. What it holds leaves after its next packet: the network let that one overtake."""

    id: str
    client: RadiusClient
    held: list[Request] = field(default_factory=list[Request])


class Routers:
    """All routers of the simulation. `run` in a thread; `totals` and `figures` from anywhere."""

    def __init__(
        self,
        users: Sequence[User],
        collector: tuple[str, int],
        secret: bytes,
        *,
        interval: float = 2.0,
        speed: float = 1.0,
        seed: int = 1,
        habits: Habits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._interval, self._speed = interval, speed
        self._habits, self._clock = habits or Habits(), clock
        self._lock, self._figures = Lock(), Counter[str]()
        self._acknowledged: dict[tuple[str, str], tuple[int, int]] = {}
        self._sessions, self._began = 0, clock()
        self._routers = {
            nas_id: _Router(nas_id, RadiusClient(collector, secret, self._count))
            for nas_id in sorted({user.nas_id for user in users})
        }
        self._lines = [
            self._line(user, place, len(users), seed) for place, user in enumerate(users)
        ]

    def run(
        self, stop: Event, reports: int | None = None, settle_seconds: float = SETTLE_SECONDS
    ) -> None:
        """Report until told to stop, or so often for each user; then wait for the last answers."""
        while not stop.is_set():
            busy = [line for line in self._lines if reports is None or line.rounds < reports]
            if not busy:
                break
            now = self._clock()
            for line in busy:
                if line.next_at <= now:
                    self._report(line, now)
                    line.next_at += self._interval
            self._exchange(0.05)
        settled_by = self._clock() + settle_seconds
        for router in self._routers.values():
            for held in router.held:
                router.client.send(held, self._clock())
            router.held = []
        while self._waiting() and self._clock() < settled_by:
            self._exchange(0.05)

    def totals(self) -> dict[str, Total]:
        """The truth so far: what was reported and acknowledged, by user name."""
        with self._lock:
            acknowledged = dict(self._acknowledged)
        summed: dict[str, Total] = {}
        for (user, _), (octets_in, octets_out) in acknowledged.items():
            sofar = summed.get(user, Total(0, 0, 0))
            summed[user] = Total(
                sofar.octets_in + octets_in, sofar.octets_out + octets_out, sofar.sessions + 1
            )
        return summed

    def figures(self) -> dict[str, int]:
        """Packets sent, acknowledged, overtaken, retried, given up, unanswered; reboots."""
        with self._lock:
            return {**self._figures, "unanswered": self._waiting()}

    def close(self) -> None:
        for router in self._routers.values():
            router.client.close()

    def _line(self, user: User, place: int, count: int, seed: int) -> _Line:
        first = self._new_session(self._began - user.session_age_seconds)
        first.octets_in, first.octets_out = user.octets_in, user.octets_out
        first.reports = 1 if user.session_age_seconds else 0  # its Start was long ago
        next_at = self._began + self._interval * place / count
        return _Line(user, Random(f"{seed}/{user.user_name}"), first, next_at)

    def _new_session(self, began: float) -> _Session:
        # Ids carry the instant of this run, so that another run never continues these sessions.
        self._sessions += 1
        return _Session(f"{int(self._began * 10):010X}-{self._sessions:04X}", began)

    def _report(self, line: _Line, now: float) -> None:
        line.rounds += 1
        router = self._routers[line.user.nas_id]
        if self._reboots(line):
            self._reboot(router, now)
        habits, session = self._habits, line.session
        if session.reports == 0:
            self._send(router, line, "Start", now)
            return
        for direction, mbps in (("in", line.user.up_mbps), ("out", line.user.down_mbps)):
            octets = mbps * 125_000 * self._interval * self._speed * line.random.uniform(0.2, 1.8)
            name = f"octets_{direction}"
            setattr(session, name, getattr(session, name) + int(octets))
        ends = habits.reports_per_session and session.reports >= habits.reports_per_session
        self._send(router, line, "Stop" if ends else "Interim-Update", now)
        if ends:
            line.session = self._new_session(now)

    def _reboots(self, line: _Line) -> bool:
        every = self._habits.reports_between_reboots
        first = next(other for other in self._lines if other.user.nas_id == line.user.nas_id)
        return bool(every) and line is first and line.rounds % every == 0

    def _reboot(self, router: _Router, now: float) -> None:
        """The router forgets its sessions: Accounting-On, no Stop, new ids, counters from zero."""
        self._count("reboots")
        attributes = {"Acct-Status-Type": "Accounting-On", "NAS-Identifier": router.id}
        router.client.send(router.client.request(attributes, now, lambda: None), now)
        for line in self._lines:
            if line.user.nas_id == router.id:
                line.session = self._new_session(now)

    def _send(self, router: _Router, line: _Line, status: str, now: float) -> None:
        habits, client = self._habits, router.client
        line.session.reports += 1
        lost, twice, overtaken = (line.random.random() for _ in range(3))
        user, session = line.user.user_name, line.session
        counts = session.octets_in, session.octets_out
        request = client.request(
            self._attributes(router, line, status, now),
            now,
            lambda: self._acknowledge(user, session.id, *counts),
        )
        earlier, router.held = router.held, []
        if status == "Interim-Update" and overtaken < habits.overtaken:
            router.held.append(request)
            self._count("overtaken")
        else:
            client.send(request, now, lost=lost < habits.lost, twice=twice < habits.duplicated)
        for held in earlier:
            client.send(held, now)

    def _attributes(self, router: _Router, line: _Line, status: str, now: float) -> dict[str, Any]:
        user, session = line.user, line.session
        elapsed = int(now - session.began) + line.random.randint(0, JITTER_SECONDS)
        session.session_time = 0 if status == "Start" else max(session.session_time, elapsed)
        attributes: dict[str, Any] = {
            "Acct-Status-Type": status,
            "Acct-Session-Id": session.id,
            "User-Name": user.user_name,
            "NAS-Identifier": router.id,
            "Acct-Session-Time": session.session_time,
            "Acct-Delay-Time": line.random.randint(0, JITTER_SECONDS),
        }
        for direction, octets in (("Input", session.octets_in), ("Output", session.octets_out)):
            attributes[f"Acct-{direction}-Octets"] = octets % WRAP
            if router.id not in self._habits.without_gigawords:
                attributes[f"Acct-{direction}-Gigawords"] = octets // WRAP
        if user.calling_station_id:
            attributes["Calling-Station-Id"] = user.calling_station_id
        if user.class_:
            attributes["Class"] = user.class_.encode()
        if status == "Stop":
            attributes["Acct-Terminate-Cause"] = "User-Request"
        return attributes

    def _exchange(self, seconds: float) -> None:
        clients = {router.client.port: router.client for router in self._routers.values()}
        ready, _, _ = select.select(list(clients), [], [], seconds)
        for port in ready:
            clients[port].read_answers()
        now = self._clock()
        for client in clients.values():
            client.retry(now)

    def _acknowledge(self, user: str, session: str, octets_in: int, octets_out: int) -> None:
        with self._lock:
            most_in, most_out = self._acknowledged.get((user, session), (0, 0))
            self._acknowledged[user, session] = max(most_in, octets_in), max(most_out, octets_out)

    def _waiting(self) -> int:
        return sum(router.client.waiting for router in self._routers.values())

    def _count(self, name: str) -> None:
        with self._lock:
            self._figures[name] += 1


def main(arguments: list[str] | None = None) -> int:
    """Simulate until interrupted, then print the truth as JSON."""
    parser = argparse.ArgumentParser(
        prog="local.routers", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--collector", default="127.0.0.1:1813", help="host:port")
    parser.add_argument("--secret", required=True, help="the routers' shared secret")
    parser.add_argument("--users", type=Path, required=True, help="JSON list of names or users")
    parser.add_argument("--nas", default="bng-1", help="router names, separated by commas")
    parser.add_argument("--interval", type=float, default=2.0, help="seconds between reports")
    parser.add_argument("--speed", type=float, default=1.0, help="multiplies the traffic")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reports", type=int, help="stop after so many reports of each user")
    chosen = parser.parse_args(arguments)
    host, _, port = chosen.collector.rpartition(":")
    routers = Routers(
        users_from(json.loads(chosen.users.read_text()), chosen.nas.split(",")),
        (host.strip("[]"), int(port)),
        chosen.secret.encode(),
        interval=chosen.interval,
        speed=chosen.speed,
        seed=chosen.seed,
    )
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    routers.run(stop, chosen.reports)
    totals = {user: asdict(total) for user, total in routers.totals().items()}
    print(json.dumps({"figures": routers.figures(), "totals": totals}, indent=1))
    routers.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Routers that report without pause and send again until they are answered; they know the truth."""

import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from threading import Event, Thread
from typing import Any

from local.radius_client import RadiusClient
from tests.edge.radius import SECRET

WRAP = 1 << 32
ROUTERS = ("bng-1", "bng-2", "old-1")
WITHOUT_GIGAWORDS = "old-1"  # its sessions wrap around 2**32 while they are watched
REPORT_SECONDS = 1.05  # session times are whole seconds: no two reports of a session in one
AGE_SECONDS = 3600
OCTETS_MAX = 12_000_000  # of one report: far below the line rate
WAITING_MAX = 200  # of a router's 256 packet ids

Reported = tuple[str, int, int]  # session, octets in, octets out


@dataclass(slots=True)
class Session:
    """One subscriber's session; its octets are the truth, in 64 bits."""

    id: str
    router: str
    began: float
    due_at: float
    octets_in: int
    octets_out: int

    @property
    def user(self) -> str:
        return f"{self.id}@isp.example"


class Load(Thread):
    """Some hundred reports a second to a collector that may be gone at any moment."""

    def __init__(self, port: int, seed: int, sessions: int = 300) -> None:
        super().__init__(daemon=True)
        self.random, self.done = Random(seed), Event()
        self.sent = set[Reported]()
        self.acknowledged = set[Reported]()
        self.datagrams = Counter[str]()
        self.clients = {
            router: RadiusClient(("127.0.0.1", port), SECRET, self._count) for router in ROUTERS
        }
        now = time.time()
        self.sessions = [self._session(number, now) for number in range(sessions)]

    def open(self, seconds: float = 60) -> "Load":
        """Have each session acknowledged once, then report in the background."""
        for session in self.sessions:
            self._report(session, time.time())
            self._exchange(0.001)
        self._settle(seconds)
        self.start()
        return self

    def run(self) -> None:
        while not self.done.is_set():
            now = time.time()
            for session in self.sessions:
                if session.due_at <= now and self.clients[session.router].waiting < WAITING_MAX:
                    self._grow(session)
                    self._report(session, now)
            self._exchange(0.005)

    def close(self, seconds: float = 60) -> None:
        """Report no more; wait until the last report is answered."""
        self.done.set()
        self.join()
        self._settle(seconds)
        for client in self.clients.values():
            client.close()

    def truth(self) -> dict[str, tuple[int, int]]:
        """The octets of each user, in and out, by the largest report that was acknowledged."""
        users = {session.id: session.user for session in self.sessions}
        largest: dict[str, tuple[int, int]] = {}
        for session, octets_in, octets_out in self.acknowledged:
            most_in, most_out = largest.get(users[session], (0, 0))
            largest[users[session]] = max(most_in, octets_in), max(most_out, octets_out)
        return largest

    def _session(self, number: int, now: float) -> Session:
        router = ROUTERS[number % len(ROUTERS)]
        octets = WRAP - OCTETS_MAX if router == WITHOUT_GIGAWORDS else WRAP + number
        due_at = now + self.random.uniform(1, 2)
        return Session(f"S{number}", router, now - AGE_SECONDS, due_at, octets // 9, octets)

    def _grow(self, session: Session) -> None:
        session.octets_in += self.random.randrange(1, OCTETS_MAX)
        session.octets_out += self.random.randrange(1, OCTETS_MAX)

    def _report(self, session: Session, now: float) -> None:
        session.due_at = now + REPORT_SECONDS
        reported = (session.id, session.octets_in, session.octets_out)
        self.sent.add(reported)
        client = self.clients[session.router]
        request = client.request(
            _attributes(session, now), now, lambda: self.acknowledged.add(reported)
        )
        client.send(request, now)

    def _exchange(self, seconds: float) -> None:
        time.sleep(seconds)
        for client in self.clients.values():
            client.read_answers()
            client.retry(time.time())

    def _settle(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while any(client.waiting for client in self.clients.values()):
            assert time.monotonic() < until, "the collector does not answer"
            self._exchange(0.005)
        assert self.acknowledged == self.sent

    def _count(self, name: str) -> None:
        self.datagrams[name] += 1


def _attributes(session: Session, now: float) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "Acct-Status-Type": "Interim-Update",
        "Acct-Session-Id": session.id,
        "User-Name": session.user,
        "NAS-Identifier": session.router,
        "Acct-Session-Time": int(now - session.began),
        "Acct-Input-Octets": session.octets_in % WRAP,
        "Acct-Output-Octets": session.octets_out % WRAP,
    }
    if session.router != WITHOUT_GIGAWORDS:
        attributes["Acct-Input-Gigawords"] = session.octets_in // WRAP
        attributes["Acct-Output-Gigawords"] = session.octets_out // WRAP
    return attributes

"""The accounting side of one router: sends requests over UDP and tries again until answered."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyrad.packet import AcctPacket, PacketError

from edge.records import DICTIONARY

RETRY_SECONDS, RETRY_SECONDS_MAX = 0.7, 5.0
SAME_BYTES_TRIES = 3  # then a new packet id and a longer Acct-Delay-Time (RFC 2866 §5.2)
GIVE_UP_SECONDS = 120.0
PACKET_IDS = 256


@dataclass(slots=True)
class Request:
    """An Accounting-Request on its way; `answered` is called once, when the collector has it."""

    attributes: dict[str, Any]
    answered: Callable[[], None]
    first_at: float
    packet: AcctPacket
    raw: bytes
    retry_at: float = 0.0
    tries: int = 1


class RadiusClient:
    """One socket with its own packet identifiers, so at most 256 requests wait for an answer."""

    def __init__(
        self, collector: tuple[str, int], secret: bytes, count: Callable[[str], None]
    ) -> None:
        family = socket.AF_INET6 if ":" in collector[0] else socket.AF_INET
        self.port = socket.socket(family, socket.SOCK_DGRAM)
        self.port.connect(collector)
        self.port.setblocking(False)
        self._secret, self._count = secret, count
        self._waiting: dict[int, Request] = {}
        self._last_id = 0

    @property
    def waiting(self) -> int:
        """Requests that no answer has come for yet."""
        return len(self._waiting)

    def request(
        self, attributes: dict[str, Any], now: float, answered: Callable[[], None]
    ) -> Request:
        """Build a request, to be sent now or later."""
        packet = self._packet(attributes)
        return Request(attributes, answered, now, packet, packet.RequestPacket())

    def send(
        self, request: Request, now: float, *, lost: bool = False, twice: bool = False
    ) -> None:
        """Put the request on the network; `lost` on its way there, or arriving twice."""
        if self._waiting.get(request.packet.id, request) is not request:
            self._repack(request, request.attributes)  # its id went to another while it was held
        for _ in range(0 if lost else 2 if twice else 1):
            self._count("sent")
            try:
                self.port.send(request.raw)
            except OSError:
                self._count("unreachable")  # the collector is down; a retry comes
        pause = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2 ** (request.tries - 1))
        request.retry_at = now + pause
        self._waiting[request.packet.id] = request

    def read_answers(self) -> None:
        """Take the answers that have come; one that is not signed for its request is ignored."""
        while True:
            try:
                data = self.port.recv(4096)
                reply = AcctPacket(packet=data, secret=self._secret, dict=DICTIONARY)
            except BlockingIOError:
                return
            except (OSError, PacketError):
                continue  # nobody listens there at the moment, or it is no RADIUS
            request = self._waiting.get(reply.id)
            if request and request.packet.VerifyReply(reply):
                del self._waiting[reply.id]
                self._count("acknowledged")
                request.answered()

    def retry(self, now: float) -> None:
        """Send again what has waited too long: the same bytes first, then with its delay told."""
        for request in [late for late in self._waiting.values() if late.retry_at <= now]:
            del self._waiting[request.packet.id]
            if now - request.first_at > GIVE_UP_SECONDS:
                self._count("given_up")
                continue
            self._count("retried")
            if request.tries >= SAME_BYTES_TRIES:
                delay = request.attributes.get("Acct-Delay-Time", 0) + int(now - request.first_at)
                self._repack(request, {**request.attributes, "Acct-Delay-Time": delay})
            request.tries += 1
            self.send(request, now)

    def close(self) -> None:
        self.port.close()

    def _repack(self, request: Request, attributes: dict[str, Any]) -> None:
        request.packet = self._packet(attributes)
        request.raw = request.packet.RequestPacket()

    def _packet(self, attributes: dict[str, Any]) -> AcctPacket:
        packet = AcctPacket(id=self._free_id(), secret=self._secret, dict=DICTIONARY)
        for name, value in attributes.items():
            packet[name] = value
        return packet

    def _free_id(self) -> int:
        for step in range(1, PACKET_IDS + 1):
            candidate = (self._last_id + step) % PACKET_IDS
            if candidate not in self._waiting:
                self._last_id = candidate
                return candidate
        oldest = min(self._waiting, key=lambda number: self._waiting[number].first_at)
        del self._waiting[oldest]
        self._count("given_up")
        self._last_id = oldest
        return oldest

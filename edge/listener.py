"""The accounting port: takes what has arrived, stores it in one synced transaction, then answers.

A router that gets no answer tries again, so silence is how the collector says "not stored".
"""

import logging
import socket
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from pyrad.packet import AccountingRequest, AcctPacket, PacketError, StatusServer

from edge.config import Router, Routers
from edge.counters import Counters
from edge.records import DICTIONARY, MalformedReport, Report, from_packet
from edge.spool import NotStored, Spool

logger = logging.getLogger(__name__)

BATCH_MAX = 256
DATAGRAM_BYTES_MAX = 8192
RECEIVE_BUFFER_BYTES = 1 << 22
# Longer than routers wait between tries; a packet id comes round again much later with other bytes.
REPEAT_SECONDS = 30
SOURCES_TOLD_MAX = 1000  # refused sources that are named in the log, each once

Fingerprint = tuple[str, int, int, bytes]


class Refused(Exception):
    """The datagram is not acknowledged; its text is the reason that is counted."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A packet that was verified and waits for its answer; no report in a Status-Server."""

    packet: AcctPacket
    sender: tuple[str, int]
    report: Report | None

    @property
    def fingerprint(self) -> Fingerprint:
        """The same for a packet sent again unchanged: the authenticator is a digest of it all."""
        return (*self.sender[:2], self.packet.id, self.packet.authenticator)


class Listener:
    """Remembers for half a minute what it stored, so that a packet sent again is only answered."""

    def __init__(
        self,
        port: socket.socket,
        routers: Routers,
        spool: Spool,
        counters: Counters,
        clock: Callable[[], datetime],
        elapsed: Callable[[], float] = monotonic,  # no step of the clock makes it forget or keep
    ) -> None:
        self._port, self._routers, self._spool = port, routers, spool
        self._counters, self._clock = counters, clock
        self._elapsed = elapsed
        self._stored = OrderedDict[Fingerprint, float]()
        self._told = set[tuple[str, str]]()
        self._silent_for = ""

    def take(self) -> None:
        """Take all that has arrived, up to a batch; store it; answer it."""
        elapsed = self._elapsed()
        accepted = [packet for packet in self._drain(self._clock()) if packet]
        fresh = self._fresh(accepted, elapsed)
        reports = [packet.report for packet in fresh.values() if packet.report]
        try:
            if reports:
                self._spool.append(reports, self._routers.line_rate_bps)
        except NotStored as refusal:
            self._counters.refuse(refusal.reason, len(accepted))
            if self._silent_for != refusal.reason:  # once: each line would take room as well
                logger.error("routers get no answer, and keep their reports: %s", refusal)
                self._silent_for = refusal.reason
            return
        if reports and self._silent_for:
            logger.warning("routers are answered again")
            self._silent_for = ""
        self._stored.update(dict.fromkeys(fresh, elapsed))
        self._counters.add("spooled", len(reports))
        self._counters.add("repeated", len(accepted) - len(fresh))
        for packet in accepted:
            self._answer(packet)

    def _drain(self, now: datetime) -> list[Accepted | None]:
        taken: list[Accepted | None] = []
        while len(taken) < BATCH_MAX:
            try:
                datagram, sender = self._port.recvfrom(DATAGRAM_BYTES_MAX)
            except BlockingIOError:
                break
            self._counters.add("received")
            try:
                taken.append(judge(datagram, sender, self._routers, now))
            except Refused as refusal:
                self._refuse(str(refusal), sender[0])
                taken.append(None)
        return taken

    def _refuse(self, reason: str, source: str) -> None:
        self._counters.refuse(reason)
        if (reason, source) not in self._told and len(self._told) < SOURCES_TOLD_MAX:
            self._told.add((reason, source))
            logger.warning("packets of %s are refused: %s", source, reason)

    def _fresh(self, accepted: list[Accepted], elapsed: float) -> dict[Fingerprint, Accepted]:
        """The packets that are not stored yet, each once."""
        while self._stored and next(iter(self._stored.values())) < elapsed - REPEAT_SECONDS:
            self._stored.popitem(last=False)
        return {
            packet.fingerprint: packet
            for packet in accepted
            if packet.fingerprint not in self._stored
        }

    def _answer(self, accepted: Accepted) -> None:
        try:
            self._port.sendto(accepted.packet.CreateReply().ReplyPacket(), accepted.sender)
        except OSError as error:
            # Stored and not answered: the router sends it again and is answered then.
            logger.warning("no answer to %s: %s", accepted.sender[0], error)
            self._counters.refuse("reply_failed")
            return
        self._counters.add("acknowledged")


def judge(datagram: bytes, sender: tuple[str, int], routers: Routers, now: datetime) -> Accepted:
    """An accounting packet of a router we know, proven by its secret; anything else is Refused."""
    router: Router | None = routers.at(sender[0])
    if router is None:
        raise Refused("unknown_source")
    try:
        packet = AcctPacket(packet=datagram, secret=router.secret, dict=DICTIONARY)
    except PacketError as error:
        raise Refused("malformed") from error
    if packet.code not in (AccountingRequest, StatusServer):
        raise Refused("unexpected_code")
    if not packet.VerifyAcctRequest():
        raise Refused("wrong_secret")
    if packet.code == StatusServer:
        return Accepted(packet, sender, None)
    try:
        return Accepted(packet, sender, from_packet(packet, sender[0], now, router.id))
    except MalformedReport as error:
        logger.warning("packet %d of %s: %s", packet.id, sender[0], error)
        raise Refused("malformed") from error


def open_port(host: str, port: int) -> socket.socket:
    """The UDP port of RADIUS accounting, 1813 by RFC 2866 §3; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    listening.bind((host, port))
    listening.setblocking(False)
    return listening

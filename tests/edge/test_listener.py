"""The accounting port: who is believed, and what is stored once, whatever the clock does."""

import socket
from datetime import timedelta
from ipaddress import ip_network

import pytest
from pyrad.packet import AcctPacket, StatusServer

from edge.collector import ClockWatch
from edge.config import Router, Routers
from edge.counters import Counters
from edge.listener import REPEAT_SECONDS, Listener, open_port
from edge.records import DICTIONARY
from edge.spool import Spool, read_all
from tests.edge.radius import RECEIVED, SECRET, interim, request

pytestmark = pytest.mark.usefixtures("socket_enabled")
OTHER = b"another secret"


class Port:
    """A listener on an address, and a router's socket to it; both clocks are set by the test."""

    def __init__(self, folder, host="127.0.0.1", routers=(), seen_from=None):
        self.port = open_port(host, 0)
        seen_from = seen_from or host
        family = socket.AF_INET6 if ":" in seen_from else socket.AF_INET
        self.router = socket.socket(family, socket.SOCK_DGRAM)
        self.router.connect((seen_from, self.port.getsockname()[1]))
        self.router.settimeout(0.2)
        self.counters = Counters()
        self.spool = Spool(folder / "spool.db", "boot", 10_000_000)
        known = [Router(ip_network(at), name, secret, 10**9) for at, name, secret in routers]
        default = None if routers else Router(None, None, SECRET, 10**9)
        self.now, self.elapsed = RECEIVED, 0.0
        self.listener = Listener(
            self.port,
            Routers(known, default, 10**9),
            self.spool,
            self.counters,
            lambda: self.now,
            lambda: self.elapsed,
        )

    def answer(self, datagram):
        """What comes back for a datagram; None if nothing does."""
        self.router.send(datagram)
        self.listener.take()
        try:
            return self.router.recv(4096)
        except TimeoutError:
            return None

    def stored(self):
        return len(read_all(self.spool.path))

    def close(self):
        self.router.close()
        self.port.close()
        self.spool.close()


@pytest.fixture
def ports(tmp_path):
    made = []

    def make(*settings):
        made.append(Port(tmp_path, *settings))
        return made[-1]

    yield make
    for port in made:
        port.close()


def test_routers_of_ipv6_are_known_by_their_own_secrets(ports):
    port = ports("::1", [("::1/128", "bng-6", OTHER), ("::/0", None, SECRET)])
    assert port.answer(interim(1, "S1", 10, secret=OTHER).RequestPacket())
    assert port.answer(interim(2, "S2", 10).RequestPacket()) is None
    assert port.counters.as_dict()["refused"] == {"wrong_secret": 1}
    assert '"nas_id":"bng-6"' in read_all(port.spool.path)[0].body


def test_a_router_of_ipv4_is_the_same_at_a_port_that_takes_both(ports):
    port = ports("::", [("127.0.0.0/8", "bng-4", SECRET)], "127.0.0.1")
    assert port.answer(interim(1, "S1", 10).RequestPacket())
    assert '"nas_id":"bng-4"' in read_all(port.spool.path)[0].body


def test_an_address_that_no_router_has_is_refused_and_named_once(ports, caplog):
    port = ports("127.0.0.1", [("192.0.2.0/24", None, SECRET)])
    for number in range(3):
        assert port.answer(interim(number, "S1", 10).RequestPacket()) is None
    assert port.counters.as_dict()["refused"] == {"unknown_source": 3}
    assert caplog.text.count("packets of 127.0.0.1 are refused: unknown_source") == 1


def test_octets_after_the_end_of_a_packet_are_padding_and_a_packet_cut_short_is_none(ports):
    port = ports()
    raw = interim(1, "S1", 10).RequestPacket()
    assert port.answer(raw + b"padding")  # RFC 2865 §3
    assert port.answer(raw[:-1]) is None
    assert port.answer(raw + bytes(60_000)) is not None
    assert port.stored() == 1
    assert port.counters.as_dict()["refused"] == {"malformed": 1}


def test_what_a_proxy_added_comes_back_in_its_order(ports):
    packet = request(1, Acct_Session_Id="S1")
    packet[33] = [b"first", b"second"]  # Proxy-State, RFC 2866 §5
    reply = AcctPacket(
        packet=ports().answer(packet.RequestPacket()), secret=SECRET, dict=DICTIONARY
    )
    assert packet.VerifyReply(reply)
    assert reply[33] == [b"first", b"second"]


def test_a_proxy_that_asks_whether_we_live_is_answered_and_nothing_is_stored(ports):
    port = ports()
    alive = AcctPacket(code=StatusServer, id=9, secret=SECRET, dict=DICTIONARY)
    assert port.answer(alive.RequestPacket())
    forged = AcctPacket(code=StatusServer, id=9, secret=OTHER, dict=DICTIONARY)
    assert port.answer(forged.RequestPacket()) is None
    assert port.stored() == 0


@pytest.mark.parametrize("step", [timedelta(hours=-3), timedelta(0), timedelta(days=9)])
def test_a_packet_sent_again_is_known_for_half_a_minute_whatever_the_clock_is_set_to(ports, step):
    port = ports()
    raw = interim(1, "S1", 10).RequestPacket()
    port.answer(raw)
    port.now, port.elapsed = RECEIVED + step, REPEAT_SECONDS - 1
    assert port.answer(raw)
    assert port.stored() == 1
    port.elapsed = REPEAT_SECONDS + 1
    assert port.answer(raw)
    assert port.stored() == 2  # and whoever reads joins the two


def test_a_clock_that_is_set_is_noticed_and_one_that_runs_is_not():
    watch = ClockWatch()
    assert watch.step(1000.0, 5.0) == 0
    assert watch.step(1060.1, 65.0) == 0  # it drifts
    assert watch.step(4720.1, 125.0) == pytest.approx(3600)
    assert watch.step(4721.1, 126.0) == 0
    assert watch.step(0.0, 127.0) == pytest.approx(-4722.1)

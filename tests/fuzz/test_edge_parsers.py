"""Accounting packets and FreeRADIUS' lines, bent: a report that can be spooled, or refused."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from pyrad.packet import AcctPacket

from billing.core.usage import Pack, mediate
from edge.config import Router, Routers
from edge.listener import Refused, judge
from edge.records import MalformedReport, Report, from_line, to_record, unescaped
from edge.spool import Spool
from tests.core.usage.facts import ARRIVED, SETTINGS
from tests.edge.radius import RECEIVED, SECRET, request
from tests.fuzz.mutations import bent_fields, bent_json, bent_octets, bent_text, each, survives

ROUTERS = Routers([], Router(None, None, SECRET, 10**9), 10**9)
SENDER = ("10.0.0.1", 49152)
HERE = Path(__file__).resolve().parent.parent / "edge"
LINES = (HERE / "freeradius-3.2.1.jsonl").read_bytes().splitlines()
READ = [json.loads(line.decode("utf-8", "surrogateescape")) for line in LINES]
ATTRIBUTES = {
    "User_Name": "zita@isp.example",
    "NAS_Identifier": "bng-1",
    "NAS_IP_Address": "10.1.2.3",
    "Acct_Session_Id": "S1",
    "Acct_Input_Octets": 5,
    "Acct_Output_Octets": 7,
    "Acct_Output_Gigawords": 3,
    "Acct_Session_Time": 600,
    "Acct_Delay_Time": 2,
    "Class": b"sub_1\xff",
    "Calling_Station_Id": "00-11-22-33-44-55",
    "Framed_IP_Address": "100.64.0.9",
    "Framed_IPv6_Prefix": "2001:db8::/56",
    "Event_Timestamp": 1_790_850_600,
}
PACKET = request(1, **ATTRIBUTES).RequestPacket()


@pytest.fixture
def spool(tmp_path: Path):
    found = Spool(tmp_path / "spool.db", "b1", 10**9)
    yield found
    found.close()


def spooled(report: Report) -> None:
    """The record of the wire is JSON that mediation counts or suspends."""
    record = json.loads(to_record(report, report.octets_in.joined, report.octets_out.joined))
    mediate([Pack("col-1", "b1", None, (record,), ARRIVED)], SETTINGS)


def resigned(data: bytes) -> bytes:
    """With the authenticator and the length that a router would put there (RFC 2866 §3)."""
    if not 20 <= len(data) < 4096:
        return data
    head = data[:2] + len(data).to_bytes(2, "big")
    digest = hashlib.md5(head + bytes(16) + data[20:] + SECRET).digest()
    return head + digest + data[20:]


def test_a_packet_is_a_report_that_can_be_spooled_or_refused(spool: Spool):
    kept = 0

    def take(datagram: bytes) -> None:
        nonlocal kept
        accepted = judge(datagram, SENDER, ROUTERS, RECEIVED)
        if accepted.report is not None:
            spooled(accepted.report)
            if kept % 20 == 0:  # a synced transaction takes longer than all the rest
                spool.append([accepted.report], ROUTERS.line_rate_bps)
            kept += 1
        accepted.packet.CreateReply().ReplyPacket()

    survives(
        take,
        each(
            lambda draw: bent_octets(PACKET, draw),
            lambda draw: resigned(PACKET[:1] + b"\x01" + bent_octets(PACKET[2:], draw)),
            lambda draw: resigned(PACKET[:20] + bent_octets(PACKET[20:], draw)),
            lambda draw: resigned(PACKET[:20] + attributes(draw)),
        ),
        Refused,
        noise=st.binary(max_size=200),
    )


def attributes(draw: Random) -> bytes:
    """Attributes of any number, with lengths that are right and values that need not be."""
    found = b""
    for _ in range(draw.randint(1, 12)):
        known = draw.choice(
            (1, 4, 8, 25, 30, 31, 32, 40, 41, 42, 43, 44, 46, 49, 52, 53, 55, 95, 97)
        )
        number = known if draw.random() < 0.8 else draw.randrange(256)
        value = draw.randbytes(draw.choice((0, 1, 2, 3, 4, 4, 4, 6, 16, 18, 253)))
        found += bytes((number, len(value) + 2)) + value
    return found


def test_a_line_of_freeradius_is_a_report_that_can_be_spooled_or_refused(spool: Spool):
    kept = 0

    def take(line: bytes) -> None:
        nonlocal kept
        report = from_line(line, ROUTERS.name_at)
        spooled(report)
        if kept % 20 == 0:
            spool.append([report], ROUTERS.line_rate_bps)
        kept += 1

    def fields(draw: Random) -> bytes:
        return bent_json(draw.choice(READ), draw)

    def values(draw: Random) -> bytes:
        valid: dict[str, Any] = draw.choice(READ)
        content = {**valid, "a": bent_fields(valid["a"], draw)}
        try:
            return json.dumps(content).encode()
        except RecursionError:
            return b"{"

    survives(
        take,
        each(fields, values, lambda draw: bent_octets(draw.choice(LINES), draw)),
        MalformedReport,
        noise=st.binary(max_size=200),
    )


def test_any_printed_text_is_unescaped_to_text_that_can_be_sent():
    def read(text: str) -> None:
        unescaped(text).encode()

    survives(
        read,
        lambda draw: (
            bent_text('we\\"ird\\\\näme\\t\\u0001\\001\\xff', draw)
            .encode("utf-8", "surrogatepass")
            .decode("utf-8", "surrogateescape")
        ),
    )


def test_the_packet_is_one_before_it_is_bent():
    decoded = AcctPacket(packet=PACKET, secret=SECRET)
    assert decoded.VerifyAcctRequest()
    report = judge(PACKET, SENDER, ROUTERS, RECEIVED).report
    assert report is not None
    assert report.octets_out.joined == (3 << 32) + 7
    assert report.event_timestamp == datetime.fromtimestamp(1_790_850_600, UTC)

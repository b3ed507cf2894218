"""A packet and the line FreeRADIUS writes for it are one record; nonsense is named, never counted.

The packets and lines in freeradius-3.2.1.* were sent to, and written by, FreeRADIUS 3.2.1.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrad.packet import AcctPacket, PacketError

from edge.octets import Counter
from edge.records import (
    DICTIONARY,
    MalformedReport,
    from_line,
    from_packet,
    to_record,
    unescaped,
)
from tests.edge.radius import RECEIVED, a_packet

HERE = Path(__file__).parent
SEEN = list(
    zip(
        (HERE / "freeradius-3.2.1.packets").read_text().split(),
        (HERE / "freeradius-3.2.1.jsonl").read_bytes().splitlines(),
        strict=True,
    )
)


def nameless(_address: str) -> None:
    return None


@pytest.mark.parametrize(("packet", "line"), SEEN)
def test_what_freeradius_wrote_reads_as_the_packet_it_received(packet, line):
    read = from_line(line, nameless)
    decoded = AcctPacket(packet=bytes.fromhex(packet), secret=b"testing123", dict=DICTIONARY)

    assert decoded.VerifyAcctRequest()
    assert from_packet(decoded, "127.0.0.1", read.received_at) == read


def test_a_report_becomes_the_record_of_the_wire():
    packet = a_packet(
        User_Name="anna@isp.example",
        Acct_Session_Id="S1",
        NAS_IP_Address="10.1.2.3",
        NAS_Identifier="bng-1",
        Acct_Input_Octets=5,
        Acct_Output_Octets=7,
        Acct_Output_Gigawords=3,
        Acct_Session_Time=600,
        Acct_Delay_Time=2,
        Class=b"sub_1",
    )

    report = from_packet(packet, "192.0.2.9", datetime(2026, 10, 1, 12, 0, 0, 123999, UTC))

    assert report.octets_out == Counter(7, 3)
    assert json.loads(to_record(report, 5, 3 * 2**32 + 7)) == {
        "type": "interim",
        "session_id": "S1",
        "user_name": "anna@isp.example",
        "nas_id": "bng-1",
        "nas_ip": "10.1.2.3",
        "class": "sub_1",
        "octets_in": 5,
        "octets_out": 12884901895,
        "session_time": 600,
        "delay_time": 2,
        "received_at": "2026-10-01T12:00:00.123Z",
        "calling_station_id": None,
        "framed_ip": None,
        "terminate_cause": None,
    }


def test_a_configured_name_outranks_what_the_router_calls_itself():
    packet = a_packet(NAS_Identifier="liar", Acct_Session_Id="S1")
    assert from_packet(packet, "192.0.2.9", RECEIVED, "bng-7").nas_id == "bng-7"


def test_a_router_without_a_name_is_known_by_its_address():
    report = from_packet(a_packet(Acct_Session_Id="S1"), "192.0.2.9", RECEIVED)
    assert (report.nas_id, report.nas_ip) == ("192.0.2.9", "192.0.2.9")


@pytest.mark.parametrize(
    ("status", "type_"),
    [("Start", "start"), ("Stop", "stop"), ("Accounting-On", "on"), ("Accounting-Off", "off"),
     ("Tunnel-Start", "tunnel-start"), (99, "99"), (None, "none")],
)  # fmt: skip
def test_a_type_we_do_not_bill_by_is_carried_under_its_own_name(status, type_):
    packet = a_packet(Acct_Session_Id="S1", Acct_Status_Type=status)
    assert from_packet(packet, "192.0.2.9", RECEIVED).type == type_


def test_an_attribute_of_a_wrong_length_is_named():
    packet = a_packet(Acct_Session_Id="S1")
    packet[42] = [b"\x01\x02\x03"]
    with pytest.raises(MalformedReport, match="Acct-Input-Octets"):
        from_packet(packet, "192.0.2.9", RECEIVED)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{torn", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b'{"v":2,"recv":1,"src":"1","a":{}}', "version 1"),
        (b'{"v":1,"recv":1,"src":"1"}', "lacks `a`"),
        (b'{"v":1,"src":"1","a":{}}', "recv: missing"),
        (b'{"v":1,"recv":-1,"src":"1","a":{}}', "recv: not an unsigned"),
        (b'{"v":1,"recv":9,"src":"1","a":{"Acct-Input-Octets":4294967296}}', "Acct-Input-Octets"),
        (b'{"v":1,"recv":9,"src":"1","a":{"Acct-Session-Time":"1.5"}}', "Acct-Session-Time"),
        (b'{"v":1,"recv":9,"src":"1","a":{"Acct-Delay-Time":true}}', "Acct-Delay-Time"),
        (b'{"v":1,"recv":9,"src":"1","a":{"Class":"0xzz"}}', "Class"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_is_wrong(line, problem):
    with pytest.raises(MalformedReport, match=problem):
        from_line(line, nameless)


def test_the_second_layer_of_escapes_is_undone():
    assert unescaped(r"we\"ird\\n \/ \t \u0001 \101") == 'we"ird\\n / \t \x01 A'


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_name_survives_the_way_through_freeradius(name):
    inner = json.dumps(name, ensure_ascii=False)[1:-1].replace("/", r"\/")
    attributes = json.dumps({"User-Name": inner}, ensure_ascii=False)
    line = f'{{"v":1,"recv":9,"src":"::1","a":{attributes}}}'.encode()
    assert from_line(line, nameless).user_name == name


@given(st.binary(max_size=300))
def test_no_datagram_breaks_the_reader(data):
    try:
        packet = AcctPacket(packet=data, secret=b"s", dict=DICTIONARY)
        from_packet(packet, "192.0.2.9", RECEIVED)
    except (PacketError, MalformedReport):
        pass


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=12))
def test_no_attributes_break_the_reader(attributes):
    body = b"".join(bytes([kind, len(value) + 2]) + value for kind, value in attributes)
    header = bytes([4, 1]) + (20 + len(body)).to_bytes(2, "big") + bytes(16)
    try:
        packet = AcctPacket(packet=header + body, secret=b"s", dict=DICTIONARY)
        json.loads(to_record(from_packet(packet, "192.0.2.9", RECEIVED), 0, 0))
    except MalformedReport:
        pass

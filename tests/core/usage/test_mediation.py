"""What mediation keeps, what it suspends, and that it says why."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.usage import (
    Hole,
    Received,
    holes,
    identity_of_mac,
    join_received,
    mediate,
    open_pack,
    stored,
    unpack_sessions,
)
from billing.core.usage import segments as segments_module
from tests.core.usage.facts import ARRIVED, KEYS, MB, SETTINGS, at, opened, pack, record

BEGAN, NOW = at("10-01 09:00"), at("10-01 10:00")


def suspended(*records):
    return mediate(opened(pack(records)), SETTINGS).suspended


def test_a_good_record_becomes_a_segment_and_a_received_interval():
    batch = mediate(opened(pack([record(NOW, 7 * MB, BEGAN)], first_seq=41)), SETTINGS)

    (segment,) = batch.segments
    (session,) = unpack_sessions(segment.data)["user:aoife"]
    assert (segment.day, session.hours[0].octets_out) == ("2026-10-01", 7 * MB)
    assert [(run.first, run.last) for run in batch.received] == [(41, 41)]
    assert batch.stored == 1
    assert batch.suspended == ()


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        ({"octets_out": -1}, "malformed", "octets_out is -1"),
        ({"octets_out": 1.5}, "malformed", "octets_out is 1.5"),
        ({"octets_in": True}, "malformed", "octets_in is True"),
        ({"octets_in": None}, "malformed", "octets_in is None"),
        ({"octets_out": 2**63}, "octets-above-line-rate", "above"),
        # 1 Gbit/s for an hour and the minute of slack is 457.5 GB.
        ({"octets_out": 457_500_000_001}, "octets-above-line-rate", "1000 Mbit/s"),
        ({"session_time": -5}, "malformed", "session_time is -5"),
        ({"session_time": 6 * 366 * 86_400}, "clock", "session_time"),
        ({"delay_time": 86_401}, "clock", "delay_time"),
        ({"event_timestamp": "2026-10-03T10:00:00Z"}, "clock", "event_timestamp"),
        ({"event_timestamp": 1_900_000_000}, "clock", "event_timestamp"),
        ({"received_at": "2126-10-01T10:00:00Z"}, "clock", "received_at"),
        ({"received_at": "2026-10-01T10:00:00"}, "malformed", "without a zone"),
        ({"received_at": "yesterday"}, "malformed", "received_at"),
        ({"received_at": 10**30}, "malformed", "received_at"),
        ({"type": "refund"}, "unknown-type", "'refund'"),
        ({"type": ["interim"]}, "malformed", "type"),
        ({"session_id": ""}, "malformed", "session_id is missing"),
        ({"session_id": 7}, "malformed", "session_id must be a text"),
        ({"nas_id": None, "nas_ip": None}, "malformed", "nas_id"),
        ({"user_name": "", "calling_station_id": None}, "malformed", "user_name"),
        ({"user_name": "\ud800"}, "malformed", "user_name"),
        ({"user_name": "x" * 1013}, "malformed", "user_name"),
    ],
)
def test_a_record_that_cannot_be_is_suspended_with_its_reason(change, reason, says):
    good, bad = record(NOW, 7 * MB, BEGAN), record(NOW, 7 * MB, BEGAN, **change)

    batch = mediate(opened(pack([good, bad, good], first_seq=10)), SETTINGS)

    (one,) = batch.suspended
    assert one.reason == reason
    assert says in one.problem
    assert json.loads(one.raw) == bad
    assert (one.collector, one.boot, one.seq) == ("col-1", "b1", 11)
    assert batch.received[0].suspended == (11,)
    assert batch.stored == 2


def test_what_a_line_can_carry_is_kept_to_the_last_octet():
    assert not suspended(record(NOW, 0, BEGAN, octets_out=457_500_000_000))


def test_a_record_that_is_no_object_is_suspended():
    assert [one.reason for one in suspended("interim", 7, None, [])] == ["malformed"] * 4


def test_a_router_clock_in_local_time_harms_nothing():
    assert not suspended(record(NOW, MB, BEGAN, event_timestamp="2026-10-01T23:59:00Z"))


def test_a_router_that_goes_on_or_off_counts_nothing_and_is_not_suspended():
    off = {"type": "off", "nas_id": "bng-1", "received_at": "2026-10-01T10:00:00Z"}

    batch = mediate(opened(pack([off])), SETTINGS)

    assert (batch.segments, batch.suspended, batch.stored) == ((), (), 1)


def test_a_start_may_leave_out_what_is_zero():
    first = record(NOW, 0, NOW, type="start")
    del first["octets_in"], first["octets_out"], first["session_time"]

    assert not suspended(first)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\x00 no JSON", "unreadable"),
        (b'{"v":1,', "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b"[]", "malformed"),
        (b'"pack"', "malformed"),
        (b"{}", "unknown-collector"),
        (b'{"collector":["col-1"]}', "unknown-collector"),
        (b'{"collector":"col-1","hmac":"\\ud800"}', "forged"),
        (pack([], v=2), "unknown-version"),
        (pack([], first_seq=0), "malformed"),
        (pack([], first_seq="1"), "malformed"),
        (pack([], boot=""), "malformed"),
        (pack([], boot="a#b"), "malformed"),
        (pack({}), "malformed"),
        (pack([], collector="col-2"), "unknown-collector"),
        (pack([], key=b"another key"), "forged"),
        (pack([]).replace(b'"first_seq":1', b'"first_seq":2'), "forged"),
    ],
)
def test_a_pack_that_cannot_be_trusted_is_kept_whole(data, reason):
    found = open_pack(data, KEYS, ARRIVED)

    assert found.reason == reason
    assert found.problem
    kept = base64.b64decode(found.raw) if reason == "unreadable" else found.raw
    assert kept == data if reason == "unreadable" else json.loads(kept) == json.loads(data)
    assert mediate([found], SETTINGS).suspended == (found,)


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_no_bytes_raise(data):
    assert mediate([open_pack(data, KEYS, ARRIVED)], SETTINGS).stored == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(record(NOW, MB, BEGAN))), JSON)
def test_no_field_raises_and_a_record_is_stored_or_suspended(field, value):
    batch = mediate(opened(pack([record(NOW, MB, BEGAN) | {field: value}])), SETTINGS)

    assert batch.stored + len(batch.suspended) == 1


@given(JSON)
def test_no_record_raises(value):
    batch = mediate(opened(pack([value])), SETTINGS)

    assert batch.stored + len(batch.suspended) == 1


def test_a_record_twice_under_new_numbers_is_one_suspended_record():
    bad = record(NOW, MB, BEGAN, type="refund")

    one, other = suspended(bad, bad)

    assert one.digest == other.digest


def test_mac_addresses_are_written_one_way():
    spellings = ["00-11-22-AA-BB-CC", "0011.22aa.bbcc", "00:11:22:aa:bb:cc", "001122AABBCC"]

    assert {identity_of_mac(one) for one in spellings} == {"mac:00:11:22:aa:bb:cc"}


def test_without_a_user_name_the_address_of_the_device_is_the_identity():
    batch = mediate(opened(pack([record(NOW, MB, BEGAN, user_name="")])), SETTINGS)

    assert set(unpack_sessions(batch.segments[0].data)) == {"mac:00:11:22:33:44:55"}


def test_a_segment_that_would_outgrow_an_item_is_cut(monkeypatch):
    monkeypatch.setattr(segments_module, "SESSIONS_PER_SEGMENT_MAX", 4)
    records = [record(NOW, MB, BEGAN, session_id=f"{n:08x}") for n in range(10)]

    cut = mediate(opened(pack(records)), SETTINGS).segments

    found = [session for one in cut for session in unpack_sessions(one.data)["user:aoife"]]
    assert len(cut) == 3
    assert len(set(found)) == 10


def run(first, last, suspended=()):
    return Received("col-1", "b1", first, last, 100 + first, 100 + last, suspended)


def test_holes_are_what_lies_between_received_runs():
    runs = [run(21, 30), run(1, 10), run(8, 12, (9,)), run(41, 50)]

    assert holes(runs) == (Hole(13, 20, 121), Hole(31, 40, 141))
    assert stored(runs) == 12 + 10 + 10 - 1


def test_records_lost_before_the_first_that_came_are_a_hole_too():
    assert holes([run(5, 9)]) == (Hole(1, 4, 105),)


RUNS = st.lists(
    st.builds(lambda a, n: run(a, a + n, (a,)), st.integers(1, 60), st.integers(0, 9)), max_size=8
)


@given(RUNS, RUNS)
def test_what_was_received_is_joined_in_any_order_and_any_number_of_times(one, other):
    joined = join_received([*one, *other])

    assert join_received([*joined, *other, *one]) == joined
    assert join_received([*join_received(other), *join_received(one)]) == joined

"""Levels of ports: judged as they come, joined however they came, and whose they are."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.period import Span
from billing.core.usage import Sample, identity_of_port, mediate, samples_by_service
from tests.core.usage.facts import OCTOBER, SETTINGS, at, deliveries, held, level, opened, pack

SLOT = at("10-02 09:00")
MBIT = 10**6
PORT = "port:bng-1/ge-0/0/7"
CLAIMS = [held(PORT, "svc_1", at("01-01 00:00"))]
FIVE = timedelta(minutes=5)


def samples_of(*records, claims=CLAIMS, span=OCTOBER.span):
    batch = mediate(opened(pack(records)), SETTINGS)
    assert not batch.suspended
    return samples_by_service(claims, batch.levels, span)


def test_a_level_is_of_the_service_that_holds_the_port():
    assert identity_of_port("bng-1", "ge-0/0/7") == PORT
    assert samples_of(level(SLOT, 80 * MBIT, 20 * MBIT)) == {
        "svc_1": (Sample(SLOT, 80 * MBIT, 20 * MBIT),)
    }


def test_of_several_levels_of_one_slot_the_highest_counts_in_each_direction():
    (one,) = samples_of(level(SLOT, 80, 20), level(SLOT, 90, 10), level(SLOT, 70, 15))["svc_1"]

    assert (one.down, one.up) == (90, 20)


def test_a_slot_that_nobody_reported_is_missing_and_one_without_traffic_is_there():
    found = samples_of(level(SLOT + 2 * FIVE, 0, 0), level(SLOT, 80, 20))["svc_1"]

    assert found == (Sample(SLOT, 80, 20), Sample(SLOT + 2 * FIVE, 0, 0))


def test_an_interval_off_the_mark_belongs_to_the_slot_in_which_it_begins():
    (one,) = samples_of(level(SLOT + timedelta(seconds=7), 80, 20))["svc_1"]

    assert one.at == SLOT


def test_ports_that_a_service_holds_together_are_one_level():
    claims = [*CLAIMS, *CLAIMS, held("port:bng-1/ge-0/0/8", "svc_1", at("01-01 00:00"))]

    found = samples_of(
        level(SLOT, 80, 20),
        level(SLOT, 5, 6, port="ge-0/0/8"),
        level(SLOT + FIVE, 7, 8, port="ge-0/0/8"),
        claims=claims,
    )

    assert found["svc_1"] == (Sample(SLOT, 85, 26), Sample(SLOT + FIVE, 7, 8))


def test_a_port_that_moves_takes_with_it_the_slots_that_begin_from_that_instant():
    moved = SLOT + timedelta(minutes=7)
    claims = [held(PORT, "svc_1", at("01-01 00:00"), moved), held(PORT, "svc_2", moved)]

    found = samples_of(*(level(SLOT + n * FIVE, n, n) for n in range(4)), claims=claims)

    assert {service: [one.down for one in levels] for service, levels in found.items()} == {
        "svc_1": [0, 1],
        "svc_2": [2, 3],
    }


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        ({"nas_id": ""}, "malformed", "nas_id is missing: whose level is it?"),
        ({"port": None}, "malformed", "port is missing"),
        ({"port": 7}, "malformed", "port must be a text"),
        ({"nas_id": "bng/1"}, "malformed", "use a name without /"),
        ({"port": "x" * 1010}, "malformed", "nas_id and port together"),
        ({"seconds": 60}, "malformed", "seconds is 60: send the level of each 300 seconds"),
        ({"seconds": True}, "malformed", "seconds is True"),
        ({"down_bps": None}, "malformed", "down_bps is None"),
        ({"up_bps": 1.5}, "malformed", "up_bps is 1.5"),
        ({"down_bps": -1}, "malformed", "down_bps is -1"),
        ({"down_bps": 2**63}, "level-above-line-rate", "above"),
        # 1 Gbit/s, and a minute of slack on the five.
        ({"up_bps": 1_200_000_001}, "level-above-line-rate", "line rate of bng-1, 1000 Mbit/s"),
        ({"at": "2026-10-02T09:00:00"}, "malformed", "without a zone"),
        # The end of the interval where its start belongs.
        ({"at": "2026-10-02T09:05:00Z"}, "clock", "the interval ends 299 s after received_at"),
        ({"at": "2025-09-01T09:00:00Z"}, "clock", "396 days before received_at"),
        ({"received_at": "soon"}, "malformed", "received_at"),
    ],
)
def test_a_level_that_cannot_be_is_suspended_with_its_reason(change, reason, says):
    batch = mediate(opened(pack([level(SLOT, 80, 20) | change, level(SLOT, 80, 20)])), SETTINGS)

    (one,) = batch.suspended
    assert one.reason == reason
    assert says in one.problem
    assert (batch.stored, len(batch.levels), batch.segments) == (1, 1, ())


def test_what_a_port_can_carry_is_kept_to_the_last_bit():
    assert samples_of(level(SLOT, 1_200_000_000, 0))["svc_1"]


RECORDS = st.lists(
    st.builds(
        lambda slot, down, up, port: level(SLOT + slot * FIVE, down, up, port=port),
        st.integers(0, 5),
        st.integers(0, 100),
        st.integers(0, 100),
        st.sampled_from(["ge-0/0/7", "ge-0/0/8", "ge-0/0/9"]),
    ),
    min_size=1,
    max_size=8,
)
TWO_PORTS = [
    held(PORT, "svc_1", at("01-01 00:00"), SLOT + 3 * FIVE),
    held(PORT, "svc_2", SLOT + 3 * FIVE),
    held("port:bng-1/ge-0/0/8", "svc_2", at("01-01 00:00")),
]


@given(st.data())
def test_levels_are_the_same_however_they_were_delivered(data):
    records = data.draw(RECORDS)
    once = samples_of(*records, claims=TWO_PORTS)

    reports = {
        report
        for batch in data.draw(deliveries(records))
        for report in mediate(opened(*batch), SETTINGS).levels
    }

    order = data.draw(st.permutations(sorted(reports)))
    assert samples_by_service([*TWO_PORTS, *TWO_PORTS], order, OCTOBER.span) == once


@given(RECORDS, st.integers(0, 1900))
def test_each_slot_is_in_one_of_two_spans_that_touch(records, seconds):
    between = SLOT + timedelta(seconds=seconds)
    early, late = (
        samples_of(*records, claims=TWO_PORTS, span=span)
        for span in (Span(OCTOBER.span.start, between), Span(between, OCTOBER.span.end))
    )

    whole = samples_of(*records, claims=TWO_PORTS)
    assert {one: (*early[one], *late[one]) for one in whole} == whole

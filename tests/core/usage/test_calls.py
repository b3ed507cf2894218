"""Calls: judged as they come, joined however they came, and whose they are."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.period import Span
from billing.core.usage import Call, calls_by_service, identity_from, identity_of_number, mediate
from tests.core.usage.facts import OCTOBER, SETTINGS, at, call, deliveries, held, opened, pack

BEGAN = at("10-02 09:00")
NUMBER = "tel:+353214960000"
CLAIMS = [held(NUMBER, "svc_1", at("01-01 00:00"))]


def calls_of(*records, claims=CLAIMS, span=OCTOBER.span):
    batch = mediate(opened(pack(records)), SETTINGS)
    assert not batch.suspended
    return calls_by_service(claims, batch.calls, span)


def test_a_call_is_of_the_service_that_holds_the_number_of_the_caller():
    found = calls_of(call(BEGAN, 61))

    assert found == {"svc_1": (Call("b91c0a7e-0001", BEGAN, 61, "442079460018"),)}


def test_of_several_reports_of_a_call_the_longest_counts():
    (one,) = calls_of(call(BEGAN, 60), call(BEGAN, 180), call(BEGAN, 120))["svc_1"]

    assert (one.start, one.seconds) == (BEGAN, 180)


def test_reports_of_a_call_whose_starts_differ_by_seconds_are_one_call():
    late = BEGAN + timedelta(seconds=2)

    (one,) = calls_of(call(late, 60), call(BEGAN, 120))["svc_1"]

    assert (one.start, one.seconds) == (BEGAN, 120)


def test_an_id_that_the_switch_uses_again_is_another_call():
    assert len(calls_of(call(BEGAN, 60), call(BEGAN + timedelta(days=1), 60))["svc_1"]) == 2


def test_the_same_id_of_another_number_is_another_call():
    claims = [*CLAIMS, held("tel:+353214960001", "svc_1", at("01-01 00:00"))]

    found = calls_of(call(BEGAN, 60), call(BEGAN, 90, caller="+353214960001"), claims=claims)

    assert [one.seconds for one in found["svc_1"]] == [60, 90]


def test_what_nobody_answered_is_no_call():
    assert calls_of(call(BEGAN, 0)) == {"svc_1": ()}


def test_a_call_belongs_to_the_period_in_which_it_began():
    before_midnight = at("10-31 23:59")  # Dublin is on UTC from 25 October
    november = Span(at("11-01 00:00"), at("12-01 00:00"))

    assert [one.seconds for one in calls_of(call(before_midnight, 7200))["svc_1"]] == [7200]
    assert calls_of(call(before_midnight, 7200), span=november) == {"svc_1": ()}


def test_a_number_that_moves_takes_with_it_the_calls_that_begin_from_that_instant():
    moved = BEGAN + timedelta(minutes=10)
    claims = [held(NUMBER, "svc_1", at("01-01 00:00"), moved), held(NUMBER, "svc_2", moved)]

    found = calls_of(
        call(BEGAN, 3600, call_id="a"),
        call(moved - timedelta(seconds=1), 60, call_id="b"),
        call(moved, 60, call_id="c"),
        claims=claims,
    )

    assert {service: [one.id for one in calls] for service, calls in found.items()} == {
        "svc_1": ["a", "b"],
        "svc_2": ["c"],
    }


def test_calls_stand_in_the_order_in_which_they_began():
    minute = timedelta(minutes=1)

    found = calls_of(
        call(BEGAN + minute, 5, call_id="x"), call(BEGAN, 5, call_id="z"), call(BEGAN, 5)
    )

    assert [one.id for one in found["svc_1"]] == ["b91c0a7e-0001", "z", "x"]


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        ({"call_id": ""}, "malformed", "call_id is missing"),
        ({"call_id": 7}, "malformed", "call_id must be a text"),
        ({"caller": "021 496 0000"}, "malformed", "caller is '021 496 0000': use the country code"),
        ({"caller": "353214960000"}, "malformed", "use the country code"),
        ({"caller": None}, "malformed", "caller is ''"),
        ({"caller": "+3532149600001234"}, "malformed", "caller"),
        ({"called": "0214960000"}, "malformed", "called is '0214960000'"),
        ({"called": "anonymous"}, "malformed", "short code such as 112"),
        ({"called": "+٣٥٣٢١٤٩٦٠"}, "malformed", "called"),
        ({"seconds": None}, "malformed", "seconds is None"),
        ({"seconds": 61.5}, "malformed", "seconds is 61.5: use a whole number"),
        ({"seconds": -1}, "malformed", "seconds is -1"),
        ({"seconds": 86_401}, "call-too-long", "seconds is 86401, above 86400"),
        ({"start": "2026-10-02T09:00:00"}, "malformed", "without a zone"),
        ({"start": None}, "malformed", "start is None"),
        ({"start": "1970-01-01T00:00:00Z"}, "clock", "start"),
        # Local time of a zone two hours east, sent as if it were UTC.
        ({"start": "2026-10-02T11:00:00Z"}, "clock", "the call ends 7200 s after received_at"),
        ({"start": "2025-09-01T09:00:00Z"}, "clock", "396 days before received_at"),
        ({"received_at": None}, "malformed", "received_at"),
    ],
)
def test_a_call_that_cannot_be_is_suspended_with_its_reason(change, reason, says):
    batch = mediate(opened(pack([call(BEGAN, 61) | change, call(BEGAN, 61)])), SETTINGS)

    (one,) = batch.suspended
    assert one.reason == reason
    assert says in one.problem
    assert (batch.stored, len(batch.calls), batch.segments) == (1, 1, ())


def test_a_switch_whose_clock_is_a_minute_ahead_is_believed():
    ahead = (BEGAN + timedelta(seconds=1)).isoformat()

    assert calls_of(call(BEGAN, 61, received_at=ahead))["svc_1"]


@pytest.mark.parametrize(
    ("called", "to"),
    [("+353 (21) 496-0000", "353214960000"), ("112", "112"), ("tel:+442079460018", "442079460018")],
)
def test_a_number_called_is_its_digits(called, to):
    assert calls_of(call(BEGAN, 61, called=called))["svc_1"][0].to == to


def test_phone_numbers_are_written_one_way():
    spellings = ["+353 21 496 0000", "+353-21-496.0000", " +353 (21) 4960000 ", "tel:+353214960000"]

    assert {identity_of_number(one) for one in spellings} == {NUMBER}
    assert identity_from("tel:+353 21 496 0000") == NUMBER
    assert identity_from("mac:00-11-22-AA-BB-CC") == "mac:00:11:22:aa:bb:cc"
    assert identity_from("user:aoife@isp:x") == "user:aoife@isp:x"


RECORDS = st.lists(
    st.builds(
        lambda minutes, jitter, seconds, id, caller: call(
            BEGAN + timedelta(minutes=minutes, seconds=jitter), seconds, call_id=id, caller=caller
        ),
        st.sampled_from([0, 5, 60, 61, 44_000]),
        st.integers(0, 3),
        st.integers(0, 7200),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["+353214960000", "+353214960001", "+353214960009"]),
    ),
    min_size=1,
    max_size=8,
)
TWO_NUMBERS = [
    held(NUMBER, "svc_1", at("01-01 00:00"), BEGAN + timedelta(hours=1)),
    held(NUMBER, "svc_2", BEGAN + timedelta(hours=1)),
    held("tel:+353214960001", "svc_2", at("01-01 00:00")),
]
YEAR = Span(at("01-01 00:00"), at("12-31 00:00"))


@given(st.data())
def test_calls_are_the_same_however_they_were_delivered(data):
    records = data.draw(RECORDS)
    once = calls_of(*records, claims=TWO_NUMBERS, span=YEAR)

    reports = {
        report
        for batch in data.draw(deliveries(records))
        for report in mediate(opened(*batch), SETTINGS).calls
    }

    order = data.draw(st.permutations(sorted(reports)))
    assert calls_by_service([*TWO_NUMBERS, *TWO_NUMBERS], order, YEAR) == once


@given(RECORDS, st.integers(0, 50_000))
def test_each_call_is_in_one_of_two_spans_that_touch(records, minutes):
    between = BEGAN + timedelta(minutes=minutes, seconds=-1)
    early, late = (
        calls_of(*records, claims=TWO_NUMBERS, span=span)
        for span in (Span(YEAR.start, between), Span(between, YEAR.end))
    )

    whole = calls_of(*records, claims=TWO_NUMBERS, span=YEAR)
    assert {one: (*early[one], *late[one]) for one in whole} == whole

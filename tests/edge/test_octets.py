"""What a session carried, when its router counts in 32 bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.octets import WRAP, Counter, Progress, advance, newest, unwrapped

GBIT = 1_000_000_000
LOW = st.integers(0, WRAP - 1)


def counted(reports, line_rate_bps=GBIT):
    """(session time, 32-bit counter in) in order of arrival -> the 64-bit counts sent on."""
    known, counts = None, []
    for session_time, low in reports:
        report = advance(
            known, 1000, session_time, Counter(low, None), Counter(0, None), line_rate_bps
        )
        known = newest(known, report)
        counts.append(report.octets_in)
    return counts


def test_gigawords_are_the_upper_half():
    assert Counter(7, 3).joined == 3 * 4_294_967_296 + 7
    assert Counter(7, None).joined == 7


def test_a_counter_that_fell_while_the_session_went_on_has_wrapped():
    assert counted([(900, WRAP - 100), (1800, 50), (2700, 10)]) == [
        WRAP - 100,
        WRAP + 50,
        2 * WRAP + 10,
    ]


def test_a_report_out_of_order_is_no_wrap():
    assert counted([(600, 3_000), (300, 1_000), (900, 5_000)]) == [3_000, 1_000, 5_000]


def test_a_report_from_before_the_wrap_that_comes_late_is_placed_before_it():
    late = counted([(900, WRAP - 100), (1800, 50), (1700, WRAP - 20), (2700, 90)])
    assert late == [WRAP - 100, WRAP + 50, WRAP - 20, WRAP + 90]


def test_the_same_report_again_is_no_wrap():
    assert counted([(900, 500), (900, 500), (900, 400)]) == [500, 500, 400]


def test_a_wrap_within_one_second_of_session_time_is_found_by_the_next_report():
    assert counted([(900, WRAP - 100), (900, 50), (960, 90)]) == [WRAP - 100, 50, WRAP + 90]


def test_a_counter_that_was_reset_is_no_wrap_if_the_line_could_not_have_carried_it():
    slow = 20_000_000  # 4.3 GB take half an hour
    assert counted([(900, 2_000), (960, 10), (1020, 5_000)], slow) == [2_000, 10, 5_000]


def test_what_the_router_joined_itself_is_believed():
    known = Progress(1000, 1000, 900, octets_in=5 * WRAP, octets_out=0)
    report = advance(known, 1000, 1800, Counter(10, 1), Counter(0, None), GBIT)
    assert report.octets_in == WRAP + 10


@pytest.mark.parametrize(
    ("start", "same"),
    [
        (1000, True),
        (1598, True),  # two seconds of jitter on a start that is ten minutes later
        (1700, False),  # the id was used again
        (300, False),
    ],
)
def test_starts_within_ten_minutes_are_one_session(start, same):
    assert Progress(1000, 1000, 0, 0, 0).covers(start) is same


def test_after_its_router_restarted_the_id_belongs_to_another_session():
    closed = Progress(1000, 1000, 60, 0, 0, closed=1100)
    assert closed.covers(1001)  # a report of before, that comes late
    assert not closed.covers(1101)


@given(st.integers(0, 2**60), LOW, st.integers(-10_000, 10_000))
def test_the_lower_half_is_never_touched(total, low, seconds):
    assert unwrapped(total, low, seconds, GBIT) % WRAP == low


@given(st.integers(0, 2**60), LOW, st.integers(-10_000, 0))
def test_what_does_not_go_forward_is_never_lifted_by_a_wrap(total, low, seconds):
    assert unwrapped(total, low, seconds, GBIT) < total - total % WRAP + WRAP


@given(
    st.lists(
        st.tuples(st.integers(60, 900), st.integers(0, 6_000_000_000)), min_size=1, max_size=40
    ),
    st.integers(0, WRAP - 1),
)
def test_counts_that_come_in_order_are_rebuilt_to_the_octet(steps, first):
    """Each step carries less than one wrap and less than the line can."""
    truth, now, reports = [first], 0, [(0, first)]
    for seconds, octets in steps:
        now += seconds
        truth.append(truth[-1] + min(octets, WRAP - 1, GBIT // 8 * seconds))
        reports.append((now, truth[-1] % WRAP))
    assert counted(reports) == truth


@given(st.lists(st.integers(0, 500_000_000), min_size=2, max_size=20), st.randoms())
def test_no_order_of_arrival_makes_more_of_a_session_than_its_last_report(steps, random):
    """Near a wrap and shuffled: the largest count is the truth or below it, never above."""
    reports, total = [], WRAP - 1_000_000_000
    for number, octets in enumerate(steps):
        total += octets
        reports.append((60 * number, total % WRAP))
    random.shuffle(reports)
    assert max(counted(reports)) <= max(total, WRAP - 1)

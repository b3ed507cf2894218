"""Cumulative counters, joined: examples first, then the laws."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.core.usage import (
    Session,
    Sessions,
    Snapshot,
    increments,
    join,
    octets_before,
    octets_from_radius,
    unpack_sessions,
)
from billing.core.usage.segments import pack_sessions
from billing.core.usage.sessions import session_of
from tests.core.usage.facts import GRID, MB, at

BEGAN = int(at("10-01 09:00").timestamp())


def snapshot(minutes: int, octets: int, start: int = BEGAN, **fields) -> Snapshot:
    measured = BEGAN + minutes * 60
    values = {"nas": "bng-1", "session_id": "8f01", "session_class": "", "stopped": False}
    return Snapshot(
        **values | fields, start=start, second=measured, octets_in=octets // 10, octets_out=octets
    )


def known(*snapshots: Snapshot) -> Sessions:
    return join(session_of(one, GRID.hour_and_day(one.second)[0]) for one in snapshots)


def downloaded(sessions: Sessions) -> int:
    return sum(one.octets_out for one in increments(sessions, {}))


def flags(sessions: Sessions) -> set[str]:
    return {flag for one in increments(sessions, {}) for flag in one.flags}


def test_a_duplicate_and_a_late_interim_add_nothing():
    interims = [(15, 100), (30, 250), (30, 250), (45, 400), (50, 410), (30, 250)]
    sessions = known(*(snapshot(minutes, mb * MB) for minutes, mb in interims))

    assert downloaded(sessions) == 410 * MB
    assert flags(sessions) == set()


def test_a_counter_that_wrapped_goes_on_where_gigawords_say():
    before, after = octets_from_radius(4_294_967_000, 0), octets_from_radius(1_704, 1)

    assert after - before == 2_000


def test_a_new_session_counts_from_zero_and_is_flagged_when_the_old_one_never_ended():
    sessions = known(
        snapshot(15, 900 * MB),
        snapshot(30, 5 * MB, start=BEGAN + 20 * 60, session_id="8f02"),
    )

    assert downloaded(sessions) == 905 * MB
    assert flags(sessions) == {"reset"}


def test_a_new_session_after_a_stop_is_the_most_normal_thing():
    sessions = known(
        snapshot(15, 900 * MB, stopped=True),
        snapshot(30, 5 * MB, start=BEGAN + 20 * 60, session_id="8f02"),
    )

    assert flags(sessions) == set()


def test_a_counter_that_falls_within_its_session_adds_nothing_and_is_flagged():
    sessions = known(snapshot(15, 900 * MB), snapshot(30, 5 * MB))

    assert downloaded(sessions) == 900 * MB
    assert flags(sessions) == {"gap", "regress"}


def test_a_silence_of_hours_is_flagged_in_the_hour_that_ends_it():
    counted = increments(known(snapshot(15, 1 * MB), snapshot(15 + 180, 9 * MB)), {})

    assert [(one.octets_out, one.flags) for one in counted] == [
        (1 * MB, frozenset()),
        (8 * MB, frozenset({"gap"})),
    ]


def test_interims_of_every_hour_that_fall_just_outside_it_are_no_silence():
    sessions = known(snapshot(0, 0), snapshot(59, 1 * MB), snapshot(120, 2 * MB))

    assert flags(sessions) == set()


def test_a_session_older_than_its_router_counts_gives_a_baseline():
    counting = {"bng-1": BEGAN + 60}

    counted = increments(known(snapshot(15, 700 * MB), snapshot(75, 720 * MB)), counting)

    assert [(one.octets_out, one.flags) for one in counted] == [
        (0, frozenset({"baseline"})),
        (20 * MB, frozenset()),
    ]


def test_starts_that_jitter_are_one_session():
    sessions = known(*(snapshot(15 * n, n * MB, start=BEGAN + (-1) ** n * 2) for n in range(9)))

    assert [(one.start_min, one.start_max) for one in sessions] == [(BEGAN - 2, BEGAN + 2)]
    assert downloaded(sessions) == 8 * MB


def test_the_same_id_after_a_reboot_is_another_session():
    later = BEGAN + 40 * 60

    assert len(known(snapshot(15, 900 * MB), snapshot(45, 5 * MB, start=later))) == 2


def test_another_class_is_another_session_even_at_the_same_start():
    one, other = snapshot(15, 7 * MB, session_class="a"), snapshot(15, 5 * MB, session_class="b")

    assert downloaded(known(one, other)) == 12 * MB


def test_the_same_class_holds_together_what_was_alive_at_once():
    lost_delay = snapshot(90, 9 * MB, start=BEGAN + 40 * 60, session_class="a")
    sessions = known(snapshot(60, 7 * MB, session_class="a"), lost_delay)

    assert downloaded(sessions) == 9 * MB


def test_a_class_that_names_the_subscriber_does_not_hold_a_reused_id_together():
    rebooted = snapshot(90, 5 * MB, start=BEGAN + 70 * 60, session_class="sub-42")
    sessions = known(snapshot(60, 7 * MB, session_class="sub-42"), rebooted)

    assert downloaded(sessions) == 12 * MB


SNAPSHOTS = st.builds(
    snapshot,
    st.integers(0, 60 * 30),
    st.integers(0, 900),
    start=st.integers(BEGAN - 1_500, BEGAN + 1_500),
    session_class=st.sampled_from(["", "a"]),
    stopped=st.booleans(),
)
SOME = st.lists(SNAPSHOTS, max_size=14)


@given(SOME, SOME, SOME)
def test_joining_does_not_depend_on_order_grouping_or_repeats(one, two, three):
    a, b, c = known(*one), known(*two), known(*three)

    assert join(a, b) == join(b, a) == known(*one, *two)
    assert join(join(a, b), c) == join(a, join(b, c))
    assert join(a, a) == a
    assert join(a, ()) == a


@given(SOME)
def test_what_is_stored_is_read_back_and_the_same_content_is_the_same_bytes(snapshots):
    shuffled = random.Random(1).sample(snapshots, len(snapshots))
    sessions = known(*snapshots)

    assert pack_sessions({"user:a": sessions}) == pack_sessions({"user:a": known(*shuffled)})
    assert unpack_sessions(pack_sessions({"user:a": sessions})) == {"user:a": sessions}


@given(SOME, st.integers(0, 30), st.integers(0, 30))
def test_usage_of_a_window_is_the_sum_of_p_at_its_end_less_p_at_its_start(snapshots, one, other):
    first, last = sorted((BEGAN + one * 3600, BEGAN + other * 3600))
    sessions = known(*snapshots)
    counted = [i for i in increments(sessions, {}) if first <= i.hour < last]

    def p(session: Session, instant: int) -> tuple[int, int]:
        return octets_before(session, instant)

    assert sum(i.octets_in for i in counted) == sum(
        p(s, last)[0] - p(s, first)[0] for s in sessions
    )
    assert sum(i.octets_out for i in counted) == sum(
        p(s, last)[1] - p(s, first)[1] for s in sessions
    )
    assert all(i.octets_in >= 0 and i.octets_out >= 0 for i in counted)


def test_the_grid_follows_local_days_of_23_and_25_hours():
    spring, autumn = at("03-29 00:00"), at("10-24 23:00")
    hours = {GRID.hour_and_day(int((spring + timedelta(hours=n)).timestamp())) for n in range(23)}
    more = {GRID.hour_and_day(int((autumn + timedelta(hours=n)).timestamp())) for n in range(25)}

    assert {day for _, day in hours} == {"2026-03-29"}
    assert {day for _, day in more} == {"2026-10-25"}

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.period import (
    MONTHLY,
    BadAnchor,
    BadEvery,
    BadWeekday,
    Cycle,
    Every,
    NotAPeriodStart,
    Period,
    cycle_of,
    every_from,
    months_completed,
    period_containing,
)

YEARLY, QUARTERLY = Every("year"), Every("month", 3)
DAYS = st.dates(date(1990, 1, 1), date(2060, 1, 1))
EVERY = st.builds(Every, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 40))


def starts(cycle, day, count):
    period, found = cycle.containing(date.fromisoformat(day), "UTC"), []
    for _ in range(count):
        found.append(period.start.isoformat())
        period = cycle.following(period)
    return found


def test_months_from_the_31st_end_with_short_months_and_never_drift():
    months = starts(Cycle(MONTHLY, date(2026, 1, 31)), "2026-01-31", 4)
    assert months == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_a_year_from_29_february_begins_on_it_in_leap_years():
    years = starts(Cycle(YEARLY, date(2024, 2, 29)), "2024-02-29", 5)
    assert years == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_quarters_from_30_november_are_counted_from_it():
    quarters = starts(Cycle(QUARTERLY, date(2025, 11, 30)), "2025-12-01", 4)
    assert quarters == ["2025-11-30", "2026-02-28", "2026-05-30", "2026-08-30"]


@pytest.mark.parametrize(
    ("every", "first"),
    [
        ("1 week", "2026-10-12"),  # a Monday
        ("1 month", "2026-10-01"),
        ("3 months", "2026-10-01"),
        ("6 months", "2026-07-01"),
        ("1 year", "2026-01-01"),
    ],
)
def test_calendar_cycles_begin_on_mondays_firsts_and_new_year(every, first):
    period = Cycle.calendar(every_from(every)).containing(date(2026, 10, 15), "UTC")
    assert period.start.isoformat() == first


def test_fixed_days_are_days_of_the_week_or_of_the_month():
    assert starts(Cycle.on_weekday(4), "2026-10-14", 2) == ["2026-10-08", "2026-10-15"]
    assert starts(Cycle.on_day(31), "2026-02-10", 3) == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert starts(Cycle.on_day(15, QUARTERLY), "2026-05-01", 2) == ["2026-04-15", "2026-07-15"]


def test_thirty_days_are_counted_from_the_day_it_began():
    cycle = Cycle(Every("day", 30), date(2026, 1, 31))
    assert starts(cycle, "2026-03-01", 2) == ["2026-01-31", "2026-03-02"]
    assert cycle.preceding(cycle.containing(date(2026, 1, 31), "UTC")).start == date(2026, 1, 1)


def test_a_period_is_found_by_its_first_day_and_by_no_other():
    assert Cycle.calendar(YEARLY).starting(date(2026, 1, 1), "UTC").days == 365
    with pytest.raises(NotAPeriodStart, match="the one around it begins on 2026-01-01"):
        Cycle.calendar(YEARLY).starting(date(2026, 1, 2), "UTC")


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("1 month", MONTHLY),
        ("month", MONTHLY),
        ("3 months", QUARTERLY),
        ("30 days", Every("day", 30)),
        ("2 weeks", Every("week", 2)),
        ("year", YEARLY),
    ],
)
def test_a_length_is_read_as_people_write_it(text, every):
    assert every_from(text) == every
    assert every_from(every.text) == every


@pytest.mark.parametrize("text", ["0 months", "monthly", "1.5 days", "-1 day", "", "1001 days", 3])
def test_what_is_no_length_is_refused_with_its_fix(text):
    with pytest.raises(BadEvery, match='such as "3 months"'):
        every_from(text)


def test_what_is_no_anchor_is_refused():
    with pytest.raises(BadAnchor, match="use 1 to 31"):
        Cycle.on_day(0)
    with pytest.raises(BadWeekday, match=r"use 1 \(Monday\) to 7 \(Sunday\)"):
        Cycle.on_weekday(8)


@pytest.mark.parametrize(
    ("since", "day", "months"),
    [
        ("2026-01-31", "2026-02-27", 0),
        ("2026-01-31", "2026-02-28", 1),
        ("2026-01-31", "2026-03-30", 1),
        ("2026-01-31", "2026-03-31", 2),
        ("2026-01-01", "2026-08-01", 7),
        ("2026-01-01", "2025-12-01", 0),
    ],
)
def test_a_month_is_completed_on_its_own_day(since, day, months):
    assert months_completed(date.fromisoformat(since), date.fromisoformat(day)) == months


@given(EVERY, DAYS, DAYS)
def test_periods_of_every_cycle_tile_time(every, anchor, day):
    cycle = Cycle(every, anchor)
    period = cycle.containing(day, "UTC")
    assert period.start <= day < period.end
    assert cycle.following(period).start == period.end
    assert cycle.preceding(period).end == period.start
    assert cycle.preceding(cycle.following(period)) == period
    assert cycle.containing(anchor, "UTC").start == anchor
    assert all(
        cycle.containing(inside, "UTC") == period
        for inside in (period.start, period.end - timedelta(days=1))
    )


@given(st.integers(1, 12), DAYS, DAYS)
def test_every_begin_is_the_anchors_day_or_the_last_of_a_shorter_month(months, anchor, day):
    begin = Cycle(Every("month", months), anchor).containing(day, "UTC").start
    is_last = (begin + timedelta(days=1)).day == 1
    assert begin.day == anchor.day or (begin.day < anchor.day and is_last)


@given(DAYS, st.integers(1, 31))
def test_the_cycle_of_a_month_is_known_from_the_month(day, anchor):
    period = period_containing(day, anchor, "UTC")
    cycle = cycle_of(period)
    for _ in range(13):
        assert cycle.containing(period.start, "UTC") == period
        period = Cycle.on_day(anchor).following(period)


@given(st.integers(1, 400), DAYS)
def test_the_cycle_of_any_period_has_it(length, day):
    period = Period(day, day + timedelta(days=length), "UTC")
    assert cycle_of(period).containing(day, "UTC") == period

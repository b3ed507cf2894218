from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.period import (
    BadAnchor,
    NaiveInstant,
    NotAPeriodStart,
    Period,
    Span,
    UnknownZone,
    following,
    grid_hour,
    hours_of,
    instant_from,
    local_day,
    local_midnight,
    next_grid_hour,
    period_containing,
    period_starting,
    preceding,
    rfc3339,
)
from tests.core.makers import DUBLIN, KOLKATA, NEW_YORK, at, month

# Half hours, midnights that do not exist (Santiago, Beirut, Havana), a day that never was (Apia),
# clocks that change just after midnight (St John's until 2011), a change by half an hour.
ZONES = st.sampled_from(
    [
        *("UTC", DUBLIN, NEW_YORK, KOLKATA, "America/Santiago", "Asia/Beirut", "America/Havana"),
        *("Pacific/Apia", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"),
    ]
)
DAYS = st.dates(date(1990, 1, 1), date(2060, 1, 1))
ANCHORS = st.integers(1, 31)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
HOUR = timedelta(hours=1)


def test_anchor_31_falls_on_the_last_day_of_each_month_and_never_drifts():
    period, starts = period_containing(date(2026, 1, 31), 31, "UTC"), []
    for _ in range(5):
        starts.append(period.start.isoformat())
        period = following(period, 31)
    assert starts == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]


def test_anchor_29_begins_on_29_february_only_in_a_leap_year():
    assert period_containing(date(2027, 3, 5), 29, "UTC").start == date(2027, 2, 28)
    assert period_containing(date(2028, 3, 5), 29, "UTC").start == date(2028, 2, 29)


def test_a_period_has_a_name_and_a_key_and_its_days():
    october = month("2026-10")
    assert (october.label, october.key, october.days) == ("2026-10-01", "2026-10-01/2026-11-01", 31)


def test_a_cycle_is_found_by_the_day_it_begins_on_and_by_no_other():
    assert period_starting(date(2026, 10, 15), 15, DUBLIN).end == date(2026, 11, 15)
    with pytest.raises(NotAPeriodStart, match="begins on 2026-10-01"):
        period_starting(date(2026, 10, 2), 1, DUBLIN)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-06-01", 24)]
)
def test_a_local_day_in_new_york_is_as_long_as_its_clocks_make_it(day, hours):
    first = date.fromisoformat(day)
    span = Period(first, first + timedelta(days=1), NEW_YORK).span
    assert span.end - span.start == hours * HOUR
    assert len(hours_of(span, NEW_YORK)) == hours


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 6), ("2026-11-01", 8)])
def test_the_night_from_midnight_to_seven_is_shorter_or_longer_when_clocks_change(day, hours):
    night = Span(at(f"{day} 00:00", NEW_YORK), at(f"{day} 07:00", NEW_YORK))
    assert len(hours_of(night, NEW_YORK)) == hours


@pytest.mark.parametrize(
    ("day", "zone", "first_instant"),
    [
        ("2026-09-06", "America/Santiago", "2026-09-06T01:00:00-03:00"),
        ("2026-03-29", "Asia/Beirut", "2026-03-29T01:00:00+03:00"),
        ("2026-10-01", "Asia/Kolkata", "2026-10-01T00:00:00+05:30"),
        ("2006-10-29", "America/St_Johns", "2006-10-29T00:00:00-02:30"),
    ],
)
def test_a_day_begins_with_the_first_instant_of_its_date(day, zone, first_instant):
    midnight = local_midnight(date.fromisoformat(day), zone)
    assert midnight == datetime.fromisoformat(first_instant)
    assert midnight.astimezone(ZoneInfo(zone)).date() == date.fromisoformat(day)


def test_in_a_zone_of_half_hours_the_grid_stands_at_half_past():
    assert rfc3339(grid_hour(at("2026-10-01 10:15", KOLKATA), KOLKATA)) == "2026-10-01T04:30:00Z"


def test_a_change_now_counts_usage_from_the_next_hour():
    assert next_grid_hour(at("2026-04-11 10:15"), DUBLIN) == at("2026-04-11 11:00")
    assert next_grid_hour(at("2026-04-11 11:00"), DUBLIN) == at("2026-04-11 11:00")


def test_spans_that_only_touch_do_not_overlap():
    noon, one, two = (at(f"2026-04-11 {hour}:00") for hour in (12, 13, 14))
    assert Span(noon, one).overlap(Span(one, two)) is None
    assert Span(noon, None).overlap(Span(one, two)) == Span(one, two)
    assert Span(noon, one).contains(noon)
    assert not Span(noon, one).contains(one)


def test_what_cannot_be_a_time_is_refused_with_its_fix():
    with pytest.raises(UnknownZone, match="such as Europe/Dublin"):
        local_midnight(date(2026, 1, 1), "Europe/Cork")
    with pytest.raises(BadAnchor, match="use 1 to 31"):
        period_containing(date(2026, 1, 1), 32, "UTC")
    with pytest.raises(NaiveInstant, match="add Z or an offset"):
        Span(datetime(2026, 1, 1), None)  # noqa: DTZ001


@given(DAYS, ANCHORS, ZONES)
def test_periods_tile_time(day, anchor, zone):
    period = period_containing(day, anchor, zone)
    assert period.start <= day < period.end
    assert following(period, anchor).start == period.end
    assert preceding(period, anchor).end == period.start
    assert preceding(following(period, anchor), anchor) == period
    assert following(period, anchor).span.start == period.span.end
    assert 28 <= period.days <= 31


@given(INSTANTS, ZONES)
def test_every_instant_is_in_exactly_one_day_and_one_grid_hour(instant, zone):
    day = local_day(instant, zone)
    assert local_midnight(day, zone) <= instant < local_midnight(day + timedelta(days=1), zone)
    hour = grid_hour(instant, zone)
    assert grid_hour(hour, zone) == hour <= instant < hour + HOUR
    assert next_grid_hour(hour + timedelta(microseconds=1), zone) > instant


@given(DAYS, ANCHORS, ZONES)
def test_the_hours_of_a_period_tile_it(day, anchor, zone):
    span = period_containing(day, anchor, zone).span
    hours = hours_of(span, zone)
    assert hours[0] == span.start
    assert next_grid_hour(hours[-1] + timedelta(microseconds=1), zone) == span.end
    assert all(b == next_grid_hour(a + timedelta(microseconds=1), zone) for a, b in pairwise(hours))


@given(INSTANTS)
def test_an_instant_survives_the_wire(instant):
    assert instant_from(rfc3339(instant)) == instant

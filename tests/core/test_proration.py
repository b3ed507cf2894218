from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.core.money import Money
from billing.core.period import Cycle, Every, Period, Span, prorate, share, shares, split
from tests.core.makers import DUBLIN, KOLKATA, NEW_YORK, at, eur, inr, month, usd

ZONES = st.sampled_from(["UTC", DUBLIN, NEW_YORK, KOLKATA, "America/Santiago", "Pacific/Apia"])
PERIODS = st.builds(
    lambda count, anchor, day, zone: Cycle(Every("month", count), anchor).containing(day, zone),
    st.sampled_from([1, 1, 1, 3, 12]),
    st.dates(date(2024, 1, 1), date(2024, 12, 31)),
    st.dates(date(2011, 1, 1), date(2028, 1, 1)),
    ZONES,
)
WAYS = st.fixed_dictionaries(
    {"by": st.sampled_from(["day", "second"]), "basis": st.sampled_from(["actual", "30 days"])}
)


def days(first, end):
    return date.fromisoformat(first), date.fromisoformat(end)


def test_a_first_bill_pays_nineteen_of_twenty_eight_days():
    part = days("2026-02-10", "2026-03-01")
    assert share(part, month("2026-02")) == Fraction(19, 28)
    assert prorate(usd("59.99"), part, month("2026-02")) == usd("40.71")


def test_an_upgrade_on_11_april_leaves_twenty_of_thirty_days():
    april, rest = month("2026-04", KOLKATA), days("2026-04-11", "2026-05-01")
    assert prorate(inr("820.00"), rest, april) == inr("546.67")
    assert prorate(inr("1020.00"), rest, april) == inr("680.00")


def test_a_rise_within_a_period_splits_it_by_days():
    period = Period(*days("2025-03-10", "2025-04-10"), "Europe/London")
    assert prorate(eur("32.99"), days("2025-03-10", "2025-03-31"), period) == eur("22.35")
    assert prorate(eur("35.99"), days("2025-03-31", "2025-04-10"), period) == eur("11.61")


def test_twenty_nine_thirtieths_of_two_hundred():
    part = days("2026-04-02", "2026-05-01")
    assert prorate(eur("200.00"), part, month("2026-04")) == eur("193.33")


@pytest.mark.parametrize(
    ("label", "day", "hours", "of"),
    [("2026-03", "2026-03-08", 23, 743), ("2026-11", "2026-11-01", 25, 721)],
)
def test_a_day_is_one_day_and_as_many_seconds_as_its_clocks_make_it(label, day, hours, of):
    period, first = month(label, NEW_YORK), date.fromisoformat(day)
    one = (first, first + timedelta(days=1))
    assert share(one, period) == Fraction(1, period.days)
    assert share(one, period, by="second") == Fraction(hours, of)


def test_by_second_the_instant_counts_and_by_day_its_day():
    span = Span(at("2026-04-11 12:00"), None)
    assert share(span, month("2026-04")) == Fraction(20, 30)
    assert share(span, month("2026-04"), by="second") == Fraction(39, 60)


@pytest.mark.parametrize(
    ("start", "end", "counted"),
    [
        ("2026-04-01 00:00", None, 30),
        ("2026-04-11 23:59", None, 20),  # the day on which it begins counts
        ("2026-03-15 12:00", "2026-04-11 10:00", 10),
        ("2026-04-11 10:00", "2026-04-11 15:00", 0),  # begun and ended on one day
        ("2026-05-01 00:00", None, 0),
    ],
)
def test_by_day_it_counts_from_the_day_it_begins_to_the_day_before_it_ends(start, end, counted):
    span = Span(at(start), None if end is None else at(end))
    assert share(span, month("2026-04")) == Fraction(counted, 30)


def test_the_day_it_ends_on_is_free_or_charged():
    april = month("2026-04")
    span = Span(at("2026-04-01 00:00"), at("2026-04-16 09:00"))
    assert share(span, april) == Fraction(15, 30)
    assert share(span, april, end_day="charged") == Fraction(16, 30)
    assert share(span, april, by="second", end_day="charged") == Fraction(16, 30)
    assert share(days("2026-04-01", "2026-04-16"), april, end_day="charged") == Fraction(16, 30)
    one_day = Span(at("2026-04-11 10:00"), at("2026-04-11 15:00"))
    assert share(one_day, april) == 0
    assert share(one_day, april, end_day="charged") == Fraction(1, 30)


def test_an_end_with_the_period_is_the_end_of_that_period():
    whole = Span(at("2026-04-01 00:00"), at("2026-05-01 00:00"))
    assert share(whole, month("2026-04"), end_day="charged") == 1
    assert share(whole, month("2026-05"), end_day="charged") == 0


@pytest.mark.parametrize(
    ("label", "first", "end", "thirtieths"),
    [
        ("2026-02", "2026-02-01", "2026-03-01", 30),  # the whole of 28 days
        ("2026-02", "2026-02-10", "2026-03-01", 19),
        ("2026-01", "2026-01-01", "2026-02-01", 30),  # the whole of 31 days
        ("2026-01", "2026-01-02", "2026-02-01", 30),  # 30 of 31 days
        ("2026-01", "2026-01-11", "2026-02-01", 21),
        ("2026-01", "2026-01-01", "2026-01-11", 10),
    ],
)
def test_of_thirty_days_a_part_counts_its_days_and_a_whole_month_thirty(
    label, first, end, thirtieths
):
    assert share(days(first, end), month(label), basis="30 days") == Fraction(thirtieths, 30)


@pytest.mark.parametrize(("label", "rest"), [("2026-01", 20), ("2026-02", 20), ("2026-04", 20)])
def test_of_thirty_days_the_last_part_takes_what_the_others_leave(label, rest):
    period = month(label)
    change = period.start + timedelta(days=10)
    parts = [(period.start, change), (change, period.end)]
    assert shares(parts, period, basis="30 days") == [Fraction(10, 30), Fraction(rest, 30)]


def test_of_thirty_days_a_year_counts_360():
    year = Cycle.calendar(Every("year")).containing(date(2026, 5, 1), "UTC")
    assert share(days("2026-01-01", "2026-02-01"), year, basis="30 days") == Fraction(31, 360)


def test_a_week_counts_its_own_days_on_every_basis():
    week = Cycle.calendar(Every("week")).containing(date(2026, 10, 15), "UTC")
    part = days("2026-10-12", "2026-10-15")
    assert share(part, week, basis="30 days") == share(part, week) == Fraction(3, 7)


def test_what_lies_outside_the_period_does_not_count():
    april = month("2026-04")
    assert share(days("2026-03-01", "2026-04-11"), april) == Fraction(10, 30)
    assert share(days("2026-05-01", "2026-05-11"), april) == 0
    assert share(Span(at("2026-01-01 00:00"), None), april) == 1


def test_an_amount_in_parts_sums_to_the_amount():
    thirds = [Fraction(1, 3)] * 3
    assert split(eur("10.00"), thirds) == [eur("3.33"), eur("3.34"), eur("3.33")]
    assert split(eur("0.01"), [Fraction(1, 2)] * 2) == [eur("0.01"), eur("0.00")]


@given(PERIODS, WAYS, st.lists(st.integers(0, 10**9), max_size=6, unique=True))
def test_parts_of_a_period_sum_to_the_whole(period, ways, cuts):
    span = period.span
    length = (span.end - span.start) // timedelta(seconds=1)
    edges = sorted({0, length, *(cut % length for cut in cuts)})
    instants = [span.start + timedelta(seconds=edge) for edge in edges]
    found = shares([Span(a, b) for a, b in pairwise(instants)], period, **ways)
    assert sum(found) == 1
    assert all(0 <= one <= 1 for one in found)


@given(PERIODS, WAYS, st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_share_is_never_above_one_and_never_below_nothing(period, ways, one, other):
    assume(one != other)
    origin = datetime(2010, 1, 1, tzinfo=UTC)
    first, end = sorted((one, other))
    part = Span(origin + timedelta(seconds=first), origin + timedelta(seconds=end))
    for end_day in ("free", "charged"):
        assert 0 <= share(part, period, end_day=end_day, **ways) <= 1
    assert share(part, period, **ways) <= share(part, period, end_day="charged", **ways)
    assert share(period.span, period, **ways) == 1


@given(
    st.integers(-(10**6), 10**6),
    st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any),
)
def test_split_parts_sum_to_the_cent_and_each_is_its_share(minor, weights):
    parts = [Fraction(weight, sum(weights)) for weight in weights]
    amount = Money(minor, "EUR")
    found = split(amount, parts)
    assert sum(one.minor for one in found) == minor
    assert all(abs(one.minor - minor * part) <= 1 for one, part in zip(found, parts, strict=True))

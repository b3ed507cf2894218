"""Calls by increments, fees and the clock, reckoned by hand."""

import pytest

from billing.core.catalog import price_from
from billing.core.rating import rate
from billing.core.usage.measured import Call
from tests.tariffs.bills import clock

DUBLIN = "Europe/Dublin"
MONDAY_NOON = "2026-11-23 12:00"


def charged(rates, *calls, **terms) -> str:
    """What calls (start, seconds) to one number come to."""
    price = price_from(
        {
            "model": "calls",
            "currency": "EUR",
            "zone": DUBLIN,
            "destinations": [{"name": "all", "rates": rates}],
            **terms,
        }
    )
    made = [Call(f"c{n}", clock(at, DUBLIN), s, "35312345") for n, (at, s) in enumerate(calls)]
    return rate(price, made).amount.value


@pytest.mark.parametrize(
    ("terms", "seconds", "due"),
    [
        ({"increment": 60}, 1, "0.20"),
        ({"increment": 60}, 60, "0.20"),
        ({"increment": 60}, 61, "0.40"),
        ({"minimum": 60}, 61, "0.20"),  # 60/1: 0.20333
        ({"minimum": 60}, 7, "0.20"),
        ({"minimum": 60}, 90, "0.30"),
        ({"minimum": 30, "increment": 6}, 20, "0.10"),
        ({"minimum": 30, "increment": 6}, 31, "0.12"),  # 36 s
        ({"minimum": 30, "increment": 6}, 36, "0.12"),
        ({"minimum": 30, "increment": 6}, 37, "0.14"),
        ({"increment": 1}, 45, "0.15"),
        ({"connection": "0.05", "increment": 60}, 61, "0.45"),
        ({"connection": "0.05"}, 0, "0.00"),  # nobody answered
    ],
)
def test_a_minute_of_twenty_cents_by_its_increments(terms, seconds, due):
    assert charged([{"per_minute": "0.20", **terms}], (MONDAY_NOON, seconds)) == due


def test_an_unanswered_call_costs_its_connection_and_minimum_where_that_is_agreed():
    rates = [{"per_minute": "0.20", "minimum": 30, "connection": "0.05"}]
    assert charged(rates, (MONDAY_NOON, 0), unanswered="charged") == "0.15"


@pytest.mark.parametrize(
    ("seconds", "due"),
    [
        (10, "0.60"),  # 0.40 and the first minute
        (60, "0.60"),
        (65, "0.61"),  # 5 s at 0.10 a minute
        (125, "0.71"),  # 65 s
        (180, "0.80"),
    ],
)
def test_the_first_minute_is_dear_and_whole_then_each_second_cheap(seconds, due):
    then = [{"after": 60, "per_minute": "0.10", "increment": 1}]
    rates = [{"per_minute": "0.20", "increment": 60, "connection": "0.40", "then": then}]
    assert charged(rates, (MONDAY_NOON, seconds)) == due


def test_after_the_first_minute_tens_of_seconds_count():
    """0.80, a minute for 0.40, and one started ten seconds at 0.20 a minute: 1.2333."""
    then = [{"after": 60, "per_minute": "0.20", "increment": 10}]
    rates = [{"per_minute": "0.40", "increment": 60, "connection": "0.80", "then": then}]
    assert charged(rates, (MONDAY_NOON, 65)) == "1.23"


PEAK = {"peak": {"days": "weekdays", "hours": "08:00-19:00"}}
BY_THE_CLOCK = [
    {"window": "peak", "per_minute": "0.40", "connection": "0.05"},
    {"per_minute": "0.20", "connection": "0.03"},
]


@pytest.mark.parametrize(
    ("at", "seconds", "due"),
    [
        ("2026-11-23 07:59:59", 0, "0.00"),
        ("2026-11-23 08:00:00", 60, "0.45"),  # a Monday
        ("2026-11-23 18:59:30", 60, "0.35"),  # 0.05, 30 s and 30 s
        ("2026-11-23 19:00:00", 60, "0.23"),  # at seven sharp the day is over
        ("2026-11-23 07:59:30", 60, "0.33"),  # the fee of the rate it begins in
        ("2026-11-28 10:00:00", 60, "0.23"),  # a Saturday
        ("2026-11-20 18:59:00", 120, "0.65"),  # Friday evening into the weekend
    ],
)
def test_a_call_over_the_edge_pays_each_part_its_rate(at, seconds, due):
    assert charged(BY_THE_CLOCK, (at, seconds), windows=PEAK) == due


def test_a_call_that_is_not_split_pays_what_held_when_it_began():
    call = ("2026-11-23 18:59:30", 60)
    assert charged(BY_THE_CLOCK, call, windows=PEAK, split=False) == "0.45"


@pytest.mark.parametrize(
    ("at_edge", "due"),
    [
        ("increment", "0.60"),  # the minute begun at 18:59:30 runs to 19:00:30 at 0.40, one more
        ("part", "0.80"),  # a started minute before the edge, two after it
        ("second", "0.50"),  # two minutes in all: 30 s at 0.40 and 90 s at 0.20
    ],
)
def test_started_minutes_at_an_edge(at_edge, due):
    rates = [
        {"window": "peak", "per_minute": "0.40", "increment": 60},
        {"per_minute": "0.20", "increment": 60},
    ]
    call = ("2026-11-23 18:59:30", 100)
    assert charged(rates, call, windows=PEAK, at_edge=at_edge) == due


@pytest.mark.parametrize(
    ("at", "minutes", "due"),
    [
        ("2026-10-24 00:30", 100, "3.30"),  # 90 in the night, 10 after it
        ("2026-10-25 00:30", 100, "3.00"),  # clocks go back at two: the night has three hours
        ("2026-03-29 00:15", 70, "2.85"),  # clocks go forward at one: 45 in it, 25 after it
    ],
)
def test_a_night_until_two_holds_as_long_as_the_clock_is_in_it(at, minutes, due):
    windows = {"night": {"hours": "00:00-02:00"}}
    rates = [{"window": "night", "per_minute": "0.03"}, {"per_minute": "0.06"}]
    assert charged(rates, (at, minutes * 60), windows=windows) == due


def test_the_longest_prefix_decides_and_the_bill_has_one_line_of_all_calls():
    price = price_from(
        {
            "model": "calls",
            "currency": "EUR",
            "zone": DUBLIN,
            "destinations": [
                {"name": "UK", "prefixes": ["44"], "rates": [{"per_minute": "0.06"}]},
                {"name": "UK mobile", "prefixes": ["447"], "rates": [{"per_minute": "0.30"}]},
                {"name": "Jersey mobile", "prefixes": ["447797"], "rates": [{"per_minute": "0.9"}]},
                {"name": "else", "rates": [{"per_minute": "2.00"}]},
            ],
        }
    )
    numbers = ["442071234567", "447700900123", "447797700000", "81312345678"]
    calls = [Call(n, clock(MONDAY_NOON, DUBLIN), 10, n) for n in numbers]
    line = rate(price, calls)

    # 10 s each: 0.01, 0.05, 0.15 and 0.33333.
    assert line.amount.value == "0.54"
    assert len([step for step in line.steps if "10 s" in step]) == 4

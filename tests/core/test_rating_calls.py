"""Calls: destinations by prefix, increments, windows on the local clock and their edges."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.catalog import price_from
from billing.core.period import NaiveInstant, local_time
from billing.core.rating import BadQuantity, rate, rated_calls
from billing.core.usage.measured import Call
from tests.core.makers import at, eur

WINDOWS = {
    "peak": {"days": "weekdays", "hours": "08:00-18:00"},
    "night": {"hours": "22:00-06:00"},
    "small hours": {"hours": "00:00-02:00"},
}


def voice(*rates, zone="Europe/Dublin", elsewhere="1.00", **terms):
    return price_from(
        {
            "model": "calls",
            "currency": "EUR",
            "zone": zone,
            "windows": WINDOWS,
            "destinations": [
                {"name": "Ireland", "prefixes": ["353"], "rates": list(rates)},
                {"name": "elsewhere", "rates": [{"per_minute": elsewhere}]},
            ],
            **terms,
        }
    )


def call(start, seconds, to="35316770000"):
    return Call("c", at(start) if isinstance(start, str) else start, seconds, to)


def seconds(price, start, duration):
    """What is charged in each window."""
    (rated,) = rated_calls(price.model, [call(start, duration)])
    return [(part.window, part.seconds) for part in rated.parts]


@pytest.mark.parametrize(
    ("minimum", "increment", "lasted", "charged"),
    [
        (60, 1, 1, 60),
        (60, 1, 60, 60),
        (60, 1, 61, 61),
        (30, 6, 29, 30),
        (30, 6, 31, 36),
        (30, 6, 36, 36),
        (30, 6, 37, 42),
        (0, 60, 1, 60),
        (60, 60, 61, 120),
        (0, 1, 1, 1),
    ],
)
def test_a_call_counts_its_minimum_and_then_started_increments(minimum, increment, lasted, charged):
    price = voice({"per_minute": "0.60", "minimum": minimum, "increment": increment})
    line = rate(price, call("2026-11-20 10:00", lasted))
    assert line.amount == eur(f"{charged / 100:.2f}")
    assert line.quantity == Fraction(charged, 60)


def test_a_connection_costs_once_and_an_unanswered_call_nothing():
    rates = {"per_minute": "0.60", "minimum": 10, "connection": "0.09"}
    assert rate(voice(rates), call("2026-11-20 10:00", 20)).amount == eur("0.29")
    assert rate(voice(rates), call("2026-11-20 10:00", 0)).amount == eur("0.00")
    rung = voice(rates, unanswered="charged")
    assert rate(rung, call("2026-11-20 10:00", 0)).amount == eur("0.19")


def test_the_longest_prefix_decides():
    price = price_from(
        {
            "model": "calls",
            "currency": "EUR",
            "zone": "UTC",
            "destinations": [
                {"name": "rest", "rates": [{"per_minute": "4"}]},
                {"name": "UK", "prefixes": ["44"], "rates": [{"per_minute": "1"}]},
                {"name": "UK mobile", "prefixes": ["447", "4475"], "rates": [{"per_minute": "2"}]},
                {"name": "Jersey", "prefixes": ["447509"], "rates": [{"per_minute": "3"}]},
            ],
        }
    )
    numbers = ("442071234567", "447400123456", "447500123456", "447509123456", "4", "15551234")
    due = [rate(price, call("2026-11-20 10:00", 60, to)).amount.value for to in numbers]
    assert due == ["1.00", "2.00", "2.00", "3.00", "4.00", "4.00"]


def test_the_price_may_change_once_a_call_has_lasted_so_long():
    """First minute whole, then by seconds, from the tenth minute at another price."""
    price = voice(
        {
            "per_minute": "0.30",
            "increment": 60,
            "then": [
                {"after": 60, "per_minute": "0.12", "increment": 1},
                {"after": 600, "per_minute": "0.06", "increment": 30},
            ],
        }
    )
    lasted = {1: "0.30", 60: "0.30", 65: "0.31", 600: "1.38", 601: "1.41", 660: "1.44"}
    assert {n: rate(price, call("2026-11-20 10:00", n)).amount.value for n in lasted} == lasted
    assert seconds(price, "2026-11-20 10:00", 600) == [("", 60), ("", 540)]


PEAK = {"window": "peak", "per_minute": "0.60"}
OFF = {"per_minute": "0.12"}


def test_a_call_over_an_edge_pays_each_second_the_rate_it_lies_in():
    line = rate(voice(PEAK, OFF), call("2026-11-20 17:59:20", 100))
    assert line.amount == eur("0.52")  # 40 s × 0.60 + 60 s × 0.12
    assert seconds(voice(PEAK, OFF), "2026-11-20 17:59:20", 100) == [("peak", 40), ("", 60)]


def test_without_splitting_the_rate_of_the_begin_holds_throughout():
    price = voice(PEAK, OFF, split=False)
    assert rate(price, call("2026-11-20 17:59:20", 100)).amount == eur("1.00")


@pytest.mark.parametrize(
    ("at_edge", "charged"),
    [
        ("increment", [("peak", 60), ("", 60)]),  # the minute begun in the peak runs on to 18:00:20
        ("part", [("peak", 60), ("", 90)]),  # 40 s and 65 s, each in its own half minutes
        ("second", [("peak", 40), ("", 80)]),  # 120 s in all, laid out on the clock
    ],
)
def test_a_field_says_what_increments_do_at_an_edge(at_edge, charged):
    peak = {**PEAK, "minimum": 60, "increment": 30}
    price = voice(peak, {**OFF, "increment": 30}, at_edge=at_edge)
    assert seconds(price, "2026-11-20 17:59:20", 105) == charged


def test_an_increment_over_the_edge_may_cover_the_rest_of_the_call():
    price = voice({**PEAK, "increment": 60}, OFF)
    assert seconds(price, "2026-11-20 17:59:30", 45) == [("peak", 60)]


def test_a_window_holds_only_on_its_days_and_its_night_begins_the_day_before():
    night = {"window": "night", "per_minute": "0.01"}
    assert seconds(voice(PEAK, OFF), "2026-11-21 10:00", 60) == [("", 60)]  # a Saturday
    assert seconds(voice(night, OFF), "2026-11-21 05:59:30", 60) == [("night", 30), ("", 30)]
    friday = {"days": "fri", "hours": "22:00-06:00"}
    price = voice(night, OFF, windows={"night": friday})
    assert seconds(price, "2026-11-21 05:59:30", 60) == [("night", 30), ("", 30)]
    assert seconds(price, "2026-11-20 05:59:30", 60) == [("", 60)]
    assert seconds(price, "2026-11-20 21:59:30", 8 * 3600 + 60) == [
        ("", 30),
        ("night", 8 * 3600),
        ("", 30),
    ]


@pytest.mark.parametrize(
    ("day", "hours_in_window"),
    [("2026-10-24", 2), ("2026-10-25", 3), ("2026-03-29", 1), ("2026-03-30", 2)],
)
def test_on_the_night_of_the_clocks_a_window_is_an_hour_longer_or_shorter(day, hours_in_window):
    price = voice({"window": "small hours", "per_minute": "0.01"}, OFF)
    hour = 3600
    held = seconds(price, f"{day} 00:00", 5 * hour)
    assert held == [("small hours", hours_in_window * hour), ("", (5 - hours_in_window) * hour)]


def test_calls_are_summed_exactly_and_rounded_as_one_line_or_each_by_itself():
    calls = [call("2026-11-20 10:00", 1) for _ in range(3)]
    assert rate(voice({"per_minute": "0.36"}), calls).amount == eur("0.02")  # 3 × 0.006
    each = voice({"per_minute": "0.36"}, rounding_per="increment")
    assert rate(each, calls).amount == eur("0.03")
    assert rate(each, []).amount == eur("0.00")


def test_only_calls_with_an_instant_and_a_length_are_rated():
    price = voice(OFF)
    with pytest.raises(BadQuantity, match="give a Call"):
        rate(price, 61)
    with pytest.raises(BadQuantity, match="give a Call"):
        rate(price, [61])
    with pytest.raises(BadQuantity, match="no negative time"):
        rate(price, call("2026-11-20 10:00", -1))
    with pytest.raises(NaiveInstant):
        rate(price, call(datetime(2026, 11, 20, 10), 61))  # noqa: DTZ001


# Around both changes of the clocks, and a Monday
EVENINGS = [datetime(2026, *day, 20, tzinfo=UTC) for day in ((3, 28), (10, 24), (11, 22))]
SECONDS = st.integers(0, 108_000).map(lambda n: timedelta(seconds=n))
STARTS = st.builds(lambda at, later: at + later, st.sampled_from(EVENINGS), SECONDS)
ZONES = st.sampled_from(
    ["Europe/Dublin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
)


@given(STARTS, st.integers(1, 900), ZONES)
def test_by_the_second_every_way_of_splitting_is_one_sum_over_seconds(start, lasted, zone):
    """Against one who asks the clock at every second."""
    rates = [PEAK, {"window": "night", "per_minute": "0.06"}, OFF]
    windows = [voice(*rates).model.destinations[0].rates[n].window for n in (0, 1)]
    due = Fraction(0)
    for n in range(lasted):
        local = local_time(start + timedelta(seconds=n), zone)
        cents = next((p for w, p in zip(windows, (60, 6), strict=True) if w.contains(local)), 12)
        due += Fraction(cents, 60)
    for at_edge in ("increment", "part", "second"):
        price = voice(*rates, zone=zone, at_edge=at_edge)
        assert rate(price, call(start, lasted)).exact == due


@given(STARTS, st.integers(1, 50_000), st.integers(0, 120), st.integers(1, 90), ZONES)
def test_what_is_charged_covers_the_call_and_wastes_less_than_an_increment(
    start, lasted, minimum, increment, zone
):
    def table(at_edge):
        terms = {"minimum": minimum, "increment": increment}
        return voice({**PEAK, **terms}, {**OFF, **terms}, zone=zone, at_edge=at_edge)

    plain = minimum if lasted <= minimum else None
    if plain is None:
        plain = minimum - (-(lasted - minimum) // increment) * increment
    for at_edge in ("increment", "second"):
        assert rate(table(at_edge), call(start, lasted)).quantity * 60 == plain
    assert rate(table("part"), call(start, lasted)).quantity * 60 >= plain


@given(st.lists(st.tuples(STARTS, st.integers(0, 4000)), max_size=6), st.randoms())
def test_the_order_of_calls_is_irrelevant(listed, random):
    calls = [call(start, lasted) for start, lasted in listed]
    price = voice({**PEAK, "increment": 7}, OFF)
    shuffled = random.sample(calls, len(calls))
    assert rate(price, calls).total == rate(price, shuffled).total

"""Every model of price with other numbers, reckoned by hand: bounds, fractions, fees, zero."""

from fractions import Fraction

import pytest

from tests.tariffs.bills import costs, money


def usd(model: str, **terms):
    return {"model": model, "currency": "USD", **terms}


# Graduated, each tier with a fee: ten at 4.00 and 2.50, to 25 at 3.00 and 1.00, then 0.75 and 6.00.
STEPS = [
    {"up_to": "10", "per_unit": "4.00", "flat": "2.50"},
    {"up_to": "25", "per_unit": "3.00", "flat": "1.00"},
    {"per_unit": "0.75", "flat": "6.00"},
]


@pytest.mark.parametrize(
    ("units", "due"),
    [
        ("0", "2.50"),  # the fee of the first tier
        ("1", "6.50"),
        ("10", "42.50"),
        ("10.5", "45.00"),  # + 1.00 + half of 3.00
        ("11", "46.50"),
        ("25", "88.50"),  # 42.50 + 1.00 + 15 × 3.00
        ("25.01", "94.51"),  # + 6.00 + 0.0075
        ("40", "105.75"),  # + 6.00 + 15 × 0.75
    ],
)
def test_graduated_owes_the_fee_of_each_tier_that_is_entered(units, due):
    assert costs(usd("graduated", unit="event", tiers=STEPS), units) == f"{due} USD"


def test_graduated_without_the_fee_at_zero_owes_nothing_until_there_is_something():
    price = usd("graduated", unit="event", tiers=STEPS, flat_at_zero=False)
    assert [costs(price, n) for n in ("0", "0.001", "1")] == ["0.00 USD", "2.50 USD", "6.50 USD"]


def test_graduated_of_sums_that_are_booked_in_between_comes_to_the_same():
    """30 units are 88.50 + 6.00 + 3.75 = 98.25, in three bills."""
    price = usd("graduated", unit="event", tiers=STEPS)
    first = costs(price, "8")
    assert first == "34.50 USD"
    assert costs(price, "20", booked=money("34.50 USD")) == "39.00 USD"  # 73.50 - 34.50
    assert costs(price, "30", booked=money("73.50 USD")) == "24.75 USD"


@pytest.mark.parametrize(
    ("units", "due"),
    [
        ("0", "1.00"),
        ("1", "3.00"),
        ("100", "201.00"),
        ("100.5", "152.75"),  # all of it at 1.50, and 2.00
        ("101", "153.50"),
        ("200", "302.00"),
        ("201", "204.00"),
    ],
)
def test_volume_owes_the_price_and_the_fee_of_one_tier(units, due):
    tiers = [
        {"up_to": "100", "per_unit": "2.00", "flat": "1.00"},
        {"up_to": "200", "per_unit": "1.50", "flat": "2.00"},
        {"per_unit": "1.00", "flat": "3.00"},
    ]
    assert costs(usd("volume", unit="event", tiers=tiers), units) == f"{due} USD"


@pytest.mark.parametrize(
    ("included", "units", "due"),
    [
        ("0", "0", "0.00"),
        ("0", "1", "35.00"),
        ("0", "12", "35.00"),
        ("0", "12.5", "70.00"),
        ("0", "25", "105.00"),
        ("30", "30", "0.00"),
        ("30", "30.000000001", "35.00"),
        ("30", "42", "35.00"),
        ("30", "100", "210.00"),  # 70 in six started dozens
    ],
)
def test_a_package_of_a_dozen_is_owed_when_it_is_started(included, units, due):
    price = usd("package", unit="event", block_size="12", block_price="35.00", included=included)
    assert costs(price, units) == f"{due} USD"


def test_a_graduated_percentage_may_owe_nothing_at_zero():
    price = usd(
        "graduated_percentage", tiers=[{"percent": "2", "flat": "3.00"}], flat_at_zero=False
    )
    assert [costs(price, n) for n in ("0", "0.01", "100")] == ["0.00 USD", "3.00 USD", "5.00 USD"]


def test_blocks_within_tiers_begin_anew_with_each_tier():
    """To 50 in tens at 3.00, then in hundreds at 8.00."""
    tiers = [
        {"up_to": "50", "per_unit": "3.00", "block_size": "10"},
        {"per_unit": "8.00", "block_size": "100"},
    ]
    price = usd("graduated", unit="event", tiers=tiers)
    found = [costs(price, n) for n in ("41", "50", "50.5", "150", "151")]
    assert found == ["15.00 USD", "15.00 USD", "23.00 USD", "23.00 USD", "31.00 USD"]


# Percentage: 1.3 % and 2.00 for each event.
@pytest.mark.parametrize(
    ("free", "events", "due"),
    [
        ({}, [], "0.00"),
        ({}, ["100"], "3.30"),
        ({}, ["100", "50", "300.5"], "11.86"),  # 450.50 × 1.3 % = 5.8565, and 6.00
        ({"free_events": 2}, ["100", "50", "300.5"], "5.91"),  # 3.9065 + 2.00
        ({"free_events": 3}, ["100", "50", "300.5"], "0.00"),
        ({"free_amount": "250"}, ["100", "200", "50"], "5.30"),  # 0.65 + 2.00, twice
        ({"free_amount": "250"}, ["250"], "0.00"),
        ({"free_amount": "250", "at_free_amount": "charged"}, ["250"], "2.00"),
        ({"free_amount": "250"}, ["250.01"], "2.00"),  # 0.00013 + 2.00
        ({"free_events": 3, "free_amount": "500"}, ["200", "200", "200"], "3.30"),
        ({"free_events": 1, "free_amount": "500"}, ["200", "200"], "4.60"),
    ],
)
def test_a_percentage_with_a_fee_for_each_event_that_is_not_free(free, events, due):
    price = usd("percentage", percent="1.3", fixed="2.00", **free)
    assert costs(price, events) == f"{due} USD"


@pytest.mark.parametrize(
    ("fixed", "due"),
    [("0", "16.00"), ("0.50", "16.50")],  # 1.00 + 5.00 + 10.00; 1.00 + 5.50 + 10.00
)
def test_an_event_costs_a_dollar_at_least_and_ten_at_most_with_its_fee(fixed, due):
    price = usd("percentage", percent="5", fixed=fixed, event_minimum="1.00", event_maximum="10.00")
    assert costs(price, ["5", "100", "1000"]) == f"{due} USD"


@pytest.mark.parametrize(
    ("total", "due"),
    [
        ("0", "10.00"),  # the fee of the first tier
        ("1", "10.01"),  # 10.00 + 0.005
        ("1000", "15.00"),
        ("1000.01", "20.00"),
        ("5000", "36.00"),  # 15.00 + 5.00 + 16.00
        ("20000", "73.50"),  # + 15,000 × 0.25 %
    ],
)
def test_a_graduated_percentage_of_a_sum(total, due):
    tiers = [
        {"up_to": "1000", "percent": "0.5", "flat": "10.00"},
        {"up_to": "5000", "percent": "0.4", "flat": "5.00"},
        {"percent": "0.25"},
    ]
    assert costs(usd("graduated_percentage", tiers=tiers), total) == f"{due} USD"


# Commitments.
@pytest.mark.parametrize(
    ("terms", "share", "units", "due"),
    [
        ({"minimum": "25.00"}, "1", "0", "25.00"),
        ({"minimum": "25.00"}, "1", "100", "25.00"),  # of which usage is 10.00
        ({"minimum": "25.00"}, "1", "250.1", "25.01"),
        ({"minimum": "25.00"}, "10/31", "0", "25.00"),  # whole, by default
        ({"minimum": "25.00", "part_period": "prorated"}, "10/31", "0", "8.06"),
        ({"minimum": "25.00", "part_period": "prorated"}, "10/31", "81", "8.10"),
        ({"maximum": "60.00"}, "1", "600", "60.00"),
        ({"maximum": "60.00"}, "1", "601", "60.00"),
        ({"maximum": "60.00", "part_period": "prorated"}, "1/2", "601", "30.00"),
    ],
)
def test_a_period_costs_a_minimum_and_no_more_than_a_maximum(terms, share, units, due):
    price = usd("per_unit", unit="event", per_unit="0.10", **terms)
    assert costs(price, units, share=Fraction(share)) == f"{due} USD"


# Rounding, once, at the line.
@pytest.mark.parametrize(
    ("rounding", "three", "five", "one"),
    [
        ("half_up", "0.02", "0.03", "0.01"),  # 0.015, 0.025, 0.005
        ("half_even", "0.02", "0.02", "0.00"),
        ("up", "0.02", "0.03", "0.01"),
        ("down", "0.01", "0.02", "0.00"),
    ],
)
def test_half_a_cent_goes_where_the_price_says(rounding, three, five, one):
    price = usd("per_unit", unit="event", per_unit="0.005", rounding=rounding)
    assert [costs(price, n) for n in (3, 5, 1)] == [f"{n} USD" for n in (three, five, one)]


@pytest.mark.parametrize(
    ("currency", "per_unit", "units", "due"),
    [
        ("USD", "0.0000021", "1234567", "2.59 USD"),  # 2.5925907
        ("JPY", "0.5", "7", "4 JPY"),  # no minor unit
        ("KWD", "0.0005", "2469", "1.235 KWD"),  # three decimals: 1.2345
        ("EUR", "0.333333", "3", "1.00 EUR"),
    ],
)
def test_a_price_below_the_minor_unit_stays_exact_until_the_line(currency, per_unit, units, due):
    price = {"model": "per_unit", "unit": "event", "currency": currency, "per_unit": per_unit}
    assert costs(price, units) == due


# 95th percentile: floor(5 %) of the samples present go.
@pytest.mark.parametrize(
    ("samples", "level_above", "due"),
    [
        ([*range(1, 101)], 45, "692.50"),  # 5 of 100 go: 95, of which 45 at 6.50
        ([*range(1, 20)], 0, "400.00"),  # of 19 none goes: 19
        ([*range(100, 119)], 68, "842.00"),  # of 19 none goes: 118
        ([*range(100, 120)], 68, "842.00"),  # of 20 one goes: 118 again
        ([200] * 432 + [60] * 8208, 10, "465.00"),  # a month of five minutes: 432 may be high
        ([200] * 433 + [60] * 8207, 150, "1375.00"),  # one more and it shows
        ([60] * 57 + [None] * 40 + [900] * 3, 10, "465.00"),  # missing is not zero: 3 of 60 go
        ([], 0, "400.00"),  # the committed level is owed
    ],
)
def test_a_burstable_line_of_50_mbit_for_400_and_6_50_for_each_above(samples, level_above, due):
    price = usd("percentile", unit="Mbit/s", committed="50", amount="400.00", per_unit="6.50")
    assert costs(price, samples) == f"{due} USD"
    assert costs(price, 50 + level_above) == f"{due} USD"


@pytest.mark.parametrize(
    ("unit", "per_started", "units", "due"),
    [
        ("minute", "1", "10.0166", "0.55"),  # 11 started minutes
        ("hour", None, "1.5", "0.08"),  # 0.075
        ("TB", "0.5", "1.2", "0.08"),  # 1.5 TB in started halves
        ("GiB", "1", "3.000001", "0.20"),
    ],
)
def test_units_may_be_started_or_exact(unit, per_started, units, due):
    terms = {} if per_started is None else {"per_started": per_started}
    price = usd("per_unit", unit=unit, per_unit="0.05", **terms)
    assert costs(price, units) == f"{due} USD"

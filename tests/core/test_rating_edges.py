"""Places where a rule of pricing could change without any other test noticing it."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from billing.core.catalog import price_from
from billing.core.rating import percentile_level, rate
from billing.core.usage.measured import Call, Sample
from tests.tariffs.bills import costs


def usd(model: str, **terms):
    return {"model": model, "currency": "USD", **terms}


BULK = usd(
    "volume",
    unit="GB",
    tiers=[{"up_to": "100", "per_unit": "0.60"}, {"per_unit": "0.20"}],
)


@pytest.mark.parametrize(
    ("gigabytes", "due"),
    [("99.5", "59.70"), ("100", "60.00"), (Fraction(299, 3), "59.80"), ("100.5", "20.10")],
)
def test_a_fraction_below_a_bound_is_of_the_tier_below(gigabytes, due):
    assert costs(BULK, gigabytes) == f"{due} USD"


def port(**terms):
    return usd(
        "percentile", unit="Mbit/s", committed="10", amount="50.00", per_unit="4.00", **terms
    )


def test_another_percentile_than_the_95th_drops_as_many_as_it_says():
    samples = [*range(1, 101)]
    assert costs(port(percentile="90"), samples) == "370.00 USD"  # 90: 80 above ten
    assert costs(port(percentile="100"), samples) == "410.00 USD"
    at = datetime(2026, 11, 1, tzinfo=UTC)
    measured = [Sample(at + n * timedelta(minutes=5), down=n * 10**6, up=0) for n in range(1, 101)]
    assert costs(port(percentile="90"), measured) == "370.00 USD"


def test_what_lies_above_the_committed_level_counts_in_started_units_of_any_size():
    assert costs(port(per_started="5"), "21") == "110.00 USD"  # 11 above: 15
    assert costs(port(per_started="0.5"), "21.2") == "96.00 USD"  # 11.2 above: 11.5
    assert costs(port(per_started="5"), "10") == "50.00 USD"


def test_without_samples_a_level_is_nothing_of_nothing():
    assert percentile_level([None, None]) == (0, 0, 0)
    assert percentile_level([7]) == (7, 1, 0)


def test_the_larger_direction_is_that_of_the_two_levels():
    at = datetime(2026, 11, 1, tzinfo=UTC)
    samples = [
        Sample(at + n * timedelta(minutes=5), down=30 * 10**6, up=(n % 2) * 60 * 10**6)
        for n in range(40)
    ]
    due = {one: costs(port(direction=one), samples) for one in ("down", "up", "both", "larger")}
    assert due == {
        "down": "130.00 USD",
        "up": "250.00 USD",
        "both": "370.00 USD",
        "larger": "250.00 USD",
    }


def test_of_a_percentage_the_line_counts_the_money():
    line = rate(price_from(usd("percentage", percent="2")), ["10.50", "4.50"])
    assert (line.quantity, line.amount.value) == (15, "0.30")
    line = rate(price_from(usd("graduated_percentage", tiers=[{"percent": "2"}])), "15.00")
    assert (line.quantity, line.amount.value) == (15, "0.30")


@pytest.mark.parametrize(
    ("terms", "events", "steps"),
    [
        ({"fixed": "1.00"}, ["0", "0"], ["0.00: free", "0.00: free"]),
        (
            {"fixed": "1.00", "free_events": 1},
            ["5", "5"],
            ["5.00: free", "5.00 × 10 % + 1.00 = 1.50"],
        ),
        ({"free_amount": "7"}, ["5", "5"], ["5.00: free", "3.00 × 10 % = 0.30"]),
    ],
)
def test_what_is_free_is_told(terms, events, steps):
    told = rate(price_from(usd("percentage", percent="10", **terms)), events).steps
    for one, said in zip(told, steps, strict=False):
        assert one.endswith(said), told


@pytest.mark.parametrize(
    ("terms", "given", "due"),
    [
        ({"fixed": "0.50"}, 4, "12.00"),  # 10.00 and four fees
        ({"fixed": "0.50"}, 0, "10.00"),
        ({"fixed": "0.50"}, 1, "10.50"),
        ({}, None, "10.00"),
        ({"free_amount": "40"}, None, "6.00"),
        ({"free_amount": "100"}, None, "0.00"),
        ({"free_amount": "100.01"}, None, "0.00"),
    ],
)
def test_a_sum_costs_what_its_events_would(terms, given, due):
    assert costs(usd("percentage", percent="10", **terms), "100.00", events=given) == f"{due} USD"


def test_a_call_that_begins_between_two_seconds_is_charged_each_of_its_seconds_once():
    price = price_from(
        {
            "model": "calls",
            "currency": "EUR",
            "zone": "Asia/Kolkata",
            "windows": {"day": {"hours": "08:00-18:00"}},
            "destinations": [
                {
                    "name": "all",
                    "rates": [{"window": "day", "per_minute": "0.60"}, {"per_minute": "0.06"}],
                }
            ],
        }
    )
    five_to = datetime(2026, 11, 23, 12, 29, 55, 250_000, tzinfo=UTC)  # 17:59:55.25 in Kolkata
    line = rate(price, Call("c1", five_to, 10, "91801234567"))

    # Five seconds begin in the day, at a cent each, and five after it, at a tenth of that.
    assert line.quantity == Fraction(10, 60)
    assert line.exact == Fraction(55, 10)

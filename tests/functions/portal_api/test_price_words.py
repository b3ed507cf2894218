"""What the page of plans says of prices: each model, allowance and promise in sentences."""

import pytest

from billing.core.catalog import price_from, price_version_from
from functions.portal_api.pages.offer_words import promised
from functions.portal_api.pages.price_words import in_words

TIERS = [{"up_to": "100", "per_unit": "0.10"}, {"per_unit": "0.05"}]


def said(**fields) -> list[str]:
    return in_words(price_from({"currency": "EUR", **fields}))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": "flat", "amount": "240", "every": "1 year", "in_advance": False},
         ["€240.00 a year, in arrears"]),
        ({"model": "flat", "amount": "9", "every": "3 months", "prorate": "none",
          "while_paused": "2"},
         ["€9.00 each 3 months, in advance", "never charged in parts", "€2.00 while paused"]),
        ({"model": "flat", "amount": "39.99", "tax_included": True},
         ["€39.99 a month, in advance, tax included"]),
        ({"model": "one_time", "amount": "50"}, ["€50.00 once, when the plan begins"]),
        ({"model": "pass", "amount": "20", "validity": "30 days"},
         ["€20.00 for 30 days from the payment on; another one bought meanwhile prolongs it"]),
        ({"model": "per_unit", "unit": "GB", "per_unit": "0.0005", "included": "10"},
         ["10 GB included, then €0.0005 a GB"]),
        ({"model": "volume", "unit": "GB", "direction": "down", "tiers": TIERS},
         ["download: all at the price of the tier that is reached:"
          " up to 100 GB €0.10 a GB; above that €0.05 a GB"]),
        ({"model": "per_unit", "unit": "event", "per_unit": "1", "minimum": "5", "maximum": "50",
          "part_period": "prorated"},
         ["€1.00 an event", "at least €5.00 a period, its part in a part of a period",
          "at most €50.00 a period, its part in a part of a period"]),
        ({"model": "percentage", "percent": "2.9", "fixed": "0.30", "free_events": 5,
          "event_maximum": "10"},
         ["2.9 % of each amount and €0.30 for each", "at most €10.00 for each",
          "the first 5 of a period are free"]),
        ({"model": "graduated_percentage",
          "tiers": [{"up_to": "1000", "percent": "2"}, {"percent": "1"}]},
         ["up to €1,000.00 2 %; above that 1 %"]),
    ],
    ids=lambda given: given["model"] if isinstance(given, dict) else "",
)  # fmt: skip
def test_each_price_says_what_it_asks_for(fields, words):
    assert said(**fields) == words


def test_buckets_stand_in_the_order_in_which_they_are_burnt():
    night = {"code": "night", "name": "Night", "size": "200", "window": "night"}
    day = {"code": "day", "name": "Day", "size": "150", "rollover": {"cap": "75", "periods": 2}}
    version = price_version_from(
        {
            "offering_id": "owl", "name": "Owl", "valid_from": "2026-01-01", "currency": "EUR",
            "windows": {"night": {"days": "every day", "hours": "01:00-07:00"}},
            "prices": [{"model": "allowance", "unit": "GB", "after": "charge",
                        "buckets": [night, day],
                        "overage": {"model": "per_unit", "per_unit": "0.10"}}],
        }
    )  # fmt: skip

    assert in_words(version.prices[0]) == [
        "burnt in this order",
        "first Night: 200 GB, every day, 01:00 to 07:00",
        "then Day: 150 GB; what is left goes on for the next 2 periods, at most 75 GB,"
        " and is burnt first",
        "after the last: €0.10 a GB",
    ]


def test_a_line_that_slows_down_says_to_what():
    words = said(
        model="allowance", unit="GB", after="slow",
        buckets=[{"code": "month", "name": "Full speed", "size": "300"}],
        speeds=[{"above": "300", "policy": "10M"}, {"above": "600", "policy": "2M"}],
    )  # fmt: skip

    assert words == [
        "Full speed: 300 GB",
        "after the last: nothing is charged, the line slows down to 10M above 300 GB"
        " and to 2M above 600 GB",
    ]


def test_calls_name_each_destination_and_its_hours():
    words = said(
        model="calls", unit="minute", zone="Europe/Dublin",
        windows={"day": {"days": "weekdays", "hours": "08:00-18:00"}},
        destinations=[
            {"name": "Ireland", "prefixes": ["353"],
             "rates": [{"per_minute": "0.04", "window": "day", "minimum": 60},
                       {"per_minute": "0"}]},
            {"name": "Abroad", "rates": [{"per_minute": "0.25", "increment": 6,
                                          "connection": "0.10"}]},
        ],
    )  # fmt: skip

    assert words[:3] == [
        "by the destination of the call",
        "Ireland (+353): Mondays to Fridays, 08:00 to 18:00 €0.04 a minute, counted 60/1 seconds;"
        " otherwise free",
        "Abroad: €0.25 a minute, €0.10 for the connection, counted 6/6 seconds",
    ]


def test_what_a_plan_promises_besides_its_prices_is_said_too():
    version = price_version_from(
        {
            "offering_id": "home", "name": "Home", "valid_from": "2026-01-01", "currency": "EUR",
            "prices": [{"model": "flat", "code": "access", "name": "Fibre", "amount": "42"}],
            "children": [{"offering_id": "phone"}],
            "trial": {"days": 14},
            "discounts": [{"code": "welcome", "name": "Welcome", "kind": "percent", "value": "50",
                           "on": ["access"], "periods": 3, "coupon": "HELLO"}],
            "contract": {"months": 24, "cooling_off_days": 14, "termination": {
                "kind": "per completed month", "amount": "240", "monthly": "10"}},
        }
    )  # fmt: skip

    assert promised(version, lambda _: "Telephone") == [
        "With Telephone",
        "The first 14 days are free; usage is charged",
        "Welcome: 50 % off Fibre, for 3 months, with the coupon HELLO",
        "Bound for 24 months; within 14 days an end is free",
        "Early termination fee: €240.00, €10.00 less for each completed month",
    ]

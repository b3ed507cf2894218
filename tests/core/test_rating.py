from decimal import Decimal
from fractions import Fraction

import pytest

from billing.core.catalog import price_from
from billing.core.money import Money
from billing.core.rating import BadQuantity, quantity_of, rate
from tests.core.makers import eur, gb, usd


def gigabytes(currency, **terms):
    return price_from({"unit": "GB", "currency": currency, **terms})


TARIFF = gigabytes(
    "EUR",
    model="graduated",
    tiers=[
        {"up_to": "100", "per_unit": "0"},
        {"up_to": "200", "per_unit": "0.50"},
        {"per_unit": "0.20"},
    ],
)
FEES = gigabytes(
    "EUR",
    model="graduated",
    tiers=[
        {"up_to": "10", "per_unit": "1.00", "flat": "5.00"},
        {"per_unit": "0.50", "flat": "2.00"},
    ],
)
XFINITY = gigabytes(
    "USD",
    model="package",
    included="1200",
    block_size="50",
    block_price="10.00",
    ceiling="100.00",
)


@pytest.mark.parametrize(
    ("used", "due"),
    [
        ("0", "0.00"),
        ("100", "0.00"),  # the allowance to its last gigabyte
        ("101", "0.50"),
        ("200", "50.00"),
        ("201", "50.20"),  # only the last gigabyte is cheap
    ],
)
def test_each_gigabyte_pays_the_price_of_its_own_tier(used, due):
    assert rate(TARIFF, gb(used)).amount == eur(due)


@pytest.mark.parametrize(
    ("used", "due"),
    [
        ("0", "5.00"),  # the first tier's fee is owed without usage
        ("10", "15.00"),
        ("10.000000001", "17.00"),  # one octet enters the next tier
        ("12", "18.00"),
    ],
)
def test_the_flat_fee_of_every_tier_entered_is_owed(used, due):
    assert rate(FEES, gb(used)).amount == eur(due)


@pytest.mark.parametrize(
    ("used", "due"),
    [
        ("0", "0.00"),
        ("1200.000000000", "0.00"),
        ("1200.000000001", "10.00"),  # one octet over
        ("1250.000000000", "10.00"),
        ("1250.000000001", "20.00"),
        ("1437", "50.00"),
        ("1650", "90.00"),
        ("1700", "100.00"),
        ("2500", "100.00"),  # 26 blocks, never more than 100
    ],
)
def test_every_started_block_costs_until_the_ceiling(used, due):
    assert rate(XFINITY, gb(used)).amount == usd(due)


@pytest.mark.parametrize(("unit", "due"), [("GB", "20.00"), ("GiB", "10.00")])
def test_the_unit_of_the_plan_decides_how_much_1_100_000_000_000_octets_are(unit, due):
    terabyte = gigabytes(
        "USD", model="package", unit=unit, included="1024", block_size="50", block_price="10.00"
    )
    assert rate(terabyte, quantity_of(terabyte, 0, 1_100_000_000_000)).amount == usd(due)


def test_a_gigabyte_over_is_charged_by_its_parts_or_by_started_ones_as_the_plan_says():
    over = {"per_unit": "20"}
    by_parts = gigabytes(
        "KES", model="graduated", tiers=[{"up_to": "50", "per_unit": "0", "flat": "1300"}, over]
    )
    started = gigabytes("KES", model="package", included="50", block_size="1", block_price="20")
    base = Money.parse("1300", "KES")
    assert rate(by_parts, gb("63.4")).amount == Money.parse("1568.00", "KES")
    assert base + rate(started, gb("63.4")).amount == Money.parse("1580.00", "KES")


@pytest.mark.parametrize(
    ("direction", "counted"), [("down", "7"), ("up", "3"), ("both", "10"), ("larger", "7")]
)
def test_the_direction_of_the_plan_decides_what_counts(direction, counted):
    price = gigabytes("USD", model="package", direction=direction, block_size="1", block_price="1")
    assert quantity_of(price, 3 * 10**9, 7 * 10**9) == gb(counted)


def test_a_price_below_the_cent_is_exact_until_the_line():
    price = gigabytes("EUR", model="graduated", tiers=[{"per_unit": "0.0005"}])
    assert rate(price, 9).amount == eur("0.00")  # 0.0045
    assert rate(price, 10).amount == eur("0.01")  # 0.005, away from zero
    assert rate(price, 1_000_001).amount == eur("500.00")


def test_a_flat_price_is_rated_by_periods():
    price = price_from({"model": "flat", "currency": "EUR", "amount": "59.99"})
    assert rate(price, 1).amount == eur("59.99")
    assert rate(price, Fraction(19, 28)).amount == eur("40.71")


def test_the_steps_say_how_the_amount_came_about():
    assert rate(TARIFF, gb("237.5")).steps == (
        "the first 100 GB: 100 GB × 0.00 = 0.00 EUR",
        "from 100 to 200 GB: 100 GB × 0.50 = 50.00 EUR",
        "above 200 GB: 37.5 GB × 0.20 = 7.50 EUR",
        "total 57.50 EUR",
    )
    assert rate(XFINITY, gb("2500")).steps == (
        "2,500 GB used, 1,200 GB included: 1,300 GB over",
        "1,300 ÷ 50 GB: 26 started blocks × 10.00 = 260.00 USD",
        "never more than 100.00 USD",
        "total 100.00 USD",
    )
    assert rate(FEES, "10.001").steps[1:] == (
        "above 10 GB: 2.00 + 0.001 GB × 0.50 = 2.0005 EUR",
        "total 17.0005, rounded to 17.00 EUR",
    )


@pytest.mark.parametrize("quantity", [1.5, "-1", -1, "many", Decimal("NaN"), Decimal("Infinity")])
def test_only_an_exact_quantity_of_zero_or_more_is_rated(quantity):
    with pytest.raises(BadQuantity):
        rate(TARIFF, quantity)


@pytest.mark.parametrize("share", [Fraction(-1, 30), Fraction(31, 30)])
def test_a_share_of_a_period_lies_between_nothing_and_the_whole(share):
    flat = price_from({"model": "flat", "currency": "EUR", "amount": "30.00"})
    assert rate(flat, 1, share=Fraction(0)).amount == eur("0.00")
    with pytest.raises(BadQuantity, match="between 0 and 1"):
        rate(flat, 1, share=share)

"""Each model of price by the amounts it comes to; rounding, commitments, what is booked already."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from billing.core.catalog import price_from
from billing.core.money import CurrencyMismatch
from billing.core.rating import BadQuantity, percentile_level, rate
from billing.core.usage.measured import Sample
from tests.core.makers import eur, usd


def price(**terms):
    return price_from({"currency": "USD", **terms})


def messages(**terms):
    return price(model="per_unit", unit="event", **terms)


def due(one, quantity, **given):
    return rate(one, quantity, **given).amount.value


# Per unit, volume, blocks


def test_units_above_the_included_ones_cost_the_same_each():
    one = messages(per_unit="0.07", included="100")
    assert [due(one, n) for n in (0, 100, 101, 250)] == ["0.00", "0.00", "0.07", "10.50"]


def test_a_started_unit_rounds_up_the_whole_quantity_before_what_is_included_is_taken_off():
    one = price(model="per_unit", unit="GB", per_unit="3.00", included="2.5", per_started="1")
    assert [due(one, n) for n in ("2.5", "3", "3.1")] == ["1.50", "1.50", "4.50"]


def test_in_volume_all_units_cost_what_the_tier_of_the_whole_says():
    tiers = [
        {"up_to": "100", "per_unit": "2.00", "flat": "10.00"},
        {"up_to": "200", "per_unit": "1.00"},
        {"per_unit": "0.50", "flat": "1.00"},
    ]
    one = price(model="volume", unit="event", tiers=tiers)
    assert [due(one, n) for n in (0, 1, 100, 101, 200, 201)] == [
        "10.00",
        "12.00",
        "210.00",
        "101.00",
        "200.00",
        "101.50",
    ]


@pytest.mark.parametrize("model", ["graduated", "volume"])
def test_a_field_says_whether_the_first_fee_is_owed_without_usage(model):
    tiers = [{"per_unit": "2.00", "flat": "10.00"}]
    owed = price(model=model, unit="event", tiers=tiers)
    free = price(model=model, unit="event", tiers=tiers, flat_at_zero=False)
    assert (due(owed, 0), due(free, 0)) == ("10.00", "0.00")
    assert due(owed, 1) == due(free, 1) == "12.00"


BLOCKS = [
    {"up_to": "500", "per_unit": "1.00", "block_size": "100"},  # 5 blocks of 100
    {"up_to": "2500", "per_unit": "5.00", "block_size": "1000"},  # 2 blocks of 1000
    {"per_unit": "9.00", "block_size": "5000"},
]


@pytest.mark.parametrize(
    ("used", "all_tiers", "top_tier"),
    [
        (0, "0.00", "0.00"),
        (1, "1.00", "1.00"),
        (101, "2.00", "2.00"),
        (500, "5.00", "5.00"),
        (501, "10.00", "5.00"),  # a block of the second tier is begun; or one of it counts all
        (1501, "15.00", "10.00"),
        (2500, "15.00", "15.00"),
        (2501, "24.00", "9.00"),
        (7501, "33.00", "18.00"),
    ],
)
def test_started_blocks_count_within_each_tier_or_all_by_those_of_the_top_one(
    used, all_tiers, top_tier
):
    assert due(price(model="graduated", unit="event", tiers=BLOCKS), used) == all_tiers
    assert due(price(model="volume", unit="event", tiers=BLOCKS), used) == top_tier


def test_started_units_of_the_whole_quantity_may_enter_a_tier_that_blocks_would_not():
    tiers = [{"up_to": "10", "per_unit": "1.00"}, {"per_unit": "4.00"}]
    whole = price(model="graduated", unit="GB", per_started="4", tiers=tiers)
    blocks = [{**tier, "block_size": "4"} for tier in tiers]
    assert due(whole, 9) == "18.00"  # 12 started: 10 × 1.00 + 2 × 4.00
    assert due(price(model="graduated", unit="GB", tiers=blocks), 9) == "3.00"  # 3 blocks


# Percentages

FREE = {"model": "percentage", "percent": "1.5", "fixed": "1.00"}


@pytest.mark.parametrize(
    ("free", "charged"),
    [
        ({}, "18.25"),  # 950 × 1.5 % + 4 × 1.00
        ({"free_events": 2}, "14.75"),  # 850 × 1.5 % + 2 × 1.00
        ({"free_amount": "250"}, "12.50"),  # 700 × 1.5 % + 2 × 1.00: the third crosses 250
        ({"free_events": 2, "free_amount": "250"}, "14.75"),  # the count comes first
        ({"free_events": 3, "free_amount": "250"}, "12.50"),  # the amount comes first
        ({"free_events": 3, "free_amount": "90"}, "15.90"),  # 860 × 1.5 % + 3 × 1.00
        ({"free_events": 4}, "0.00"),
        ({"free_events": 9, "free_amount": "9000"}, "0.00"),
    ],
)
def test_what_is_free_ends_at_the_count_or_at_the_amount_whichever_is_first(free, charged):
    assert due(price(**FREE, **free), ["40", "60", "350", "500"]) == charged


def test_the_event_that_ends_on_the_free_amount_is_free_or_pays_its_fixed_fee():
    assert due(price(**FREE, free_amount="100"), ["40", "60"]) == "0.00"
    assert due(price(**FREE, free_amount="100", at_free_amount="charged"), ["40", "60"]) == "1.00"


def test_each_event_that_is_not_free_has_a_minimum_and_a_maximum():
    bounds = {"percent": "3", "event_minimum": "2.00", "event_maximum": "15.00"}
    one = price(model="percentage", **bounds)
    assert due(one, ["20", "90", "9000"]) == "19.70"  # 2.00 + 2.70 + 15.00
    with_fee = price(model="percentage", fixed="1.50", **bounds)
    assert due(with_fee, ["20", "90", "9000"]) == "21.30"  # 2.10 + 4.20 + 15.00
    after_two = price(model="percentage", free_events=2, **bounds)
    assert due(after_two, ["20", "90", "9000"]) == "15.00"
    part = price(model="percentage", free_events=3, free_amount="9000", **bounds)
    assert due(part, ["20", "90", "9000"]) == "3.30"  # 110 × 3 % of what crosses


def test_without_money_moved_a_percentage_owes_nothing():
    assert [due(price(**FREE), nothing) for nothing in (0, [], ["0", "0"])] == ["0.00"] * 3
    assert due(price(**FREE), 0, events=4) == "0.00"


def test_a_sum_will_do_where_no_event_counts_by_itself():
    assert due(price(**FREE), "950", events=4) == "18.25"
    assert due(price(model="percentage", percent="1.5", free_amount="250"), "950") == "10.50"
    only_fees = price(model="percentage", percent="0", fixed="2.00", free_events=1)
    assert due(only_fees, 8, events=4) == "6.00"
    assert due(price(**FREE, free_events=4), "950", events=4) == "0.00"


@pytest.mark.parametrize(
    ("terms", "events"),
    [
        ({}, None),  # how many fixed fees?
        ({"event_minimum": "1.00"}, 4),
        ({"event_maximum": "1.00"}, 4),
        ({"free_events": 2}, 4),
        ({"free_amount": "100"}, 4),
        ({"free_events": 2, "free_amount": "100"}, 4),
    ],
)
def test_a_sum_is_refused_where_the_single_events_decide(terms, events):
    with pytest.raises(BadQuantity, match="give"):
        rate(price(**FREE, **terms), "950", events=events)


def test_a_number_of_events_that_contradicts_the_events_is_refused():
    with pytest.raises(BadQuantity, match="2 events"):
        rate(price(**FREE), ["40", "60"], events=3)
    with pytest.raises(BadQuantity, match="for percentages"):
        rate(messages(per_unit="1"), 3, events=3)


def test_parts_of_a_sum_pay_the_share_of_their_tier_and_its_fee_when_it_is_entered():
    tiers = [
        {"up_to": "100", "percent": "2", "flat": "5.00"},
        {"up_to": "300", "percent": "1", "flat": "3.00"},
        {"percent": "0.5", "flat": "1.00"},
    ]
    one = price(model="graduated_percentage", tiers=tiers)
    sums = ("0", "1", "100", "100.01", "300", "500")
    assert [due(one, total) for total in sums] == [
        "5.00",
        "5.02",
        "7.00",
        "10.00",
        "12.00",
        "14.00",
    ]
    assert due(one, ["250", "250"]) == "14.00"
    assert due(price(model="graduated_percentage", tiers=tiers, flat_at_zero=False), 0) == "0.00"


# Percentiles


@pytest.mark.parametrize(
    ("count", "level", "dropped"),
    [(1, 1, 0), (19, 19, 0), (20, 19, 1), (39, 38, 1), (40, 38, 2), (8928, 8482, 446)],
)
def test_a_percentile_drops_the_whole_part_of_five_in_a_hundred(count, level, dropped):
    assert percentile_level(range(1, count + 1)) == (level, count, dropped)


def test_a_missing_sample_is_no_zero():
    assert percentile_level([None, "10", None, "30", "20"], 95).level == 30
    assert percentile_level(["0", "10", "0", "30", "20"], 50).level == 10
    assert percentile_level([None, "10", None, "30", "20"], 50).level == 20


PORT = {"model": "percentile", "unit": "Mbit/s", "committed": "50", "amount": "400.00"}


def test_the_committed_level_is_paid_and_what_lies_above_it():
    port = price(**PORT, per_unit="7.00")
    assert [due(port, level) for level in ("0", "50", "50.25")] == ["400.00", "400.00", "401.75"]
    assert due(price(**PORT, per_unit="7.00", per_started="1"), "50.25") == "407.00"


def test_a_port_without_samples_is_at_zero_and_its_line_says_so():
    line = rate(price(**PORT, per_unit="7.00"), [None, None])
    assert (line.amount, line.quantity) == (usd("400.00"), 0)
    assert line.steps[0] == "there are no samples: the level is 0 Mbit/s"


def test_a_commitment_of_a_part_of_a_period_is_whole_or_prorated():
    half = Fraction(1, 2)
    assert due(price(**PORT, per_unit="7.00"), "60", share=half) == "470.00"
    assert due(price(**PORT, per_unit="7.00", part_period="prorated"), "60", share=half) == "270.00"


@pytest.mark.parametrize(
    ("direction", "level"), [("down", 30), ("up", 40), ("both", 70), ("larger", 40)]
)
def test_measured_samples_count_in_the_direction_of_the_price(direction, level):
    at = datetime(2026, 10, 1, tzinfo=UTC)
    samples = [
        Sample(at + n * timedelta(minutes=5), down=3 * n * 10**6, up=40 * 10**6)
        for n in range(1, 11)
    ]
    port = price(**PORT, per_unit="1", direction=direction)
    assert rate(port, samples).quantity == level


# Rounding and commitments


@pytest.mark.parametrize(
    ("rounding", "half", "less"),
    [
        ("half_up", "0.03", "0.02"),
        ("half_even", "0.02", "0.02"),
        ("up", "0.03", "0.03"),
        ("down", "0.02", "0.02"),
    ],
)
def test_the_price_says_how_its_line_is_rounded(rounding, half, less):
    one = messages(per_unit="0.001", rounding=rounding)
    assert (due(one, 25), due(one, 24)) == (half, less)


def test_every_increment_is_rounded_by_itself_where_the_price_says_so():
    tiers = [{"up_to": "1", "per_unit": "0.004"}, {"per_unit": "0.004"}]
    blocks = [{"per_unit": "0.006", "block_size": "1"}]
    by_increment = {"rounding_per": "increment"}
    share = {"model": "percentage", "percent": "1.5"}
    for terms, quantity, line, increments in [
        ({"model": "graduated", "unit": "event", "tiers": tiers}, 2, "0.01", "0.00"),
        ({"model": "graduated", "unit": "event", "tiers": blocks}, 3, "0.02", "0.03"),
        ({"model": "volume", "unit": "event", "tiers": blocks}, 3, "0.02", "0.03"),
        (
            {"model": "package", "unit": "GB", "block_size": "1", "block_price": "0.006"},
            "2.5",
            "0.02",
            "0.03",
        ),
        (
            {"model": "per_unit", "unit": "GB", "per_unit": "0.006", "per_started": "1"},
            "2.5",
            "0.02",
            "0.03",
        ),
        (share, ["0.35", "0.35", "0.35"], "0.02", "0.03"),  # 0.00525 each
    ]:
        assert due(price(**terms), quantity) == line
        assert due(price(**terms, **by_increment), quantity) == increments


def test_a_minimum_is_owed_without_usage_and_a_maximum_bounds_the_line():
    one = messages(per_unit="0.50", minimum="10.00", maximum="30.00")
    assert [due(one, n) for n in (0, 20, 21, 60, 61)] == [
        "10.00",
        "10.00",
        "10.50",
        "30.00",
        "30.00",
    ]


def test_commitments_follow_the_part_of_the_period_where_they_are_prorated():
    terms = {"per_unit": "0.50", "minimum": "10.00", "maximum": "30.00"}
    third = Fraction(1, 3)
    assert due(messages(**terms), 0, share=third) == "10.00"
    prorated = messages(**terms, part_period="prorated")
    assert [due(prorated, n, share=third) for n in (0, 15, 90)] == ["3.33", "7.50", "10.00"]
    assert rate(prorated, 0, share=third).steps[1:] == (
        "at least 10.00 × 1/3 USD for the period",
        "total 3.333333333…, rounded to 3.33 USD",
    )


# What is booked already


def test_a_later_quantity_owes_the_new_total_less_what_is_booked():
    tiers = [{"up_to": "10", "per_unit": "1.00", "flat": "5.00"}, {"per_unit": "0.50", "flat": "2"}]
    one = price(model="graduated", unit="event", tiers=tiers)
    first = rate(one, 4)
    then = rate(one, 12, booked=first.total)
    assert (first.amount, then.total, then.amount) == (usd("9.00"), usd("18.00"), usd("9.00"))
    assert then.steps[-1] == "18.00 USD less 9.00 USD booked: 9.00 USD"


def test_less_usage_after_a_correction_gives_money_back():
    one = messages(per_unit="1.00")
    assert rate(one, 3, booked=usd("5.00")).amount == usd("-2.00")


def test_what_is_booked_in_another_currency_is_no_part_of_it():
    with pytest.raises(CurrencyMismatch):
        rate(messages(per_unit="1.00"), 3, booked=eur("1.00"))


# Fixed prices


def test_a_fixed_price_is_charged_for_each_piece_and_only_a_period_has_a_part():
    half = Fraction(1, 2)
    assert due(price(model="one_time", amount="68.19"), 2, share=half) == "136.38"
    assert due(price(model="pass", amount="5.00", validity="7 days"), 3, share=half) == "15.00"
    line = rate(price(model="flat", amount="9.99"), 1, share=half)
    assert (line.amount, line.unit, line.exact) == (usd("5.00"), "period", Fraction(999, 2))

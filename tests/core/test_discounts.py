"""Discounts: lines of their own, in a declared order, never below zero, with an announced end."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.catalog import Trial
from billing.core.catalog.offers import RepeatedCoupon, UnknownCoupon
from billing.core.charging import recurring_charges
from billing.core.charging.discounts import (
    discount_charges,
    discount_end,
    granted,
    share_of,
    spoken_promotion,
)
from billing.core.explaining import explain, recomputed
from billing.core.money import Money
from billing.core.period import Cycle, Every
from billing.core.subscription import Granted
from tests.core.discounted import (
    ACCESS,
    DATA,
    DECEMBER,
    MONTHS,
    NOVEMBER,
    TV,
    amount,
    held,
    off,
    percent,
    plan,
    some_discounts,
    units,
    usage,
)


def test_half_off_is_a_line_of_its_own():
    subscription = held(percent(50))
    (line,) = recurring_charges(subscription, NOVEMBER)
    (discount,) = discount_charges([line], subscription, NOVEMBER)

    assert (discount.kind, discount.amount.value, discount.code) == ("discount", "-20.00", "access")
    assert discount.description == "Promotion on Fibre: Access"
    assert discount.facts["line"] == line.key
    assert discount.key == f"{line.key}/discount/promo/2026-11-01"


def test_lower_orders_come_first_and_a_percentage_is_of_what_is_left():
    assert off(held(percent(10, order=2), amount("10.00", order=1))) == ["-10.00", "-3.00"]
    assert off(held(percent(10, order=1), amount("10.00", order=2))) == ["-4.00", "-10.00"]
    assert off(held(percent(10), percent(10, "other"))) == ["-4.00", "-3.60"]


def test_nothing_is_discounted_below_zero():
    assert off(held(amount("35.00", order=1), amount("35.00", "more", order=2))) == [
        "-35.00",
        "-5.00",
    ]
    assert off(held(percent(100), amount("5.00", order=1))) == ["-40.00"]


def test_an_amount_is_that_of_the_period_not_of_each_line():
    both = plan(ACCESS, TV)

    assert off(held(amount("10.00"), version=both)) == ["-10.00"]
    assert off(held(amount("45.00"), version=both)) == ["-40.00", "-5.00"]
    assert off(held(percent(10), version=both)) == ["-4.00", "-1.50"]
    assert off(held(amount("10.00", on=("tv",)), version=both)) == ["-10.00"]


def test_a_setup_has_percentages_off_and_amounts_only_where_they_name_it():
    version = plan(ACCESS, {"model": "one_time", "code": "setup", "amount": "60.00"})
    setup = replace(
        usage("0", plan(ACCESS, DATA)),
        code="setup",
        kind="one-off",
        span=(date(2026, 11, 1), date(2026, 11, 2)),
        amount=Money.parse("60.00", "EUR"),
    )

    assert off(held(percent(10), version=version), lines=[setup]) == ["-6.00"]
    assert off(held(amount("10.00"), version=version), lines=[setup]) == []
    assert off(held(amount("10.00", on=("setup",)), version=version), lines=[setup]) == ["-10.00"]


def test_a_part_of_a_period_has_its_part_of_the_discount():
    """From 21 November: 10 of 30 days."""
    late = date(2026, 11, 21)

    assert off(held(amount("10.00"), began=late, since=late)) == ["-3.33"]  # of 13.33
    assert off(held(percent(50), began=late, since=late)) == ["-6.67"]


def test_a_discount_of_three_periods_says_when_it_ends():
    subscription = held(percent(50, periods=3), since=date(2026, 9, 1), began=date(2026, 9, 1))
    lines = recurring_charges(subscription, NOVEMBER)
    (last,) = discount_charges(lines, subscription, NOVEMBER)

    assert last.description == (
        "Promotion on Fibre: Access; ends with this bill; from 1 December 2026 the full price"
    )
    assert off(subscription, DECEMBER) == []


def test_one_granted_in_mid_period_ends_in_mid_period():
    """Three months from 11 August to before 11 November: 10 of November's 30 days."""
    subscription = held(percent(50, periods=3), since=date(2026, 8, 11), began=date(2026, 8, 1))
    lines = recurring_charges(subscription, NOVEMBER)
    (last,) = discount_charges(lines, subscription, NOVEMBER)

    assert last.amount.value == "-6.67"
    assert last.span == (date(2026, 11, 1), date(2026, 11, 11))
    assert last.description.endswith(
        "; until 10 November 2026; from 11 November 2026 the full price"
    )


@pytest.mark.parametrize(
    ("every", "since", "ends"),
    [
        (Every("month"), date(2026, 1, 31), date(2026, 3, 31)),
        (Every("week"), date(2026, 1, 31), date(2026, 2, 14)),
        (Every("day", 30), date(2026, 1, 31), date(2026, 4, 1)),
        (Every("year"), date(2024, 2, 29), date(2026, 2, 28)),
    ],
)
def test_periods_are_as_long_as_those_of_the_bill(every, since, ends):
    assert discount_end(Granted(percent(10, periods=2), since), Cycle(every, since)) == ends


def test_an_earlier_end_counts():
    grant = Granted(percent(10, periods=2), date(2026, 1, 1), date(2026, 1, 20))

    assert discount_end(grant, MONTHS) == date(2026, 1, 20)
    assert discount_end(Granted(percent(10), date(2026, 1, 1)), MONTHS) is None


def test_free_units_are_the_difference_of_two_ratings():
    """120 GB cost 50.00 and 4.00. Without 30 of them, 90 GB cost 45.00."""
    version = plan(ACCESS, DATA)
    line = usage("120", version)

    assert line.amount.value == "54.00"
    assert off(held(units(30), version=version), lines=[line]) == ["-9.00"]
    assert off(held(units(500), version=version), lines=[line]) == ["-54.00"]
    assert off(held(units(30), version=version, since=date(2026, 11, 21)), lines=[line]) == [
        "-2.00"  # 10 of 30 days: 10 GB, those above 100
    ]


def test_free_units_leave_fixed_prices_alone():
    version = plan(ACCESS, DATA)

    assert off(held(units(30), version=version)) == []


def test_an_amount_that_came_off_in_advance_does_not_come_off_usage_again():
    version = plan(ACCESS, DATA)
    subscription = held(amount("50.00"), version=version)
    lines = recurring_charges(subscription, NOVEMBER)
    billed = [*lines, *discount_charges(lines, subscription, NOVEMBER)]

    assert [one.amount.value for one in billed] == ["40.00", "-40.00"]
    assert off(subscription, lines=[usage("120", version)], billed=billed) == ["-10.00"]


def test_a_tax_included_line_is_discounted_in_its_own_terms():
    version = plan({**ACCESS, "tax_included": True})
    subscription = held(percent(50), version=version)
    (line,) = recurring_charges(subscription, NOVEMBER)
    netted = replace(line, amount=Money.parse("33.61", "EUR"))  # as it stands on an earlier bill
    (discount,) = discount_charges([netted], subscription, NOVEMBER)

    assert (discount.gross, discount.amount) == (Money(-2000, "EUR"), Money(-2000, "EUR"))


def test_the_price_s_rounding_holds_for_its_discounts():
    version = plan({**ACCESS, "amount": "0.25", "rounding": "down"})

    assert off(held(percent(50), version=version)) == ["-0.12"]


def test_usage_of_a_free_trial_is_free_by_its_days():
    version = replace(plan(ACCESS, DATA), trial=Trial(10, "free"))
    (free,) = discount_charges([usage("90", version)], held(version=version), NOVEMBER)

    assert (free.amount.value, free.span[1]) == ("-15.00", date(2026, 11, 11))
    charged = replace(version, trial=Trial(10))
    assert discount_charges([usage("90", charged)], held(version=charged), NOVEMBER) == []


OFFER = plan(
    discounts=[
        {"code": "welcome", "kind": "percent", "value": "50", "periods": 3},
        {"code": "friend", "kind": "amount", "value": "5", "coupon": "FRIEND5"},
    ]
)


def test_a_coupon_brings_its_discount_and_the_others_come_without():
    day = date(2026, 11, 1)

    assert [one.discount.code for one in granted(OFFER, day)] == ["welcome"]
    assert [one.discount.code for one in granted(OFFER, day, ["FRIEND5"])] == ["welcome", "friend"]
    assert {one.since for one in granted(OFFER, day, ["FRIEND5"])} == {day}


@pytest.mark.parametrize(
    ("coupons", "error", "text"),
    [
        (["FREIND5"], UnknownCoupon, "'FREIND5' gives nothing with fibre"),
        (["FRIEND5", "FRIEND5"], RepeatedCoupon, "'FRIEND5' is presented twice"),
        ([""], UnknownCoupon, "'' gives nothing"),
    ],
)
def test_a_coupon_that_gives_nothing_is_refused_by_name(coupons, error, text):
    with pytest.raises(error, match=text):
        granted(OFFER, date(2026, 11, 1), coupons)


def test_a_page_says_what_it_costs_after_the_promotion():
    (price,) = OFFER.recurring
    (grant,) = granted(OFFER, date(2026, 11, 1))

    assert (
        spoken_promotion(grant, price, MONTHS) == "50 % off until 31 January 2027, then 40.00 EUR"
    )


def test_a_discount_explains_itself():
    subscription = held(percent(50, periods=3), since=date(2026, 8, 11), began=date(2026, 8, 1))
    (last,) = discount_charges(recurring_charges(subscription, NOVEMBER), subscription, NOVEMBER)

    assert explain(last, lambda *_: plan()).steps == (
        "13.333333333… EUR is left of the line for 1 November 2026 to 10 November 2026",
        "50 % of 13.333333333… = 6.666666666… EUR, rounded to 6.67 EUR, off",
        "its last day is 10 November 2026",
    )


def test_parts_of_periods_are_parts_of_each():
    assert share_of((date(2026, 2, 10), date(2026, 3, 1)), MONTHS) == Fraction(19, 28)
    assert share_of((date(2026, 1, 1), date(2027, 1, 1)), MONTHS) == 12
    assert share_of((date(2026, 1, 31), date(2026, 2, 2)), MONTHS) == Fraction(1, 31) + Fraction(
        1, 28
    )


@given(
    some_discounts,
    st.dates(date(2026, 8, 1), date(2026, 11, 30)),
    st.dates(date(2026, 8, 1), date(2026, 11, 30)),
    st.integers(0, 300),
)
def test_no_discounted_sum_is_negative_and_each_is_what_its_facts_say(
    discounts, began, since, quantity
):
    version = plan(ACCESS, TV, DATA)
    subscription = held(*discounts, version=version, began=began, since=since)
    lines = [*recurring_charges(subscription, NOVEMBER), usage(str(quantity), version)]
    made = discount_charges(lines, subscription, NOVEMBER)

    assert all(one.amount.minor < 0 for one in made)
    assert len({one.key for one in made}) == len(made)
    for line in lines:
        of_line = [one.amount.minor for one in made if one.facts["line"] == line.key]
        assert line.amount.minor + sum(of_line) >= 0
    for one in made:
        assert recomputed(one, lambda *_: version) == one.priced


@given(st.integers(1, 60), st.dates(date(2026, 11, 1), date(2026, 11, 30)))
def test_an_amount_never_takes_off_more_than_its_part_of_the_period(value, began):
    version = plan(ACCESS, TV, DATA)
    subscription = held(amount(value), version=version, began=began, since=began)
    lines = [*recurring_charges(subscription, NOVEMBER)]
    made = discount_charges(lines, subscription, NOVEMBER)
    part = Fraction((NOVEMBER.end - began).days, 30)

    assert -sum(one.amount.minor for one in made) <= value * 100 * part + 1


def test_a_price_without_discounts_has_no_lines_for_them():
    assert off(held()) == []

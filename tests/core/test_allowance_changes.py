"""A plan that changes in the middle of a period, and what of its allowance goes on."""

from fractions import Fraction

from billing.core.allowance import EMPTY, after_change, simulate
from billing.core.period import Span
from tests.core.allowance_makers import (
    GB,
    all_month,
    allowance,
    bought,
    bucket,
    gigabytes,
    local,
    month,
    rolling,
    used,
)
from tests.core.makers import usd

JANUARY, FEBRUARY = month(2026, 1), month(2026, 2)
CHANGE = local("2026-01-11", 0)
PURCHASE = bought("more", "2026-01-05T00:00")
BEFORE, AFTER = Span(JANUARY.span.start, CHANGE), Span(CHANGE, JANUARY.span.end)


def changed(old, new, usage_before, usage_after, opening):
    """January under two prices, changed on the eleventh: ten days and twenty-one."""
    first = simulate(
        old, JANUARY, usage_before, opening=opening, share=Fraction(10, 31), held=BEFORE
    )
    handed = after_change(first.closing, old)
    return first, simulate(
        new, JANUARY, usage_after, opening=handed, share=Fraction(21, 31), held=AFTER
    )


def rolled_over(price, total=60):
    """The state in which January opens, with 40 of December's 100 GB rolled over."""
    december = month(2025, 12)
    return simulate(price, december, all_month(december, total)).closing


def test_replaced_each_price_grants_its_full_size_and_the_left_ones_rest_ends():
    first, second = changed(
        rolling(), rolling("200"), [used(BEFORE.start, 24, 30)], [used(CHANGE, 24, 210)], EMPTY
    )
    assert gigabytes(first.granted) == {"data": 100}
    assert gigabytes(second.used) == {"data": 200, "stopped": 10}


def test_prorated_each_price_grants_its_share_to_the_octet():
    old, new = rolling(grants="prorated"), rolling("200", grants="prorated")
    first, second = changed(old, new, [], [], EMPTY)
    assert first.granted == {"data": 32_258_064_516}  # 100 GB × 10/31
    assert second.granted == {"data": 135_483_870_968}  # 200 GB × 21/31


def test_forfeited_nothing_rolled_over_outlives_a_change_of_plan():
    old = rolling(at_change="forfeited")
    _, second = changed(old, rolling("10"), [], [used(CHANGE, 1, 50)], rolled_over(old))
    assert gigabytes(second.used) == {"data": 10, "stopped": 40}


def test_kept_what_rolled_over_is_burnt_in_a_bucket_of_the_same_code():
    old = rolling(at_change="kept")
    _, second = changed(old, rolling("10"), [], [used(CHANGE, 1, 60)], rolled_over(old))
    assert gigabytes(second.used) == {"data": 50, "stopped": 10}
    assert second.closing.left("data") == 0  # it was December's: its one month is over


def test_kept_and_prorated_also_the_rest_of_the_left_prices_own_share_rolls_over():
    old, new = rolling("31", "prorated", at_change="kept"), rolling("62", "prorated")
    first, second = changed(old, new, [used(BEFORE.start, 1, 4)], [], EMPTY)
    assert first.closing.left("data") == 6 * GB  # of 10
    assert second.closing.left("data") == (6 + 42) * GB


def test_what_was_bought_outlives_a_change_even_to_a_plan_without_its_bucket_and_back():
    old = allowance(buckets=[bucket("more", "5", price="1", validity="never")], after="stop")
    _, second = changed(
        old, rolling(), [], [], simulate(old, JANUARY, [], purchases=[PURCHASE]).closing
    )
    assert second.closing.left("more") == 5 * GB
    back = simulate(old, FEBRUARY, all_month(FEBRUARY, 3), opening=second.closing)
    assert gigabytes(back.used) == {"more": 3}


def test_a_ceiling_of_automatic_top_ups_and_a_courtesy_count_once_in_a_period_with_two_prices():
    price = allowance(
        buckets=[bucket("more", "5", price="1", validity="period")],
        after="top-up",
        top_up={"bucket": "more", "at_most": 2},
    )
    first, second = changed(price, price, [used(BEFORE.start, 1, 4)], [used(CHANGE, 1, 20)], EMPTY)
    assert [one.number for one in (*first.bought, *second.bought)] == [1, 2]

    charged = allowance(
        buckets=[],
        after="charge",
        overage={"model": "per_unit", "per_unit": "1"},
        courtesy={"months": 1, "of": 12},
    )
    first, second = changed(
        charged, charged, [used(BEFORE.start, 1, 4)], [used(CHANGE, 1, 5)], EMPTY
    )
    assert (first.courtesy, second.courtesy) == (usd("4.00"), usd("5.00"))
    assert second.closing.courtesies == (0,)


def test_time_runs_also_for_what_the_new_plan_has_no_bucket_for():
    old = allowance(
        buckets=[
            bucket("data", "100", rollover={"at_change": "kept", "periods": 2}),
            bucket("more", "5", price="1", validity="period"),
        ],
        after="stop",
    )
    opening = rolled_over(old)  # 40 GB, for January and February
    bought_before = bought("more", "2026-01-05T00:00")
    first = simulate(old, JANUARY, [], opening=opening, purchases=[bought_before], held=BEFORE)
    other = allowance(buckets=[bucket("other", "1")], after="stop")
    states = [after_change(first.closing, old)]
    for period, held in ((JANUARY, AFTER), (FEBRUARY, None)):
        states.append(simulate(other, period, [], opening=states[-1], held=held).closing)
    assert [(one.left("data") // GB, one.left("more") // GB) for one in states] == [
        (40, 5),
        (40, 0),  # the purchase was for January
        (0, 0),
    ]

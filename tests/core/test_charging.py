import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from billing.core.catalog import Discount
from billing.core.charging import (
    Measured,
    UsageNotCounted,
    charge_from,
    charge_to_dict,
    charges_for,
    corrections,
    counted_from,
    counted_to_dict,
    preview_change,
    preview_end,
    recurring_charges,
    usage_charges,
    usage_windows,
)
from billing.core.explaining import explain, recomputed
from billing.core.money import Money
from billing.core.period import following, period_containing
from billing.core.subscription import change_plan, end
from billing.core.usage.measured import Call
from tests.core.makers import DUBLIN, KOLKATA, at, eur, inr, month, on, plan, usd, used

DATA = {
    "model": "graduated",
    "code": "data",
    "unit": "GB",
    "tiers": [{"up_to": "100", "per_unit": "0"}, {"per_unit": "0.50"}],
}
BASIC, FAST = plan("Basic", "30.00"), plan("Fast", "60.00")
METERED, METERED_FAST = plan("Metered", "30.00", DATA), plan("Metered fast", "60.00", DATA)
MARCH, APRIL, MAY, JUNE = (month(f"2026-0{n}") for n in (3, 4, 5, 6))
APRIL_11 = at("2026-04-11 10:00")


def cycle(subscription, period, *billed, counted=None):
    measured = Measured({"svc_1": counted or {}})
    return charges_for(subscription, period, following(period, 1), measured, billed)


def in_advance(subscription, period):
    """The lines that the cycle before billed for the period."""
    return [c for c in recurring_charges(subscription, period) if c.kind == "recurring"]


def amounts(charges):
    return [charge.amount for charge in charges]


def steps(charge, *versions):
    """The arithmetic of a line in words; recomputed, it gives the line."""
    prices = {version.ref: version for version in versions}
    assert recomputed(charge, lambda *ref: prices[ref]) == charge.priced
    return explain(charge, lambda *ref: prices[ref]).steps


def total(charges, currency="EUR"):
    return Money.total(amounts(charges), currency)


def test_a_first_bill_charges_the_days_since_the_start_and_the_month_ahead():
    new = on(plan("Home", "59.99", currency="USD"), at("2026-02-10 14:00"))
    bill = cycle(new, month("2026-02"))
    assert amounts(bill) == [usd("40.71"), usd("59.99")]  # 59.99 × 19/28, and March
    assert total(bill, "USD") == usd("100.70")
    assert [charge.kind for charge in bill] == ["proration", "recurring"]


def test_anchor_31_is_charged_in_full_for_february_and_for_march():
    home = on(plan("Home", "50.00", currency="USD"), at("2026-01-31 00:00"))
    period, bills = period_containing(at("2026-01-31 00:00").date(), 31, DUBLIN), []
    for _ in range(4):
        bills += recurring_charges(home, period)
        period = following(period, 31)
    assert amounts(bills) == [usd("50.00")] * 4
    assert [charge.span[0].isoformat() for charge in bills] == [
        *("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30")
    ]


def test_an_upgrade_on_11_april_credits_twenty_days_and_charges_twenty_days():
    april = month("2026-04", KOLKATA)
    basic = on(plan("Basic", "820.00", currency="INR"), at("2026-01-01 00:00", KOLKATA))
    blaze = plan("Blaze", "1020.00", currency="INR")
    billed = in_advance(basic, april)

    bill = corrections(change_plan(basic, blaze, at("2026-04-11 10:00", KOLKATA)), april, billed)

    assert amounts(bill) == [inr("-546.67"), inr("680.00")]
    assert total(bill, "INR") == inr("133.33")
    assert bill[0].corrects == billed[0].key
    assert steps(bill[0], basic.current.price) == (
        "820.00 INR was charged for 1 April 2026 to 30 April 2026",
        "not used 11 April 2026 to 30 April 2026: 20 of 30 days",
        "820.00 INR × 20/30 = 546.666666666…, rounded to 546.67 INR, credited",
    )
    assert steps(bill[1], blaze) == (
        "held 11 April 2026 to 30 April 2026: 20 of the period's 30 days",
        "1,020.00 INR × 20/30 = 680.00 INR",
    )


def test_a_plan_changed_on_the_eleventh_is_billed_ten_days_old_and_twenty_days_new():
    subscription = change_plan(on(BASIC, at("2026-01-01 00:00")), FAST, at("2026-06-11 00:00"))
    assert amounts(recurring_charges(subscription, JUNE)) == [eur("10.00"), eur("40.00")]


def test_a_rise_on_the_last_day_but_nine_splits_the_period_by_days():
    period = period_containing(at("2025-03-10 00:00").date(), 10, "Europe/London")
    before, after = (plan("Line", "32.99"), plan("Line", "35.99", version=2))
    raised = change_plan(on(before, at("2024-03-10 00:00")), after, at("2025-03-31 00:00"))
    assert amounts(recurring_charges(raised, period)) == [eur("22.35"), eur("11.61")]


def test_up_and_back_five_times_on_one_day_changes_nothing():
    basic = on(BASIC, at("2026-01-01 00:00"))
    billed, moving = in_advance(basic, APRIL), basic
    for turn in range(5):
        moving = change_plan(moving, FAST, APRIL_11 + timedelta(hours=2 * turn))
        moving = change_plan(moving, BASIC, APRIL_11 + timedelta(hours=2 * turn + 1))
    assert corrections(moving, APRIL, billed) == []


def test_up_and_back_on_different_days_pays_the_days_between():
    basic = on(BASIC, at("2026-01-01 00:00"))
    there = change_plan(basic, FAST, APRIL_11)
    back = change_plan(there, BASIC, at("2026-04-14 18:00"))
    bill = corrections(back, APRIL, in_advance(basic, APRIL))
    assert amounts(bill) == [eur("-3.00"), eur("6.00")]  # 11, 12 and 13 April


def test_from_nothing_to_three_dollars_on_the_first_day_is_one_line_of_three_dollars():
    free, paid = plan("Free", "0.00", currency="USD"), plan("Plus", "3.00", currency="USD")
    subscription = change_plan(on(free, at("2026-03-01 09:00")), paid, at("2026-03-01 15:00"))
    assert amounts(recurring_charges(subscription, MARCH)) == [usd("3.00")]
    billed = in_advance(on(free, at("2026-01-01 00:00")), MARCH)
    changed = change_plan(on(free, at("2026-01-01 00:00")), paid, at("2026-03-01 15:00"))
    assert amounts(corrections(changed, MARCH, billed)) == [usd("3.00")]


def test_an_end_in_mid_month_credits_the_rest_and_charges_nothing_ahead():
    home = on(BASIC, at("2026-01-01 00:00"))
    billed = in_advance(home, APRIL)
    bill = cycle(end(home, at("2026-04-16 09:00")), APRIL, *billed)
    assert amounts(bill) == [eur("-15.00")]  # 16 to 30 April
    assert cycle(end(home, at("2026-04-16 09:00")), MAY, *billed) == []


def test_a_month_that_was_billed_and_held_needs_no_correction():
    home = on(BASIC, at("2026-01-01 00:00"))
    assert corrections(home, APRIL, in_advance(home, APRIL)) == []


def test_what_was_credited_is_not_credited_again():
    basic = on(BASIC, at("2026-01-01 00:00"))
    changed = change_plan(basic, FAST, APRIL_11)
    billed = in_advance(basic, APRIL)
    billed += corrections(changed, APRIL, billed)
    assert corrections(changed, APRIL, billed) == []


def test_another_change_after_a_correction_was_billed_corrects_the_correction():
    basic = on(BASIC, at("2026-01-01 00:00"))
    changed = change_plan(basic, FAST, APRIL_11)
    billed = in_advance(basic, APRIL)
    billed += corrections(changed, APRIL, billed)
    back = change_plan(changed, BASIC, at("2026-04-21 10:00"))
    bill = corrections(back, APRIL, billed)
    assert amounts(bill) == [eur("-20.00"), eur("10.00")]
    assert len({charge.key for charge in [*billed, *bill]}) == len([*billed, *bill])


def test_a_price_in_arrears_is_charged_when_the_period_has_closed():
    rent = {"model": "flat", "code": "router", "amount": "5.00", "in_advance": False}
    rented = plan("Rented", None, rent)
    router = on(rented, at("2026-04-16 00:00"))
    assert amounts(cycle(router, APRIL)) == [eur("2.50")]
    assert amounts(cycle(router, MAY)) == [eur("5.00")]


def test_a_change_that_is_known_ahead_is_charged_ahead():
    later = change_plan(on(BASIC, at("2026-01-01 00:00")), FAST, at("2026-05-11 00:00"))
    april = in_advance(later, APRIL)
    assert [(c.kind, c.amount.value) for c in cycle(later, APRIL, *april)] == [
        ("proration", "9.68"),  # 30.00 × 10/31
        ("proration", "40.65"),  # 60.00 × 21/31
    ]


def test_usage_is_counted_on_grid_hours_from_the_hour_after_a_change():
    moved = change_plan(on(METERED, at("2026-01-01 00:00")), METERED_FAST, at("2026-04-11 10:15"))
    spans = [window.span for window in usage_windows(moved, APRIL)]
    assert [(span.start, span.end) for span in spans] == [
        (at("2026-04-01 00:00"), at("2026-04-11 11:00")),
        (at("2026-04-11 11:00"), at("2026-05-01 00:00")),
    ]


def test_each_price_rates_its_own_part_of_the_usage_with_its_full_allowance():
    moved = change_plan(on(METERED, at("2026-01-01 00:00")), METERED_FAST, at("2026-04-11 10:15"))
    first, second = usage_windows(moved, APRIL)
    counted = {first.span: used(first, down="90", up="20"), second.span: used(second, down="130")}
    bill = usage_charges(moved, APRIL, Measured({"svc_1": counted}))
    assert amounts(bill) == [eur("5.00"), eur("15.00")]  # 10 GB and 30 GB over 100
    assert [charge.quantity for charge in bill] == ["110", "130"]


def test_a_price_left_and_taken_again_rates_all_its_usage_at_once():
    moved = change_plan(on(METERED, at("2026-01-01 00:00")), METERED_FAST, at("2026-04-11 10:00"))
    moved = change_plan(moved, METERED, at("2026-04-21 10:00"))
    windows = usage_windows(moved, APRIL)
    counted = {window.span: used(window, down="60") for window in windows}
    bill = usage_charges(moved, APRIL, Measured({"svc_1": counted}))
    assert [(charge.quantity, charge.amount) for charge in bill] == [
        ("120", eur("10.00")),
        ("60", eur("0.00")),
    ]


def test_a_usage_line_says_what_was_counted_and_how_it_was_priced():
    home = on(METERED, at("2026-01-01 00:00"))
    (window,) = usage_windows(home, APRIL)
    (line,) = usage_charges(
        home, APRIL, Measured({"svc_1": {window.span: used(window, down="1110.5", up="12")}})
    )
    assert steps(line, METERED) == (
        "counted 1 April 2026, 00:00 to 1 May 2026, 00:00: 1,110.5 GB down, 12 GB up",
        "charged: download and upload, 1,122.5 GB (1 GB is 1,000,000,000 octets)",
        "the first 100 GB: 100 GB × 0.00 = 0.00 EUR",
        "above 100 GB: 1,022.5 GB × 0.50 = 511.25 EUR",
        "total 511.25 EUR",
    )


def test_a_bill_is_not_drafted_before_its_usage_was_read():
    with pytest.raises(UsageNotCounted, match="read it for every window"):
        cycle(on(METERED, at("2026-01-01 00:00")), APRIL)


def test_a_plan_without_usage_prices_counts_nothing():
    assert usage_windows(on(BASIC, at("2026-01-01 00:00")), APRIL) == []


def test_the_same_facts_give_the_same_keys_and_no_two_lines_share_one():
    home = change_plan(on(METERED, at("2026-04-03 12:00")), METERED_FAST, at("2026-04-11 10:15"))
    counted = {w.span: used(w, down="50") for w in usage_windows(home, APRIL)}
    bill, again = (cycle(home, APRIL, counted=counted) for _ in range(2))
    assert bill == again
    assert [charge.key for charge in bill] == [
        "sub_1/access/2026-04-03T11:00:00Z",
        "sub_1/access/2026-04-11T09:15:00Z",
        "sub_1/data/2026-04-01/metered@1",
        "sub_1/data/2026-04-01/metered fast@1",
        "sub_1/access/2026-05-01",
    ]


def test_a_preview_is_what_the_next_bill_will_add():
    home = on(BASIC, at("2026-01-01 00:00"))
    billed = in_advance(home, APRIL)
    assert amounts(preview_change(home, FAST, APRIL_11, APRIL, billed)) == [
        *(eur("-20.00"), eur("40.00"))
    ]
    assert amounts(preview_end(home, APRIL_11, APRIL, billed)) == [eur("-20.00")]


def test_a_previewed_change_begins_its_promotion_on_the_local_day():
    half = Discount("half", "Half", "percent", Fraction(50), periods=1)
    home, promoted = on(BASIC, at("2026-01-01 00:00")), replace(FAST, discounts=(half,))
    lines = preview_change(home, promoted, at("2026-05-01 00:00"), MAY, [])
    assert amounts(lines) == [eur("60.00"), eur("-30.00")]


VOICE = {
    "model": "calls",
    "code": "voice",
    "zone": DUBLIN,
    "destinations": [{"name": "all", "rates": [{"per_minute": "0.10"}]}],
}
MINUTES = {
    "model": "allowance",
    "code": "minutes",
    "unit": "minute",
    "after": "stop",
    "buckets": [{"code": "minutes", "size": "100"}],
}


@pytest.mark.parametrize("price", [VOICE, MINUTES], ids=["calls", "an allowance of minutes"])
def test_the_order_in_which_calls_arrived_leaves_no_trace_on_the_bill(price):
    home = on(plan("Phone", "5.00", price), at("2026-01-01 00:00"))
    calls = [Call(f"c{n}", at(f"2026-04-0{9 - n} 10:00"), 60 * n, "35311") for n in range(1, 5)]
    bills = [
        usage_charges(home, APRIL, Measured(calls={"svc_1": listed}))
        for listed in (calls, calls[::-1])
    ]
    assert json.dumps(bills[0][0].facts) == json.dumps(bills[1][0].facts)
    assert bills[0] == bills[1]


def test_a_charge_and_what_was_counted_survive_being_stored():
    home = on(METERED, at("2026-01-01 00:00"))
    (window,) = usage_windows(home, APRIL)
    counted = used(window, down="7", up="0.5")
    for charge in cycle(home, APRIL, counted={window.span: counted}):
        assert charge_from(charge_to_dict(charge)) == charge
    assert counted_from(counted_to_dict(counted)) == counted

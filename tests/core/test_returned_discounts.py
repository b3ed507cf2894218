"""Discounts of lines that are credited go back, and never leave more off than the line has."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from billing.core.charging import Charge, corrections, recurring_charges
from billing.core.charging.discounts import discount_charges
from billing.core.explaining import explain, recomputed
from billing.core.period import local_midnight
from billing.core.subscription import change_plan, end
from tests.core.discounted import (
    ACCESS,
    NOVEMBER,
    TV,
    ZONE,
    amount,
    held,
    percent,
    plan,
    some_discounts,
)


def bills(subscription, later, period=NOVEMBER):
    """The lines of a period paid in advance, and those that put it right when it is over."""
    lines = recurring_charges(subscription, period)
    billed = [*lines, *discount_charges(lines, subscription, period)]
    right = corrections(later, period, billed)
    return billed, [*right, *discount_charges(right, later, period, billed)]


def midnight(day: int):
    return local_midnight(date(2026, 11, day), ZONE)


def test_the_discount_of_unused_days_goes_back_with_their_credit():
    """40.00 less 50 %, ended on the 21st: 10 of 30 days are credited, and their discount."""
    subscription = held(percent(50))
    _, (credit, back) = bills(subscription, end(subscription, midnight(21)))

    assert (credit.amount.value, back.amount.value) == ("-13.33", "6.67")
    assert (back.kind, back.corrects) == (
        "discount",
        f"{credit.corrects}/discount/promo/2026-11-01",
    )
    assert back.description == "Promotion on Fibre: Access, returned for unused time"
    assert explain(back, lambda *_: plan()).steps == (
        "20.00 EUR came off a line, of which 1/3 is credited now",
        "6.666666666…, rounded to 6.67 EUR, charged back",
    )


def test_a_discount_of_days_that_were_used_stays():
    """Free to the 10th, ended on the 21st: what is credited had no discount."""
    free = percent(100, periods=1)
    subscription = held(free, since=date(2026, 10, 11), began=date(2026, 10, 11))
    billed, right = bills(subscription, end(subscription, midnight(21)))

    assert [one.amount.value for one in billed] == ["40.00", "-13.33"]
    assert [one.amount.value for one in right] == ["-13.33"]


def test_an_amount_follows_a_change_of_plan_in_mid_period():
    """10.00 off: 3.33 stay with the first ten days, 6.67 go over to the new plan's twenty."""
    subscription = held(amount("10.00"))
    faster = replace(plan({**ACCESS, "amount": "60.00"}), version=2)
    changed = change_plan(subscription, faster, midnight(11))
    changed = replace(changed, discounts=subscription.discounts)
    _, right = bills(subscription, changed)

    assert [(one.kind, one.amount.value) for one in right] == [
        ("credit", "-26.67"),
        ("proration", "40.00"),
        ("discount", "6.67"),
        ("discount", "-6.67"),
    ]


@given(
    some_discounts,
    st.dates(date(2026, 8, 1), date(2026, 11, 1)),
    st.dates(date(2026, 9, 1), date(2026, 11, 30)),
    st.lists(st.integers(2, 30), min_size=1, max_size=3, unique=True).map(sorted),
    st.booleans(),
)
def test_after_credits_too_no_discounted_line_is_negative(discounts, began, since, days, back):
    """Plans are changed, perhaps back again, and the last day ends it; bills come in between."""
    one, other = plan(ACCESS, TV), replace(plan({**ACCESS, "amount": "9.97"}, TV), version=2)
    subscription = held(*discounts, version=one, began=began, since=since)
    prices = {one.ref: one, other.ref: other}
    billed: list[Charge] = []
    lines = recurring_charges(subscription, NOVEMBER)
    billed += [*lines, *discount_charges(lines, subscription, NOVEMBER)]
    for place, day in enumerate(days):
        if place == len(days) - 1:
            subscription = end(subscription, midnight(day))
        else:
            price = other if place % 2 == 0 or not back else one
            kept = subscription.discounts
            changed = change_plan(subscription, price, midnight(day))
            subscription = replace(changed, discounts=kept)
        right = corrections(subscription, NOVEMBER, billed)
        billed += [*right, *discount_charges(right, subscription, NOVEMBER, billed)]

    assert len({line.key for line in billed}) == len(billed)
    for line in billed:
        assert recomputed(line, lambda *ref: prices[ref]) == line.priced
        if line.kind in ("recurring", "proration"):
            off = [one for one in billed if one.facts.get("line") == line.key]
            keys = {line.key, *(one.key for one in off)}
            about = [one for one in billed if one.key in keys or one.corrects in keys]
            assert sum(one.priced.minor for one in about) >= 0
            assert all(one.priced.minor < 0 for one in off)

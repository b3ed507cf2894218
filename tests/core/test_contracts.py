"""Contracts: what an end before the term costs, and when it costs nothing."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.catalog import price_version_from
from billing.core.catalog.contract_schema import contract_from
from billing.core.charging.contracts import (
    contract_end,
    monthly_amount,
    termination_charges,
    termination_fee,
)
from billing.core.explaining import explain, recomputed
from billing.core.money import Money
from billing.core.period import MONTHLY, Every, Period, local_midnight
from billing.core.subscription import Contract, change_plan, end, start

ZONE = "America/Chicago"
SIGNED = date(2026, 1, 10)
USD = "USD"


def terms(kind: str, months: int = 12, cooling_off_days: int = 0, **fee: object):
    termination = {"kind": kind, **fee}
    return contract_from(
        {"months": months, "cooling_off_days": cooling_off_days, "termination": termination}, USD
    )


ATT = terms("per completed month", cooling_off_days=14, amount="180.00", monthly="15.00")


def fee(contract, ended_on: date, monthly: str = "0", signed: date = SIGNED) -> str:
    due = termination_fee(contract, signed, ended_on, Fraction(monthly) * 100)
    return Money.rounded(due, USD).value


@pytest.mark.parametrize(
    ("ended_on", "due"),
    [
        (date(2026, 1, 10), "0.00"),  # the day of the signing
        (date(2026, 1, 20), "0.00"),  # day 10: 14 are free
        (date(2026, 1, 24), "0.00"),  # day 14
        (date(2026, 1, 25), "180.00"),  # day 15, no month completed
        (date(2026, 2, 9), "180.00"),
        (date(2026, 2, 10), "165.00"),
        (date(2026, 6, 10), "105.00"),  # 5 completed
        (date(2026, 7, 9), "105.00"),
        (date(2026, 7, 10), "90.00"),
        (date(2026, 12, 10), "15.00"),  # 11 completed
        (date(2027, 1, 9), "15.00"),
        (date(2027, 1, 10), "0.00"),  # the term is over
        (date(2029, 1, 1), "0.00"),
    ],
)
def test_att_takes_180_dollars_less_15_for_each_completed_month(ended_on, due):
    assert fee(ATT, ended_on) == due


@pytest.mark.parametrize(
    ("ended_on", "due"),
    [
        (date(2026, 2, 27), "120.00"),
        (date(2026, 2, 28), "110.00"),  # a month from the 31st is over on the 28th
        (date(2026, 3, 30), "110.00"),
        (date(2026, 3, 31), "100.00"),
        (date(2026, 4, 30), "90.00"),
    ],
)
def test_a_contract_of_the_31st_completes_its_months_on_their_last_day(ended_on, due):
    contract = terms("straight line", amount="120.00")

    assert fee(contract, ended_on, signed=date(2026, 1, 31)) == due


def test_a_straight_line_by_day_falls_every_day():
    contract = terms("straight line", amount="365.00", by="day")

    assert fee(contract, date(2026, 1, 11)) == "364.00"
    assert fee(contract, date(2027, 1, 9)) == "1.00"
    assert fee(contract, date(2027, 1, 10)) == "0.00"


def test_steps_hold_from_so_many_completed_months_on():
    steps = [{"from": 0, "fee": "200.00"}, {"from": 6, "fee": "100"}, {"from": 9, "fee": "0"}]
    contract = terms("steps", steps=steps)

    days = (date(2026, 1, 11), date(2026, 7, 9), date(2026, 7, 10), date(2026, 10, 10))
    assert [fee(contract, day) for day in days] == ["200.00", "200.00", "100.00", "0.00"]


def test_a_part_of_what_the_months_left_would_have_cost():
    contract = terms("remaining", percent="50")

    assert fee(contract, date(2026, 3, 12), monthly="29.99") == "149.95"  # 10 × 29.99 × 50 %


def test_a_contract_without_a_fee_only_has_an_end():
    contract = contract_from({"months": 24}, USD)

    assert contract_end(Contract(contract, date(2024, 2, 29))) == date(2026, 2, 28)
    assert fee(contract, date(2026, 1, 12)) == "0.00"


kinds = st.sampled_from(
    [
        ATT,
        terms("straight line", amount="99.99"),
        terms("straight line", amount="99.99", by="day"),
        terms("steps", steps=[{"from": 0, "fee": "80"}, {"from": 7, "fee": "20"}]),
        terms("remaining", percent="80"),
    ]
)


@given(kinds, st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.integers(15, 800))
def test_a_later_end_never_costs_more(contract, signed, days):
    one, next_day = (
        termination_fee(contract, signed, signed + timedelta(days=n), Fraction(2999))
        for n in (days, days + 1)
    )

    assert 0 <= next_day <= one


def plan(offering: str, amount: str, every: Every = MONTHLY):
    version = price_version_from(
        {
            "offering_id": offering,
            "name": offering.title(),
            "valid_from": "2026-01-01",
            "currency": USD,
            "prices": [{"model": "flat", "amount": amount}],
        }
    )
    (price,) = version.recurring
    return replace(version, prices=(replace(price, every=every),))


def midnight(day: date):
    return local_midnight(day, ZONE)


JUNE = Period(date(2026, 6, 1), date(2026, 7, 1), ZONE)
JULY = Period(date(2026, 7, 1), date(2026, 8, 1), ZONE)
BOUND = replace(
    start("sub", "acc", "svc", plan("fibre", "55.00"), midnight(SIGNED)),
    contract=Contract(ATT, SIGNED),
)


def test_the_fee_stands_on_the_bill_of_the_period_it_ends_in_and_once():
    ended = end(BOUND, midnight(date(2026, 6, 15)))
    (charge,) = termination_charges(ended, JUNE, [])

    assert (charge.kind, charge.amount, charge.gross) == (
        "termination",
        Money.parse("105.00", USD),
        None,
    )
    assert charge.description == "Fibre: Early termination fee"
    assert termination_charges(ended, JULY, []) == []
    assert termination_charges(ended, JUNE, [charge]) == []


def test_an_end_at_the_turn_of_two_periods_is_charged_in_the_later_one():
    ended = end(BOUND, midnight(JULY.start))

    assert termination_charges(ended, JUNE, []) == []
    assert [one.amount.value for one in termination_charges(ended, JULY, [])] == ["105.00"]


def test_a_change_of_plan_is_no_termination():
    changed = change_plan(BOUND, plan("faster", "75.00"), midnight(date(2026, 6, 15)))

    assert termination_charges(changed, JUNE, []) == []
    assert termination_charges(BOUND, JUNE, []) == []


def test_a_fee_that_includes_tax_is_priced_with_it():
    contract = terms("steps", steps=[{"from": 0, "fee": "80"}], tax_included=True,
                     tax_category="damages")  # fmt: skip
    ended = end(replace(BOUND, contract=Contract(contract, SIGNED)), midnight(date(2026, 6, 15)))
    (charge,) = termination_charges(ended, JUNE, [])

    assert (charge.gross, charge.tax_category) == (Money.parse("80.00", USD), "damages")


def test_the_fee_explains_itself():
    (charge,) = termination_charges(end(BOUND, midnight(date(2026, 6, 15))), JUNE, [])

    assert explain(charge, lambda *_: plan("fibre", "55.00")).steps == (
        "signed 10 January 2026 for 12 months, to 10 January 2027",
        "ended 15 June 2026: 5 completed months",
        "180.00 less 5 × 15.00 = 105.00 USD",
    )


@given(kinds, st.dates(date(2026, 6, 1), date(2026, 6, 30)))
def test_a_fee_computed_again_from_its_facts_is_the_same(contract, day):
    ended = end(replace(BOUND, contract=Contract(contract, SIGNED)), midnight(day))
    for charge in termination_charges(ended, JUNE, []):
        assert recomputed(charge, lambda *_: plan("fibre", "55.00")) == charge.priced


def test_a_month_of_prices_with_other_periods():
    yearly = plan("yearly", "120.00", Every("year"))
    weekly = plan("weekly", "7.00", Every("week"))
    held = replace(BOUND.current, quantity=2)

    assert monthly_amount(held) == 11000
    assert monthly_amount(replace(held, overrides=(("recurring", Fraction(5000)),))) == 10000
    assert monthly_amount(replace(held, price=yearly)) == 2000
    assert monthly_amount(replace(held, price=weekly)) == Fraction(1400 * 365, 84)

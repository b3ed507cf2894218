"""Fixed prices over a timeline: of every length, by day and by second, in every state."""

from dataclasses import replace
from datetime import date

import pytest

from billing.core.catalog import Trial
from billing.core.charging import (
    advance,
    charge_from,
    charge_to_dict,
    corrections,
    once_charges,
    passes,
    recurring_charges,
)
from billing.core.explaining import explain, recomputed
from billing.core.period import Cycle, following, rfc3339
from billing.core.subscription import (
    Purchase,
    buy,
    change_plan,
    end,
    override,
    pause,
    resume,
    rise,
    risen,
    set_quantity,
    withdraw,
)
from tests.core.makers import KOLKATA, at, eur, month, on, plan

JANUARY, MARCH, APRIL, MAY = (month(f"2026-0{n}") for n in (1, 3, 4, 5))
SINCE = at("2026-01-01 00:00")


def sold(name, version=1, currency="EUR", **fields):
    """A plan with one fixed price."""
    return plan(
        name,
        None,
        {"model": "flat", "code": "access", **fields},
        currency=currency,
        version=version,
    )


def values(charges):
    return [charge.amount.value for charge in charges]


def explained(charges, *versions):
    prices = {version.ref: version for version in versions}
    for charge in charges:
        assert recomputed(charge, lambda *ref: prices[ref]) == charge.priced
        assert charge_from(charge_to_dict(charge)) == charge
    return [explain(charge, lambda *ref: prices[ref]).steps for charge in charges]


# By second


def test_by_second_a_change_at_noon_splits_its_day():
    old, new = (
        sold("Old", amount="30.00", prorate="second"),
        sold("New", amount="60.00", prorate="second"),
    )
    home = on(old, SINCE)
    billed = recurring_charges(home, APRIL)
    bill = corrections(change_plan(home, new, at("2026-04-11 12:00")), APRIL, billed)
    assert values(bill) == ["-19.50", "39.00"]  # 19.5 of 30 days
    assert explained(bill, old, new)[1] == (
        "held 2026-04-11T11:00:00Z to 2026-04-30T23:00:00Z:"
        " 1,684,800 of the period's 2,592,000 seconds",
        "60.00 EUR × 1684800/2592000 = 39.00 EUR",
    )


def test_by_second_a_change_and_back_within_a_day_pays_the_hours_between():
    old, new = (
        sold("Old", amount="30.00", prorate="second"),
        sold("New", amount="60.00", prorate="second"),
    )
    home = on(old, SINCE)
    billed = recurring_charges(home, APRIL)
    there = change_plan(home, new, at("2026-04-11 06:00"))
    back = change_plan(there, old, at("2026-04-11 18:00"))
    bill = corrections(back, APRIL, billed)
    assert values(bill) == ["-0.50", "1.00"]
    assert corrections(back, APRIL, [*billed, *bill]) == []


# Of thirty days


def test_of_thirty_days_a_change_in_a_month_of_31_credits_what_the_new_price_takes():
    old, new = (
        sold(name, amount=amount, basis="30 days")
        for name, amount in (("Old", "30.00"), ("New", "60.00"))
    )
    home = on(old, at("2025-12-01 00:00"))
    billed = recurring_charges(home, JANUARY)
    changed = change_plan(home, new, at("2026-01-11 00:00"))
    assert values(recurring_charges(changed, JANUARY)) == ["10.00", "40.00"]
    bill = corrections(changed, JANUARY, billed)
    assert values(bill) == ["-20.00", "40.00"]
    explained(bill, old, new)


def test_of_thirty_days_a_first_part_counts_its_days():
    basic = sold("Basic", amount="30.00", basis="30 days")
    assert values(recurring_charges(on(basic, at("2026-02-10 00:00")), month("2026-02"))) == [
        "19.00"
    ]


# Whose is the day


def test_the_day_of_a_change_is_the_new_prices_or_the_old_ones():
    for change_day, expected in (("new", ["10.00", "40.00"]), ("old", ["11.00", "38.00"])):
        old, new = sold("Old", amount="30.00"), sold("New", amount="60.00", change_day=change_day)
        changed = change_plan(on(old, SINCE), new, at("2026-04-11 09:00"))
        assert values(recurring_charges(changed, APRIL)) == expected


def test_with_the_change_day_old_back_and_forth_within_a_day_nets_to_zero():
    old, new = (
        sold(name, amount=amount, change_day="old")
        for name, amount in (("Old", "30.00"), ("New", "60.00"))
    )
    home = on(old, SINCE)
    billed = recurring_charges(home, APRIL)
    there = change_plan(home, new, at("2026-04-11 09:00"))
    assert corrections(change_plan(there, old, at("2026-04-11 10:00")), APRIL, billed) == []


def test_the_day_of_an_end_is_free_or_charged():
    for end_day, credit in (("free", "-15.00"), ("charged", "-14.00")):
        home = on(sold("Home", amount="30.00", end_day=end_day), SINCE)
        billed = recurring_charges(home, APRIL)
        assert values(corrections(end(home, at("2026-04-16 09:00")), APRIL, billed)) == [credit]


def test_an_end_with_the_period_owes_nothing_of_the_next():
    home = end(on(sold("Home", amount="30.00", end_day="charged"), SINCE), at("2026-05-01 00:00"))
    assert values(recurring_charges(home, APRIL)) == ["30.00"]
    assert recurring_charges(home, MAY) == []


def test_without_proration_a_period_is_whole_for_whoever_held_it_first():
    old, new = (
        sold(name, amount=amount, prorate="none")
        for name, amount in (("Old", "30.00"), ("New", "60.00"))
    )
    home = on(old, at("2026-04-20 00:00"))
    assert values(recurring_charges(home, APRIL)) == ["30.00"]
    changed = change_plan(home, new, at("2026-04-25 00:00"))
    billed = recurring_charges(home, APRIL)
    assert corrections(changed, APRIL, billed) == []
    assert values(advance(changed, MAY, billed)) == ["60.00"]
    assert corrections(end(home, at("2026-04-25 00:00")), APRIL, billed) == []


# States


def test_a_quantity_is_charged_for_each_and_its_change_by_its_days():
    boxes = sold("Box", amount="10.00")
    home = on(boxes, SINCE)
    billed = recurring_charges(home, APRIL)
    more = set_quantity(home, 3, at("2026-04-16 00:00"))
    bill = corrections(more, APRIL, billed)
    assert values(bill) == ["-5.00", "15.00"]
    assert bill[1].description == "Box: Monthly charge × 3, 15 of 30 days"
    assert explained(bill, boxes)[1][0] == "3 × 10.00 EUR = 30.00 EUR"
    (whole,) = recurring_charges(more, MAY)
    assert (whole.amount, whole.quantity, whole.unit) == (eur("30.00"), "3", "month")


def test_a_pause_costs_its_own_price_and_nothing_when_that_is_nothing():
    for while_paused, expected in (("6.00", ["-10.00", "2.00"]), ("0", ["-10.00"])):
        home = on(sold("Home", amount="30.00", while_paused=while_paused), SINCE)
        paused = resume(pause(home, at("2026-04-11 10:00")), at("2026-04-21 10:00"))
        bill = corrections(paused, APRIL, recurring_charges(home, APRIL))
        assert values(bill) == expected
        explained(bill, home.current.price)


def test_an_agreed_price_takes_the_place_of_the_published_one():
    basic = sold("Basic", amount="30.00")
    home = override(on(basic, SINCE), "access", eur("24.00"), SINCE)
    (line,) = recurring_charges(home, APRIL)
    assert line.amount == eur("24.00")
    assert explained([line], basic)[0][0] == "agreed: 24.00 EUR instead of 30.00 EUR"
    over = override(home, "access", None, at("2026-04-16 00:00"))
    assert values(corrections(over, APRIL, [line])) == ["-12.00", "15.00"]


def test_a_trial_is_free_and_what_follows_is_a_part():
    basic = replace(sold("Basic", amount="30.00"), trial=Trial(14))
    home = on(basic, at("2026-04-02 15:00"))
    assert values(recurring_charges(home, APRIL)) == ["15.00"]  # 16 to 30 April
    fast = sold("Fast", amount="60.00")
    changed = change_plan(home, fast, at("2026-04-05 10:00"))  # the trial goes on
    assert values(recurring_charges(changed, APRIL)) == ["30.00"]


# Periods of other lengths


def yearly(**fields):
    return sold(
        "B-Max", currency="INR", amount="9990", every="1 year", align="anniversary", **fields
    )


def test_a_year_is_charged_when_it_begins_and_at_no_other_bill():
    home = on(yearly(), at("2026-03-15 10:00", KOLKATA))
    period, billed = month("2026-03", KOLKATA), []
    for _ in range(14):
        billed += corrections(home, period, billed)
        billed += advance(home, following(period, 1), billed)
        period = following(period, 1)
    assert [(line.span[0].isoformat(), line.amount.value) for line in billed] == [
        ("2026-03-15", "9990.00"),
        ("2027-03-15", "9990.00"),
    ]
    assert billed[0].unit == "year"


@pytest.mark.parametrize(
    ("ended", "fields", "refund"),
    [
        ("2026-08-01", {}, ["-4162.50"]),  # 5 of 12 months
        ("2026-08-11", {}, ["-4162.50"]),  # the eighth is not completed
        ("2026-08-01", {"early_end": "refund by day"}, ["-4187.59"]),  # 153 of 365 days
        ("2026-08-11", {"early_end": "refund by day"}, ["-3913.89"]),  # 143 of 365 days
        ("2026-08-01", {"early_end": "keep"}, []),
        ("2026-08-01", {"early_end": "re-rate", "re_rated_at": "999"}, ["-2997.00"]),
        ("2026-12-01", {"early_end": "re-rate", "re_rated_at": "999"}, []),  # 11 × 999 is more
        ("2026-08-01", {"prorate": "second"}, ["-4187.59"]),  # 153 of 365 days
    ],
)
def test_an_early_end_of_a_year_refunds_what_its_price_says(ended, fields, refund):
    price = yearly(**fields)
    home = on(price, at("2026-01-01 00:00", KOLKATA))
    billed = recurring_charges(home, month("2026-01", KOLKATA))
    assert values(billed) == ["9990.00"]
    gone = end(home, at(f"{ended} 00:00", KOLKATA))
    period = month(ended[:7], KOLKATA)
    bill = corrections(gone, period, billed)
    assert values(bill) == refund
    explained(bill, price)
    assert corrections(gone, period, [*billed, *bill]) == []
    assert corrections(gone, following(period, 1), [*billed, *bill]) == []


def test_a_year_left_for_another_plan_is_credited_by_days():
    other = sold("Other", currency="INR", amount="3650", every="1 year", align="anniversary")
    home = on(yearly(early_end="keep"), at("2026-01-01 00:00", KOLKATA))
    billed = recurring_charges(home, month("2026-01", KOLKATA))
    changed = change_plan(home, other, at("2026-08-01 00:00", KOLKATA))
    bill = corrections(changed, month("2026-08", KOLKATA), billed)
    assert values(bill) == ["-4187.59", "1530.00"]  # 153 of 365 days


def test_a_calendar_year_begun_in_its_middle_is_charged_by_its_days():
    price = sold("Year", amount="365.00", every="1 year", align="calendar")
    home = on(price, at("2026-02-10 12:00"))
    assert values(corrections(home, month("2026-02"), [])) == ["325.00"]


def test_weeks_are_charged_by_the_bill_in_whose_month_they_begin():
    price = sold("Week", amount="7.00", every="1 week", align="calendar")
    home = on(price, at("2026-01-01 00:00"))
    april = recurring_charges(home, APRIL)
    assert [line.span[0].isoformat() for line in april] == [
        *("2026-04-06", "2026-04-13", "2026-04-20", "2026-04-27")
    ]
    billed = [*recurring_charges(home, MARCH), *april]
    gone = end(home, at("2026-04-30 00:00"))
    assert values(corrections(gone, APRIL, billed)) == ["-4.00"]  # 30 April to 3 May


def test_in_arrears_a_quarter_is_charged_when_it_is_over_or_left():
    price = sold("Quarter", amount="90.00", every="3 months", align="calendar", in_advance=False)
    home = on(price, at("2026-02-15 00:00"))
    assert corrections(home, month("2026-02"), []) == []
    billed = corrections(home, MARCH, [])
    assert values(billed) == ["45.00"]  # 45 of 90 days
    assert corrections(home, APRIL, billed) == []
    gone = end(home, at("2026-05-01 00:00"))
    assert corrections(gone, MAY, billed) == []
    assert values(corrections(gone, APRIL, billed)) == ["29.67"]  # 30 of 91 days


# Lines of one price


def test_parts_of_one_line_are_credited_to_the_cent():
    home = on(sold("Third", amount="10.00"), SINCE)
    billed = recurring_charges(home, APRIL)
    for day in ("21", "11", "02"):
        moved = end(home, at(f"2026-04-{day} 00:00"))
        billed += corrections(moved, APRIL, billed)
    assert values(billed) == ["10.00", "-3.33", "-3.34", "-3.00"]
    explained(billed, home.current.price)


def test_when_parts_come_to_be_a_whole_period_the_last_takes_the_rest():
    penny, other = sold("Penny", amount="0.01"), sold("Other", amount="0.00")
    home = on(penny, SINCE)
    scheduled = change_plan(home, other, at("2026-04-16 00:00"))
    billed = advance(scheduled, APRIL, [])
    assert values(billed) == ["0.01", "0.00"]  # half a cent rounded up
    bill = corrections(withdraw(scheduled, at("2026-04-10 00:00")), APRIL, billed)
    assert values(bill) == ["0.00"]
    explained(bill, penny)


def test_a_rise_touches_neither_the_past_nor_who_signed_later():
    old = sold("Line", amount="32.99")
    new = risen(old, by_amount=eur("3.00"), valid_from=date(2025, 3, 31))
    period = Cycle.on_day(10).containing(date(2025, 3, 10), "Europe/London")
    raised = rise(on(old, at("2024-03-10 00:00")), new, at("2025-03-31 00:00"))
    assert values(recurring_charges(raised, Cycle.on_day(10).preceding(period))) == ["32.99"]
    assert values(recurring_charges(raised, period)) == ["22.35", "11.61"]
    again = risen(new, by_amount=eur("3.00"), valid_from=date(2026, 3, 31))
    twice = rise(raised, again, at("2026-03-31 00:00"))
    later = Cycle.on_day(10).containing(date(2026, 4, 15), "Europe/London")
    assert values(recurring_charges(twice, later)) == ["38.99"]
    assert values(recurring_charges(twice, period)) == ["22.35", "11.61"]


def test_a_price_with_tax_in_it_is_charged_and_credited_in_its_own_terms():
    home = on(sold("Gross", amount="34.06", tax_included=True), SINCE)
    (line,) = recurring_charges(home, APRIL)
    assert line.gross == line.amount == eur("34.06")
    netted = replace(line, amount=eur("29.36"))
    (credit,) = corrections(end(home, at("2026-04-16 00:00")), APRIL, [netted])
    assert credit.gross == eur("-17.03")


# Once


def test_a_setup_is_charged_when_it_begins_and_never_again():
    setup = {"model": "one_time", "code": "setup", "name": "Setup", "amount": "68.19"}
    home = set_quantity(
        on(plan("Home", "34.06", setup), at("2026-04-11 10:00")), 2, at("2026-04-11 10:00")
    )
    (line,) = once_charges(home, APRIL, [])
    assert (line.kind, line.amount) == ("one-off", eur("136.38"))
    assert once_charges(home, APRIL, [line]) == []
    assert once_charges(home, MAY, []) == []
    assert explained([line], home.current.price)[0][-1] == "2 × 68.19 EUR = 136.38 EUR"


PASS = {"model": "pass", "code": "pass", "name": "30 days", "amount": "2999", "validity": "30 days"}
NAIROBI = "Africa/Nairobi"


def test_a_pass_of_thirty_days_runs_thirty_times_24_hours_from_the_payment():
    home = on(plan("Bronze", None, PASS, currency="KES"), at("2026-01-01 00:00", NAIROBI))
    home = buy(home, Purchase("pay_1", "pass", at("2026-01-31 10:00", NAIROBI)))
    home = buy(home, Purchase("pay_2", "pass", at("2026-03-05 12:00", NAIROBI)))
    first, second = passes(home, month("2026-03", NAIROBI))
    assert first.span.end == at("2026-03-02 10:00", NAIROBI)
    assert second.span.end == at("2026-04-04 12:00", NAIROBI)
    lines = [*once_charges(home, month("2026-01", NAIROBI), [])]
    lines += once_charges(home, month("2026-03", NAIROBI), lines)
    assert values(lines) == ["2999.00", "2999.00"]
    assert explained(lines, home.current.price)[0][0] == "bought 31 January 2026, 10:00"


@pytest.mark.parametrize(
    ("renewal", "ends"), [("extends", "2026-03-02 10:00"), ("restarts", "2026-02-24 10:00")]
)
def test_a_pass_bought_while_one_runs_extends_it_or_begins_anew(renewal, ends):
    price = {**PASS, "validity": "15 days", "renewal": renewal}
    home = on(plan("Half", None, price, currency="KES"), at("2026-01-01 00:00", NAIROBI))
    home = buy(home, Purchase("pay_1", "pass", at("2026-01-31 10:00", NAIROBI)))
    home = buy(home, Purchase("pay_2", "pass", at("2026-02-09 10:00", NAIROBI)))
    last = passes(home, month("2026-02", NAIROBI))[-1]
    assert rfc3339(last.span.end) == rfc3339(at(ends, NAIROBI))

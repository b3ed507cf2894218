"""Time and its part of the price with other numbers: cycles, anchors, proration, changes, ends."""

import pytest

from billing.core.allowance import pass_spans
from billing.core.charging import advance, corrections, recurring_charges
from billing.core.charging.contracts import termination_charges
from billing.core.money import Money
from billing.core.period import (
    Cycle,
    Span,
    every_from,
    local_midnight,
    period_containing,
    prorate,
    share,
    validity_from,
)
from billing.core.subscription import (
    change_plan,
    end,
    override,
    pause,
    resume,
    set_quantity,
    start,
)
from tests.tariffs.bills import (
    amounts,
    billed,
    clock,
    cycle,
    day,
    flat,
    money,
    month,
    plan,
    printed,
    sold,
)

BERLIN, DUBLIN, KOLKATA = "Europe/Berlin", "Europe/Dublin", "Asia/Kolkata"


def midnight(text: str, zone: str = BERLIN):
    return local_midnight(day(text), zone)


@pytest.mark.parametrize(
    ("every", "anchor", "begins"),
    [
        ("1 month", "2026-12-31", ["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]),
        ("1 month", "2027-12-30", ["2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30"]),
        ("3 months", "2026-11-30", ["2026-11-30", "2027-02-28", "2027-05-30", "2027-08-30"]),
        ("6 months", "2026-08-31", ["2026-08-31", "2027-02-28", "2027-08-31", "2028-02-29"]),
        ("1 year", "2024-02-29", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"]),
        ("2 weeks", "2026-02-18", ["2026-02-18", "2026-03-04", "2026-03-18", "2026-04-01"]),
        ("30 days", "2026-01-31", ["2026-01-31", "2026-03-02", "2026-04-01", "2026-05-01"]),
    ],
)
def test_periods_are_counted_from_the_anchor_and_never_chained(every, anchor, begins):
    periods = cycle(every, anchor)
    found = [periods.containing(day(anchor), BERLIN)]
    for _ in begins[1:]:
        found.append(periods.following(found[-1]))

    assert [one.start.isoformat() for one in found] == begins
    assert [periods.preceding(one).start.isoformat() for one in found[1:]] == begins[:-1]


def test_a_year_from_the_29th_of_february_has_it_again_in_a_leap_year():
    assert cycle("1 year", "2024-02-29").containing(day("2028-03-01"), "UTC").start == day(
        "2028-02-29"
    )


# (the whole period's price, its period, what was held of it, how) → what that costs
@pytest.mark.parametrize(
    ("price", "period", "held", "how", "due"),
    [
        # leap years
        ("29.00", ("2028-02-01", 1), ("2028-02-20", "2028-03-01"), {}, "10.00"),
        ("28.00", ("2026-02-01", 1), ("2026-02-20", "2026-03-01"), {}, "9.00"),
        ("29.00", ("2028-02-20", 15), ("2028-02-20", "2028-03-15"), {}, "24.00"),
        # anchors beyond the month's end
        ("60.00", ("2026-04-10", 31), ("2026-04-10", "2026-04-30"), {}, "40.00"),
        ("31.00", ("2026-01-20", 30), ("2026-01-20", "2026-01-30"), {}, "10.00"),  # of 31 days
        ("29.00", ("2027-02-10", 30), ("2027-02-10", "2027-02-28"), {}, "18.00"),  # of 29 days
        # one day, the first, the last
        ("31.00", ("2026-05-01", 1), ("2026-05-01", "2026-05-02"), {}, "1.00"),
        ("31.00", ("2026-05-01", 1), ("2026-05-31", "2026-06-01"), {}, "1.00"),
        # what lies outside counts for nothing
        ("31.00", ("2026-05-01", 1), ("2026-04-01", "2026-05-11"), {}, "10.00"),
        ("31.00", ("2026-05-01", 1), ("2026-06-02", "2026-06-11"), {}, "0.00"),
        # the day of the end charged
        ("31.00", ("2026-05-01", 1), ("2026-05-01", "2026-05-11"), {"end_day": "charged"}, "11.00"),
        ("31.00", ("2026-05-01", 1), ("2026-05-01", "2026-06-01"), {"end_day": "charged"}, "31.00"),
        # thirty days
        ("30.00", ("2026-02-01", 1), ("2026-02-15", "2026-03-01"), {"basis": "30 days"}, "14.00"),
        ("30.00", ("2026-02-01", 1), ("2026-02-01", "2026-03-01"), {"basis": "30 days"}, "30.00"),
        ("30.00", ("2026-01-01", 1), ("2026-01-02", "2026-02-01"), {"basis": "30 days"}, "30.00"),
        ("30.00", ("2026-01-01", 1), ("2026-01-17", "2026-02-01"), {"basis": "30 days"}, "15.00"),
        # 10.00 × 20/31 = 6.4516…, half up or as asked
        ("10.00", ("2026-05-01", 1), ("2026-05-12", "2026-06-01"), {}, "6.45"),
        ("10.00", ("2026-05-01", 1), ("2026-05-12", "2026-06-01"), {"rounding": "up"}, "6.46"),
    ],
)
def test_part_of_a_month_costs_its_days(price, period, held, how, due):
    around, anchor = period
    found = prorate(
        Money.parse(price, "EUR"),
        (day(held[0]), day(held[1])),
        month(around, BERLIN, anchor),
        **how,
    )
    assert found.value == due


@pytest.mark.parametrize(
    ("every", "anchor", "held", "price", "due"),
    [
        ("1 week", "2026-11-16", ("2026-11-19", "2026-11-23"), "14.00", "8.00"),  # 4 of 7 days
        ("3 months", "2026-01-01", ("2026-02-15", "2026-04-01"), "90.00", "45.00"),  # 45 of 90
        ("1 year", "2026-01-01", ("2026-07-01", "2027-01-01"), "365.00", "184.00"),
        ("1 year", "2028-01-01", ("2028-03-01", "2029-01-01"), "366.00", "306.00"),
        ("30 days", "2026-01-31", ("2026-02-10", "2026-03-02"), "60.00", "40.00"),
    ],
)
def test_part_of_any_period_costs_its_days(every, anchor, held, price, due):
    period = Cycle(every_from(every), day(anchor)).containing(day(held[0]), BERLIN)
    assert prorate(money(f"{price} EUR"), (day(held[0]), day(held[1])), period).value == due


@pytest.mark.parametrize(
    ("price", "around", "since", "zone", "due"),
    [
        ("1020.00", "2026-04-01", "2026-04-11 18:00", KOLKATA, "654.50"),  # 19.25 of 30 days
        ("743.00", "2026-03-01", "2026-03-29 00:00", DUBLIN, "71.00"),  # 23 h, 24 h, 24 h
        ("745.00", "2026-10-01", "2026-10-25 00:00", BERLIN, "169.00"),  # 25 h, six of 24 h
        ("745.00", "2026-10-01", "2026-10-25 03:00", BERLIN, "165.00"),  # three o'clock is hour 4
        ("720.00", "2026-04-01", "2026-04-30 23:59:59", BERLIN, "0.00"),  # 0.000277… hours
    ],
)
def test_by_second_the_time_elapsed_counts(price, around, since, zone, due):
    period = month(around, zone)
    part = Span(clock(since, zone), None)
    assert prorate(money(f"{price} EUR"), part, period, by="second").value == due


def test_by_day_the_days_on_which_clocks_change_count_like_others():
    march = month("2026-03-01", DUBLIN)
    assert share((day("2026-03-29"), march.end), march) == share(
        Span(clock("2026-03-29 15:00", DUBLIN), None), march
    )
    assert prorate(money("31.00 EUR"), (day("2026-03-29"), march.end), march).value == "3.00"


# What a bill of May makes of a change; 31 days, 60.00 and 30.00.
BIG, SMALL = plan("Big", "EUR", flat("60.00")), plan("Small", "EUR", flat("30.00"))
MAY, JUNE = month("2026-05-01", BERLIN), month("2026-06-01", BERLIN)


@pytest.mark.parametrize(
    ("old", "new", "on", "lines"),
    [
        ("60.00", "30.00", "2026-05-17", ["-29.03", "14.52"]),  # 15 days are left
        ("30.00", "60.00", "2026-05-17", ["-14.52", "29.03"]),
        ("30.00", "60.00", "2026-05-31", ["-0.97", "1.94"]),
        ("0.00", "60.00", "2026-05-17", ["29.03"]),
        ("60.00", "0.00", "2026-05-17", ["-29.03"]),
        ("30.00", "60.00", "2026-05-01", ["-30.00", "60.00"]),
    ],
)
def test_a_change_credits_what_is_left_of_the_old_plan_and_charges_it_on_the_new(
    old, new, on, lines
):
    before, after = plan("Old", "EUR", flat(old)), plan("New", "EUR", flat(new))
    home = sold(before, "2026-01-01", BERLIN)
    changed = change_plan(home, after, midnight(on))

    found = corrections(changed, MAY, recurring_charges(home, MAY))
    assert [line.amount.value for line in found if line.amount] == lines
    assert amounts(advance(changed, JUNE, [])) == [new]


def test_the_day_of_the_change_is_the_old_price_s_where_the_new_one_says_so():
    small = plan("Small", "EUR", flat("30.00", change_day="old"))
    home = sold(BIG, "2026-01-01", BERLIN)
    changed = change_plan(home, small, midnight("2026-05-17"))

    # 14 days are left of 31: 60 × 14/31 and 30 × 14/31.
    assert amounts(corrections(changed, MAY, recurring_charges(home, MAY))) == ["-27.10", "13.55"]


def test_at_the_period_s_end_a_change_costs_nothing_extra():
    home = sold(BIG, "2026-01-01", BERLIN)
    changed = change_plan(home, SMALL, midnight("2026-06-01"))

    assert corrections(changed, MAY, recurring_charges(home, MAY)) == []
    assert amounts(advance(changed, JUNE, [])) == ["30.00"]


def test_three_changes_in_a_month_leave_each_day_with_its_price():
    """May: ten days at 60.00, five at 30.00, sixteen at 60.00: 60 × 26/31 + 30 × 5/31 = 55.16."""
    home = sold(BIG, "2026-01-01", BERLIN)
    lines = recurring_charges(home, MAY)
    for on, version in [("2026-05-11", SMALL), ("2026-05-16", BIG)]:
        home = change_plan(home, version, midnight(on))
        lines += corrections(home, MAY, lines)

    total = Money.total((line.amount for line in lines), "EUR")
    assert abs(total.minor - 5516) <= 1  # each line is rounded by itself
    assert corrections(home, MAY, lines) == []


@pytest.mark.parametrize(
    ("terms", "due"),
    [({}, ["-20.00"]), ({"end_day": "charged"}, ["-19.00"]), ({"prorate": "none"}, [])],
)
def test_an_end_gives_back_what_was_paid_in_advance(terms, due):
    home = sold(plan("Thirty", "EUR", flat("30.00", **terms)), "2026-01-01", BERLIN)
    left = end(home, midnight("2026-06-11"))

    assert amounts(corrections(left, JUNE, recurring_charges(home, JUNE))) == due


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({}, ["10.00"]),
        ({"end_day": "charged"}, ["11.00"]),
        ({"prorate": "second"}, ["10.00"]),
        ({"prorate": "none"}, ["30.00"]),
    ],
)
def test_in_arrears_an_end_is_charged_for_what_was_held(terms, due):
    late = plan("Thirty", "EUR", flat("30.00", in_advance=False, **terms))
    left = end(sold(late, "2026-01-01", BERLIN), midnight("2026-06-11"))

    assert amounts(billed(left, JUNE)) == due


def test_started_and_ended_on_one_day_costs_nothing():
    morning, evening = clock("2026-06-11 09:00", BERLIN), clock("2026-06-11 18:00", BERLIN)
    visit = end(start("sub", "acc", "svc", BIG, morning, zone=BERLIN), evening)

    assert recurring_charges(visit, JUNE) == []


def test_of_nine_euros_each_three_instead_of_one_from_the_eleventh():
    one = sold(plan("Box", "EUR", flat("9.00")), "2026-01-01", BERLIN)
    three = set_quantity(one, 3, midnight("2026-06-11"))

    found = corrections(three, JUNE, recurring_charges(one, JUNE))
    assert printed(found) == [("credit", "-6.00 EUR"), ("proration", "18.00 EUR")]


def test_ten_days_in_pause_cost_the_reduced_fee():
    home = sold(plan("Thirty", "EUR", flat("30.00", while_paused="6.00")), "2026-01-01", BERLIN)
    away = resume(pause(home, midnight("2026-06-11")), midnight("2026-06-21"))

    found = corrections(away, JUNE, recurring_charges(home, JUNE))
    assert Money.total((line.amount for line in found), "EUR").value == "-8.00"  # -10.00 + 2.00


def test_an_agreed_price_holds_from_its_day_and_ends_with_the_plan():
    home = sold(SMALL, "2026-01-01", BERLIN)
    friend = override(home, "recurring", money("15.00 EUR"), midnight("2026-06-01"))
    changed = change_plan(friend, BIG, midnight("2026-07-01"))

    assert amounts(recurring_charges(friend, JUNE)) == ["15.00"]
    assert amounts(recurring_charges(changed, month("2026-07-01", BERLIN))) == ["60.00"]


@pytest.mark.parametrize(
    ("days", "due"),
    [(14, ["8.00"]), (21, ["1.00"]), (22, [])],  # from 10 January; 8 of 31 days are left
)
def test_after_a_trial_the_rest_of_the_month_is_charged(days, due):
    trial = plan("Trial", "EUR", flat("31.00"), trial={"days": days})
    home = sold(trial, "2026-01-10", BERLIN)

    assert amounts(recurring_charges(home, month("2026-01-01", BERLIN))) == due


@pytest.mark.parametrize(
    ("amount", "every", "period", "due"),
    [
        ("90.00", "3 months", "2026-04-01", ["90.00"]),
        ("90.00", "3 months", "2026-05-01", []),
        ("365.00", "1 year", "2026-01-01", ["365.00"]),
        ("365.00", "1 year", "2026-02-01", []),
    ],
)
def test_a_quarter_and_a_year_are_charged_by_the_bill_in_which_they_begin(
    amount, every, period, due
):
    longer = plan("Longer", "EUR", flat(amount, every=every, align="calendar"))
    home = sold(longer, "2026-01-01", BERLIN)

    assert amounts(recurring_charges(home, month(period, BERLIN))) == due


def test_a_calendar_year_that_one_joins_in_july_costs_184_days_of_it():
    yearly = plan("Year", "EUR", flat("365.00", every="1 year", align="calendar"))
    home = sold(yearly, "2026-07-01", BERLIN)

    assert amounts(recurring_charges(home, month("2026-07-01", BERLIN))) == ["184.00"]


TWO_STEPS = [{"from": 0, "fee": "200.00"}, {"from": 12, "fee": "100.00"}]


@pytest.mark.parametrize(
    ("fee", "ends", "due"),
    [
        ({"kind": "straight line", "amount": "240.00"}, "2027-01-15", ["120.00"]),  # 12 of 24
        ({"kind": "straight line", "amount": "240.00"}, "2026-10-20", ["150.00"]),  # 9 of 24
        ({"kind": "per completed month", "amount": "350.00", "monthly": "10.00"}, "2027-06-14",
         ["190.00"]),  # 16 completed
        ({"kind": "steps", "steps": TWO_STEPS}, "2026-12-15", ["200.00"]),
        ({"kind": "steps", "steps": TWO_STEPS}, "2027-01-15", ["100.00"]),
        ({"kind": "remaining", "percent": "50"}, "2027-11-15", ["40.00"]),  # 2 × 40.00
        ({"kind": "straight line", "amount": "240.00"}, "2028-01-15", []),
    ],
)  # fmt: skip
def test_an_end_before_two_years_are_over_costs_what_the_contract_says(fee, ends, due):
    bound = plan("Bound", "EUR", flat("40.00"), contract={"months": 24, "termination": fee})
    left = end(sold(bound, "2026-01-15", BERLIN), midnight(ends))

    assert amounts(termination_charges(left, month(ends, BERLIN), [])) == due


@pytest.mark.parametrize(
    ("validity", "at", "zone", "ends"),
    [
        ("24 hours", "2026-03-28 18:00", DUBLIN, "2026-03-29 19:00"),  # clocks go forward
        ("1 local day", "2026-03-28 18:00", DUBLIN, "2026-03-29 00:00"),
        ("7 local days", "2026-03-28 18:00", DUBLIN, "2026-04-04 00:00"),
        ("7 days", "2026-03-28 18:00", DUBLIN, "2026-04-04 19:00"),
        ("1 month", "2027-01-31 08:30", BERLIN, "2027-02-28 08:30"),
        ("1 month", "2028-01-31 08:30", BERLIN, "2028-02-29 08:30"),
        ("3 months", "2026-11-30 08:30", BERLIN, "2027-02-28 08:30"),
        ("30 days", "2026-10-01 12:00", BERLIN, "2026-10-31 11:00"),  # clocks went back
    ],
)
def test_a_pass_holds_as_long_as_it_says(validity, at, zone, ends):
    assert validity_from(validity).end(clock(at, zone), zone) == clock(ends, zone)


def test_a_week_bought_twice_is_two_weeks_and_once_late_begins_anew():
    weekly = next(
        iter(plan("Week", "EUR", {"model": "pass", "amount": "5.00", "validity": "7 days"}).prices)
    )
    bought = [
        clock(text, BERLIN) for text in ("2026-06-01 08:00", "2026-06-03 20:00", "2026-07-01 09:30")
    ]
    ends = [span.end for span in pass_spans(weekly, bought, BERLIN)]

    assert ends == [
        clock(text, BERLIN) for text in ("2026-06-08 08:00", "2026-06-15 08:00", "2026-07-08 09:30")
    ]


@pytest.mark.parametrize(
    ("discount", "june", "september"),
    [
        ({"kind": "percent", "value": "20", "periods": 3}, "24.00", "30.00"),
        ({"kind": "amount", "value": "12.50", "periods": 3}, "17.50", "30.00"),
        ({"kind": "amount", "value": "40.00"}, "0.00", "0.00"),  # never below nothing
        ({"kind": "percent", "value": "100", "periods": 4}, "0.00", "0.00"),
    ],
)
def test_a_promotion_ends_after_its_periods(discount, june, september):
    promoted = plan(
        "Promo",
        "EUR",
        flat("30.00"),
        discounts=[{"code": "promo", "name": "Promotion", **discount}],
    )
    home = sold(promoted, "2026-06-01", BERLIN)

    def bill_before(period):
        lines = billed(home, month(period, BERLIN), before=recurring_charges(home, JUNE))
        following = [line for line in lines if line.span[0] == period_containing(
            month(period, BERLIN).end, 1, BERLIN).start]  # fmt: skip
        return Money.total((line.amount for line in following), "EUR").value

    first = billed(home, month("2026-05-01", BERLIN))
    assert Money.total((line.amount for line in first), "EUR").value == june
    assert bill_before("2026-08-01") == september

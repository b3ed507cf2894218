"""Published tariffs, each in its currency and its zone, as their bills print them."""

from datetime import date, timedelta
from fractions import Fraction

import pytest

from billing.core.allowance import Part, simulate
from billing.core.catalog import price_from
from billing.core.charging import advance, corrections, once_charges, passes, recurring_charges
from billing.core.charging.contracts import termination_charges
from billing.core.money import Money
from billing.core.period import local_midnight, period_containing, prorate
from billing.core.rating import quantity_of, rate
from billing.core.subscription import Purchase, buy, change_plan, end, rise, risen
from billing.core.tax import TaxRate, taxes, with_net
from tests.tariffs.bills import (
    GB,
    amounts,
    billed,
    clock,
    costs,
    cycle,
    day,
    flat,
    money,
    month,
    plan,
    printed,
    sold,
)

NEW_YORK, CHENNAI, LONDON, BERLIN = (
    "America/New_York",
    "Asia/Kolkata",
    "Europe/London",
    "Europe/Berlin",
)
NAIROBI = "Africa/Nairobi"


def taxed(lines, country, percent, on):
    """Base and tax of a document at one rate."""
    table = [TaxRate(country, "standard", Fraction(percent), day("2000-01-01"))]
    [item] = taxes(with_net(lines, country, on, table), country, on, table)
    return item.base.value, item.amount.value


# T-1: 1.2 TB, ten dollars for each started 50 GB above, a hundred at most.
XFINITY = plan(
    "Unlimited-ish",
    "USD",
    flat("70.00"),
    {
        "model": "package",
        "code": "data",
        "unit": "GB",
        "included": "1200",
        "block_size": "50",
        "block_price": "10.00",
        "ceiling": "100.00",
    },
)


@pytest.mark.parametrize(
    ("gigabytes", "overage"),
    [
        ("1200.000000000", []),
        ("1200.000000001", ["10.00"]),
        ("1250.000000000", ["10.00"]),
        ("1250.000000001", ["20.00"]),
        ("1437", ["50.00"]),
        ("1650", ["90.00"]),
        ("1700", ["100.00"]),
        ("2500", ["100.00"]),
    ],
)
def test_t1_the_bill_has_ten_dollars_for_each_started_fifty_gigabytes(gigabytes, overage):
    january, home = month("2026-01-01", NEW_YORK), sold(XFINITY, "2026-01-01", NEW_YORK)
    lines = billed(home, january, gigabytes, before=recurring_charges(home, january))

    usage = [line.amount.value for line in lines if line.kind == "usage" and line.amount]
    assert usage == overage
    assert [line.amount.value for line in lines if line.kind == "recurring"] == ["70.00"]


def test_t1_its_alerts_come_once_each_and_none_after_the_hundred_dollars():
    data = price_from(
        {
            "model": "allowance",
            "unit": "GB",
            "currency": "USD",
            "buckets": [{"code": "data", "size": "1200"}],
            "after": "charge",
            "overage": {
                "model": "package",
                "block_size": "50",
                "block_price": "10.00",
                "ceiling": "100.00",
            },
            "alerts": {"percents": ["75", "90", "100"], "blocks": True},
        }
    )
    march = month("2026-03-01", NEW_YORK)  # in which a day has 23 hours
    begin = march.span.start
    hours = [
        Part.of(begin + timedelta(hours=n), begin + timedelta(hours=n + 1), 4 * GB)
        for n in range(march.days * 24 - 1)
    ]

    simulated = simulate(data, march, hours)

    at = [900, 1080, 1200, *range(1250, 1701, 50)]
    assert [alert.quantity // GB for alert in simulated.alerts] == at
    assert str(simulated.overage.amount) == "100.00 USD"


# T-3: the same octets, 1,024 of which unit?
@pytest.mark.parametrize(("unit", "due"), [("GB", "20.00 USD"), ("GiB", "10.00 USD")])
def test_t3_a_terabyte_of_1024_is_two_blocks_exceeded_in_gb_and_one_in_gib(unit, due):
    cap = price_from(
        {
            "model": "package",
            "unit": unit,
            "currency": "USD",
            "included": "1024",
            "block_size": "50",
            "block_price": "10.00",
        }
    )
    line = rate(cap, quantity_of(cap, 0, 1_100_000_000_000))

    assert str(line.amount) == due
    assert any(unit in step for step in line.steps)  # which unit it was is printed


# T-5: 50 GB for 1,300 shillings, 20 for each further GB.
@pytest.mark.parametrize(
    ("terms", "overage", "total"),
    [({}, "268.00", "1568.00"), ({"per_started": "1"}, "280.00", "1580.00")],
)
def test_t5_63_4_gb_are_13_4_more_or_14_when_started_gigabytes_count(terms, overage, total):
    data = {"model": "per_unit", "code": "data", "unit": "GB", "included": "50", "per_unit": "20"}
    starlink = plan("Fifty", "KES", flat("1300.00", in_advance=False), {**data, **terms})
    june = month("2026-06-01", NAIROBI)
    lines = billed(sold(starlink, "2026-01-01", NAIROBI), june, "63.4")

    assert sorted(amounts(lines)) == ["1300.00", overage]
    assert Money.total((line.amount for line in lines), "KES").value == total


def test_t5_of_1568_shillings_with_16_per_cent_in_them_216_28_are_tax():
    data = {"model": "per_unit", "code": "data", "unit": "GB", "included": "50", "per_unit": "20"}
    starlink = plan(
        "Fifty",
        "KES",
        flat("1300.00", in_advance=False, tax_included=True),
        {**data, "tax_included": True},
    )
    june = month("2026-06-01", NAIROBI)
    lines = billed(sold(starlink, "2026-01-01", NAIROBI), june, "63.4")

    assert taxed(lines, "KE", "16", june.end) == ("1351.72", "216.28")


# T-6: thirty days from the payment's instant.
def test_t6_a_pass_runs_thirty_times_24_hours_and_a_late_renewal_begins_when_it_is_paid():
    bronze = plan("Bronze", "KES", {"model": "pass", "amount": "2999.00", "validity": "30 days"})
    home = sold(bronze, "2026-01-01", NAIROBI)
    home = buy(home, Purchase("pay-1", "pass", clock("2026-01-31 10:00", NAIROBI)))
    home = buy(home, Purchase("pay-2", "pass", clock("2026-03-05 12:00", NAIROBI)))
    january, march = month("2026-01-01", NAIROBI), month("2026-03-01", NAIROBI)

    first, second = passes(home, march)

    assert first.span.end == clock("2026-03-02 10:00", NAIROBI)
    assert second.span.start == clock("2026-03-05 12:00", NAIROBI)
    assert second.span.end == clock("2026-04-04 12:00", NAIROBI)
    assert second.span.start - first.span.end == timedelta(days=3, hours=2)
    bought = once_charges(home, january, []) + once_charges(home, march, [])
    assert amounts(bought) == ["2999.00", "2999.00"]  # nothing for the days between


# T-7: a month, an upgrade, and a year left after seven months.
BASIC, BLAZE = plan("Basic", "INR", flat("820.00")), plan("Blaze", "INR", flat("1020.00"))


def test_t7_a_month_is_967_60_with_two_taxes_of_nine_per_cent():
    april = month("2026-04-01", CHENNAI)
    lines = recurring_charges(sold(BASIC, "2026-01-01", CHENNAI), april)

    assert taxed(lines, "IN", "9", april.start) == ("820.00", "73.80")  # CGST, and SGST the same
    assert taxed(lines, "IN", "18", april.start) == ("820.00", "147.60")


def test_t7_an_upgrade_on_the_eleventh_of_april_costs_157_33():
    april = month("2026-04-01", CHENNAI)
    home = sold(BASIC, "2026-01-01", CHENNAI)
    upgraded = change_plan(home, BLAZE, local_midnight(day("2026-04-11"), CHENNAI))

    lines = corrections(upgraded, april, recurring_charges(home, april))

    assert printed(lines) == [("credit", "-546.67 INR"), ("proration", "680.00 INR")]
    assert taxed(lines, "IN", "18", april.end) == ("133.33", "24.00")


@pytest.mark.parametrize(
    ("rule", "refund"),
    [
        ({"early_end": "refund"}, ["-4162.50"]),  # 5/12 of 9,990
        ({"early_end": "re-rate", "re_rated_at": "999.00"}, ["-2997.00"]),  # less 7 × 999
        ({"early_end": "keep"}, []),
    ],
)
def test_t7_a_year_of_9990_left_after_seven_months(rule, refund):
    yearly = plan("B-Max", "INR", flat("9990.00", every="1 year", align="anniversary", **rule))
    home = sold(yearly, "2026-01-01", CHENNAI)
    paid = recurring_charges(home, month("2026-01-01", CHENNAI))

    left = end(home, local_midnight(day("2026-08-01"), CHENNAI))

    assert amounts(corrections(left, month("2026-08-01", CHENNAI), paid)) == refund


# T-10: a rise in pounds and pence within a contract, prices with VAT in them.
FIBRE = plan("Fibre", "GBP", flat("32.99", tax_included=True))


def test_t10_three_pounds_more_from_31_march_make_33_96_of_this_period():
    home = sold(FIBRE, "2024-10-10", LONDON)
    rises = day("2025-03-31")
    dearer = risen(FIBRE, by_amount=money("3.00 GBP"), valid_from=rises)
    raised = rise(home, dearer, local_midnight(rises, LONDON))

    lines = recurring_charges(raised, month("2025-03-10", LONDON, anchor=10))

    assert amounts(lines) == ["22.35", "11.61"]  # 32.99 × 21/31, 35.99 × 10/31
    assert taxed(lines, "GB", "20", day("2025-04-10")) == ("28.30", "5.66")


def test_t10_the_next_spring_it_is_38_99_and_who_signed_under_another_rule_changes_nothing():
    first = risen(FIBRE, by_amount=money("3.00 GBP"), valid_from=day("2025-03-31"))
    second = risen(first, by_amount=money("3.00 GBP"), valid_from=day("2026-03-31"))
    home = sold(FIBRE, "2024-10-10", LONDON)
    for version in (first, second):
        home = rise(home, version, local_midnight(version.valid_from, LONDON))
    new_rule = plan("Fibre 2025", "GBP", flat("34.99", tax_included=True))
    newcomer = sold(new_rule, "2025-05-10", LONDON)

    may = month("2026-05-10", LONDON, anchor=10)
    assert amounts(recurring_charges(home, may)) == ["38.99"]
    assert rise(newcomer, second, local_midnight(day("2026-03-31"), LONDON)) is newcomer


# T-11: one bill with a month and a setup, both printed with the tax in them.
def test_t11_a_month_and_a_setup_are_102_25_in_all_and_their_nets_add_up():
    magenta = plan(
        "S",
        "EUR",
        flat("34.06", tax_included=True),
        {"model": "one_time", "amount": "68.19", "tax_included": True},
    )
    august = month("2020-08-01", BERLIN)
    home = sold(magenta, "2020-08-01", BERLIN)
    lines = recurring_charges(home, august) + once_charges(home, august, [])
    table = [TaxRate("DE", "standard", Fraction(16), day("2020-07-01"), day("2021-01-01"))]

    netted = with_net(lines, "DE", day("2020-08-01"), table)

    assert sorted(amounts(netted)) == ["29.36", "58.79"]
    assert taxed(lines, "DE", "16", day("2020-08-01")) == ("88.15", "14.10")


def test_t11_34_95_at_19_per_cent_is_29_37_and_5_58():
    lines = recurring_charges(
        sold(plan("S", "EUR", flat("34.95", tax_included=True)), "2026-01-01", BERLIN),
        month("2026-01-01", BERLIN),
    )
    assert taxed(lines, "DE", "19", day("2026-01-01")) == ("29.37", "5.58")


# T-12: 180 dollars less 15 for each completed month, 14 days free.
@pytest.mark.parametrize(
    ("ends", "due"),
    [
        ("2026-01-20", []),  # day 10
        ("2026-01-25", ["180.00"]),  # day 15
        ("2026-06-10", ["105.00"]),  # five completed
        ("2026-07-10", ["90.00"]),  # six
        ("2026-12-10", ["15.00"]),  # eleven
        ("2027-01-10", []),  # twelve
    ],
)
def test_t12_the_fee_falls_with_each_completed_month(ends, due):
    internet = plan(
        "Internet",
        "USD",
        flat("55.00"),
        contract={
            "months": 12,
            "cooling_off_days": 14,
            "termination": {
                "kind": "per completed month",
                "amount": "180.00",
                "monthly": "15.00",
            },
        },
    )
    home = sold(internet, "2026-01-10", "America/Chicago")
    left = end(home, local_midnight(day(ends), "America/Chicago"))

    assert amounts(termination_charges(left, month(ends, "America/Chicago"), [])) == due


def test_t12_a_change_of_plan_is_no_termination():
    terms = {
        "months": 12,
        "termination": {"kind": "per completed month", "amount": "180.00", "monthly": "15.00"},
    }
    home = sold(plan("One", "USD", flat("55.00"), contract=terms), "2026-01-10", NEW_YORK)
    changed = change_plan(
        home, plan("Two", "USD", flat("75.00")), local_midnight(day("2026-03-10"), NEW_YORK)
    )
    assert termination_charges(changed, month("2026-03-01", NEW_YORK), []) == []


# A: cases distilled from mistakes that were made elsewhere.
def test_a1_a_first_bill_has_the_rest_of_february_and_the_whole_of_march():
    february, march = month("2026-02-01", NEW_YORK), month("2026-03-01", NEW_YORK)
    home = sold(plan("Access", "USD", flat("59.99")), "2026-02-10", NEW_YORK)

    lines = corrections(home, february, []) + advance(home, march, [])

    assert amounts(lines) == ["40.71", "59.99"]  # 59.99 × 19/28
    assert Money.total((line.amount for line in lines), "USD").value == "100.70"


def test_a2_from_the_31st_every_month_is_whole_and_never_drifts():
    home = sold(plan("Fifty", "USD", flat("50.00")), "2026-01-31", NEW_YORK)
    period = period_containing(day("2026-01-31"), 31, NEW_YORK)
    begins, charged = [], []
    for _ in range(5):
        begins.append(period.start.isoformat())
        charged += amounts(recurring_charges(home, period))
        period = period_containing(period.end, 31, NEW_YORK)

    assert begins == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert charged == ["50.00"] * 5


@pytest.mark.parametrize(("when", "hours"), [("2026-03-08", 23), ("2026-11-01", 25)])
def test_a3_a_local_day_is_as_long_as_its_clock_makes_it(when, hours):
    span = cycle("1 day", when).containing(day(when), NEW_YORK).span
    assert span.end - span.start == timedelta(hours=hours)


@pytest.mark.parametrize(("when", "hours"), [("2026-03-08", 6), ("2026-11-01", 8)])
def test_a3_a_night_until_seven_is_an_hour_shorter_or_longer(when, hours):
    """A gigabyte in each hour of the day: the night's bucket pays those before seven."""
    price = price_from(
        {
            "model": "allowance",
            "unit": "GB",
            "currency": "USD",
            "windows": {"night": {"hours": "00:00-07:00"}},
            "buckets": [{"code": "night", "window": "night"}],
            "after": "charge",
            "overage": {"model": "per_unit", "per_unit": "1.00"},
        }
    )
    span = cycle("1 day", when).containing(day(when), NEW_YORK).span
    length = (span.end - span.start) // timedelta(hours=1)
    parts = [
        Part.of(span.start + timedelta(hours=n), span.start + timedelta(hours=n + 1), GB)
        for n in range(length)
    ]
    simulated = simulate(price, month(when, NEW_YORK), parts)

    assert simulated.overage.amount.value == f"{length - hours}.00"


def test_a8_tax_is_taken_of_the_rounded_base_and_a_credit_takes_back_the_same():
    november = month("2026-11-01", NEW_YORK)
    home = sold(plan("Two hundred", "USD", flat("200.00")), "2026-11-02", NEW_YORK)
    lines = recurring_charges(home, november)
    assert amounts(lines) == ["193.33"]  # 200 × 29/30

    assert taxed(lines, "US", "25", november.end) == ("193.33", "48.33")  # 241.66, not 241.67

    never = end(home, local_midnight(day("2026-11-02"), NEW_YORK) + timedelta(hours=1))
    taken_back = corrections(never, november, lines)
    assert taxed(taken_back, "US", "25", november.end) == ("-193.33", "-48.33")


@pytest.mark.parametrize(
    ("booked", "counted", "delta"),
    [
        ("1237", "1277", "10.00 USD"),  # 40 GB come late
        ("1237", "1147", "-10.00 USD"),  # 90 GB were counted twice
        ("1800", "1840", "0.00 USD"),  # at the ceiling already
    ],
)
def test_a10_to_a12_what_comes_late_is_rated_with_the_whole_less_what_is_booked(
    booked, counted, delta
):
    cap = next(price for price in XFINITY.prices if price.code == "data")
    before = rate(cap, booked).total

    assert str(rate(cap, counted, booked=before).amount) == delta


def test_a14_up_and_down_five_times_within_a_day_comes_to_nothing():
    april = month("2026-04-01", CHENNAI)
    home = sold(BASIC, "2026-01-01", CHENNAI)
    paid = recurring_charges(home, april)
    noon = clock("2026-04-11 12:00", CHENNAI)
    for times in range(5):
        home = change_plan(home, BLAZE, noon + timedelta(minutes=2 * times))
        home = change_plan(home, BASIC, noon + timedelta(minutes=2 * times + 1))

    assert corrections(home, april, paid) == []


def test_a14_with_the_bill_looked_at_in_between_no_credit_is_above_its_charge():
    april = month("2026-04-01", CHENNAI)
    home = sold(BASIC, "2026-01-01", CHENNAI)
    lines = recurring_charges(home, april)
    noon = clock("2026-04-11 12:00", CHENNAI)
    for minutes, version in enumerate([BLAZE, BASIC] * 5):
        home = change_plan(home, version, noon + timedelta(minutes=minutes))
        lines += corrections(home, april, lines)
        given = sum(line.amount.minor for line in lines if line.amount.minor < 0)
        taken = sum(line.amount.minor for line in lines if line.amount.minor > 0)
        assert -given <= taken

    assert Money.total((line.amount for line in lines), "INR").value == "820.00"


def test_a15_from_a_free_plan_to_three_dollars_on_the_same_day_is_one_line():
    free, three = plan("Free", "USD", flat("0.00")), plan("Three", "USD", flat("3.00"))
    april = month("2026-04-01", NEW_YORK)
    home = sold(free, "2026-04-01", NEW_YORK)
    changed = change_plan(home, three, clock("2026-04-01 15:00", NEW_YORK))

    lines = [line for line in corrections(changed, april, []) if line.amount]
    assert amounts(lines) == ["3.00"]


def test_a22_a_price_published_today_touches_no_period_of_who_has_the_old_one():
    home = sold(FIBRE, "2024-10-10", LONDON)
    january = month("2025-01-10", LONDON, anchor=10)
    before = recurring_charges(home, january)

    risen(FIBRE, by_percent="50", valid_from=date(2025, 1, 10))  # is on sale, and nobody's yet

    assert recurring_charges(home, january) == before
    assert corrections(home, january, before) == []
    assert str(prorate(money("32.99 GBP"), january.span, january)) == "32.99 GBP"
    assert costs({"currency": "GBP", **flat("32.99")}, 1) == "32.99 GBP"

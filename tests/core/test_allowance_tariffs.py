"""Allowances as they are sold, with the arithmetic done by hand."""

from dataclasses import replace
from fractions import Fraction

import pytest

from billing.core.allowance import Part, State, simulate, simulate_periods
from billing.core.catalog import Alerts
from billing.core.money import Money
from billing.core.period import HOUR
from tests.core.allowance_makers import (
    GB,
    NIGHT,
    all_month,
    allowance,
    bucket,
    gigabytes,
    local,
    month,
    used,
)
from tests.core.makers import eur, usd

JANUARY, FEBRUARY, MARCH = month(2026, 1), month(2026, 2), month(2026, 3)

XFINITY = allowance(
    buckets=[bucket("data", "1200")],
    after="charge",
    overage={
        "model": "package",
        "block_size": "50",
        "block_price": "10.00",
        "ceiling": "100.00",
    },
    alerts={"percents": ["75", "90", "100"], "blocks": True},
)


@pytest.mark.parametrize(
    ("total", "due"),
    [
        ("1200.000000000", "0.00"),
        ("1200.000000001", "10.00"),  # one byte over
        ("1250.000000000", "10.00"),
        ("1250.000000001", "20.00"),
        ("1437", "50.00"),
        ("1650", "90.00"),
        ("1700", "100.00"),
        ("2500", "100.00"),  # 26 blocks, but never more than 100 dollars
    ],
)
def test_t1_ten_dollars_for_each_started_fifty_gigabytes_above_1200_up_to_a_hundred(total, due):
    assert simulate(XFINITY, JANUARY, all_month(JANUARY, total)).overage.amount == usd(due)


def test_t1_alerts_come_once_each_at_75_90_and_100_percent_then_every_50_gb_up_to_the_ceiling():
    start = JANUARY.span.start
    hourly = [used(start + n * HOUR, 1, 10) for n in range(250)]

    alerts = simulate(XFINITY, JANUARY, hourly).alerts

    assert [alert.quantity // GB for alert in alerts] == [
        *(900, 1080, 1200),
        *(1250, 1300, 1350, 1400, 1450, 1500, 1550, 1600, 1650, 1700),
    ]
    assert alerts[0].at == start + 89 * HOUR  # the ninetieth hour brings the 900th gigabyte
    assert [alert.kind for alert in alerts[:4]] == ["percent", "percent", "percent", "block"]


def test_t1_one_byte_short_of_a_point_there_is_no_alert():
    alerts = simulate(XFINITY, JANUARY, all_month(JANUARY, "899.999999999")).alerts
    assert alerts == ()


def test_a_point_that_is_a_percent_and_a_full_block_is_told_once():
    price = replace(
        XFINITY, model=replace(XFINITY.model, alerts=Alerts((Fraction(100), Fraction(125)), True))
    )
    alerts = simulate(price, JANUARY, all_month(JANUARY, 1510)).alerts
    points = [alert.quantity // GB for alert in alerts]
    assert points == [1200, 1250, 1300, 1350, 1400, 1450, 1500]


@pytest.mark.parametrize(("unit", "blocks", "due"), [("GB", 2, "20.00"), ("GiB", 1, "10.00")])
def test_t3_the_same_bytes_are_two_blocks_over_1024_gb_and_one_over_1024_gib(unit, blocks, due):
    price = allowance(
        unit=unit,
        buckets=[bucket("data", "1024")],
        after="charge",
        overage={"model": "package", "block_size": "50", "block_price": "10.00"},
    )
    total = simulate(price, JANUARY, all_month(JANUARY, 1100))
    assert total.overage.amount == usd(due)
    assert total.overage.exact == 1000 * blocks


def test_t5_13_4_gb_above_50_cost_268_shillings_by_the_gb_and_280_by_the_started_gb():
    def starlink(overage):
        return allowance(
            currency="KES", buckets=[bucket("data", "50")], after="charge", overage=overage
        )

    by_part = starlink({"model": "per_unit", "per_unit": "20"})
    started = starlink({"model": "package", "block_size": "1", "block_price": "20"})

    amounts = [
        simulate(price, JANUARY, all_month(JANUARY, "63.4")).overage.amount
        for price in (by_part, started)
    ]
    assert amounts == [Money.parse("268.00", "KES"), Money.parse("280.00", "KES")]


NIGHT_BUNDLE = allowance(
    currency="EUR",
    windows=NIGHT,
    buckets=[
        bucket("night", "50", window="night", rollover={"cap": "60", "periods": 1}),
        bucket("day", "100"),
    ],
    after="charge",
    overage={"model": "per_unit", "per_unit": "0.50"},
)


def test_a_night_bundle_whose_rest_rolls_over_for_one_month_over_three_months():
    usage = [
        used(local("2026-01-10", 0), 7, 20),  # 20 of 50: 30 roll over
        used(local("2026-01-10", 7), 17, 90),
        used(local("2026-02-10", 0), 7, 45),  # the 30 rolled ones first, then 15 of 50
        used(local("2026-02-10", 7), 17, 112),  # 100 by day, 12 over
        used(local("2026-03-10", 0), 7, 90),  # 35 rolled over, 50 of March, 5 by the day's bucket
    ]

    january, february, march = simulate_periods(NIGHT_BUNDLE, [JANUARY, FEBRUARY, MARCH], usage)

    assert gigabytes(january.used) == {"night": 20, "day": 90}
    assert january.closing.left("night") == 30 * GB
    assert gigabytes(january.lost) == {"day": 10}
    assert gigabytes(february.used) == {"night": 45, "day": 100, "overage": 12}
    assert february.overage.amount == eur("6.00")
    assert (
        february.closing.left("night") == 35 * GB
    )  # all of February's own; none is left of before
    assert gigabytes(march.used) == {"night": 85, "day": 5}


def test_what_rolled_over_once_does_not_roll_over_again():
    january, february, march = simulate_periods(NIGHT_BUNDLE, [JANUARY, FEBRUARY, MARCH], [])
    assert [one.closing.left("night") // GB for one in (january, february, march)] == [50, 50, 50]
    assert [gigabytes(one.lost)["night"] for one in (february, march)] == [50, 50]


def test_the_night_lasts_six_hours_when_clocks_go_forward_and_eight_when_they_go_back():
    for day, hours in (("2026-03-08", 6), ("2026-11-01", 8)):
        period = month(2026, int(day[5:7]))
        each_hour = [used(local(day, hour), 1, 1) for hour in range(12)]
        assert gigabytes(simulate(NIGHT_BUNDLE, period, each_hour).used) == {
            "night": hours,
            "day": 12 - hours,
        }


FAMILY = allowance(
    currency="EUR",
    buckets=[bucket("pool", "30")],
    after="charge",
    overage={"model": "per_unit", "per_unit": "2.00"},
    pooled=True,
)


def test_a_pool_serves_three_services_and_within_an_hour_the_one_whose_id_comes_first():
    start = JANUARY.span.start
    usage = [
        used(start, 1, 10, "svc-c"),
        used(start, 1, 15, "svc-a"),
        used(start, 1, 10, "svc-b"),
        used(start + HOUR, 1, 1, "svc-a"),
    ]

    done = simulate(FAMILY, JANUARY, usage)

    assert [(paid.service_id, paid.bucket, paid.quantity // GB) for paid in done.paid] == [
        ("svc-a", "pool", 15),
        ("svc-b", "pool", 10),
        ("svc-c", "pool", 5),
        ("svc-c", "overage", 5),
        ("svc-a", "overage", 1),
    ]
    assert done.overage.amount == eur("12.00")
    assert simulate(FAMILY, JANUARY, usage[::-1]) == done


def test_one_month_of_any_twelve_is_courtesy_with_charge_and_credit_shown():
    price = allowance(
        buckets=[bucket("data", "100")],
        after="charge",
        overage={"model": "package", "block_size": "50", "block_price": "10.00"},
        courtesy={"months": 1, "of": 12},
    )
    months = [month(2026, n) for n in range(1, 13)] + [month(2027, n) for n in (1, 2, 3)]
    usage = [
        part
        for period, total in zip(months, [90, 160, 120, *[90] * 10, 130, 130], strict=True)
        for part in all_month(period, total)
    ]

    done = simulate_periods(price, months, usage)

    charged = {
        period.label: str(one.overage.amount) for period, one in zip(months, done, strict=True)
    }
    forgiven = [period.label for period, one in zip(months, done, strict=True) if one.courtesy]
    assert charged["2026-02-01"] == "20.00 USD"
    assert charged["2026-03-01"] == "10.00 USD"
    assert forgiven == ["2026-02-01", "2027-02-01"]  # March 2026 is within twelve of February
    assert done[1].courtesy == usd("20.00")


TOPPED_UP = allowance(
    currency="EUR",
    buckets=[bucket("data", "10"), bucket("more", "5", price="4.00")],
    after="top-up",
    top_up={"bucket": "more", "at_most": 2},
)


def test_an_automatic_top_up_is_bought_twice_and_then_the_service_stops():
    done = simulate(TOPPED_UP, JANUARY, all_month(JANUARY, 23))

    assert gigabytes(done.used) == {"data": 10, "more": 10, "stopped": 3}
    assert [(one.bucket, one.number, one.price) for one in done.bought] == [
        ("more", 1, eur("4.00")),
        ("more", 2, eur("4.00")),
    ]


def test_no_top_up_is_bought_before_one_octet_needs_it():
    assert simulate(TOPPED_UP, JANUARY, all_month(JANUARY, 10)).bought == ()
    assert len(simulate(TOPPED_UP, JANUARY, all_month(JANUARY, "10.000000001")).bought) == 1


def test_a_minute_bundle_counts_seconds_and_a_message_bundle_events():
    start = JANUARY.span.start
    minutes = allowance(unit="minute", buckets=[bucket("talk", "100")], after="stop")
    messages = allowance(unit="event", buckets=[bucket("sms", "3")], after="stop")

    talked = simulate(minutes, JANUARY, [Part.of(start, start + HOUR, 6_061)])
    sent = simulate(messages, JANUARY, [Part.of(start, start + HOUR, 5)])

    assert talked.used == {"talk": 6_000, "stopped": 61}
    assert sent.used == {"sms": 3, "stopped": 2}


def test_the_state_is_stored_as_json_and_read_back():
    closing = simulate(NIGHT_BUNDLE, JANUARY, [used(local("2026-01-10", 0), 7, 20)]).closing
    assert State.from_dict(closing.to_dict()) == closing
    assert closing.to_dict()["grants"] == [
        {
            "bucket": "night",
            "left": 30 * GB,
            "since": "2026-01-01T05:00:00Z",
            "until": None,
            "rolled": 1,
            "bought": False,
        }
    ]


def test_the_speed_of_the_next_octet_is_full_while_a_window_or_something_rolled_over_pays():
    price = allowance(
        windows=NIGHT,
        buckets=[
            bucket("night", window="night"),
            bucket("data", "10", rollover={"burnt": "last"}),
        ],
        after="slow",
        speeds=[{"above": "10", "policy": "1M"}],
    )
    opening = simulate(price, JANUARY, [used(local("2026-01-10", 7), 1, 7)]).closing  # 3 left
    day, night = local("2026-02-10", 7), local("2026-02-11", 0)

    def policy(*usage):
        return simulate(price, FEBRUARY, usage, opening=opening).policy

    assert policy(used(day, 1, 9)) == ""
    assert policy(used(day, 1, 10)) == ""  # 3 GB rolled over are left
    assert policy(used(day, 1, 13)) == "1M"
    assert policy(used(day, 1, 13), used(night, 1, 1)) == ""


def test_a_bucket_without_end_is_slowed_by_the_usage_that_counts():
    price = allowance(
        buckets=[bucket("data")], after="slow", speeds=[{"above": "500", "policy": "1M"}]
    )
    done = simulate(price, JANUARY, all_month(JANUARY, 501))
    assert [(paid.quantity // GB, paid.policy) for paid in done.paid] == [(500, ""), (1, "1M")]
    assert done.policy == "1M"

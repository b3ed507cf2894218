"""From one term to the next: rollover, changes of plan, renewals, and what was bought."""

from fractions import Fraction
from itertools import pairwise

import pytest

from billing.core.allowance import (
    EMPTY,
    NegativeUsage,
    NoAllowance,
    NotPooled,
    NotWhole,
    Part,
    PartCrossesEdge,
    PartOutside,
    after_change,
    edges,
    simulate,
    simulate_periods,
    term_of,
)
from billing.core.catalog import Allowance, Bucket, UsagePrice, price_from
from billing.core.period import HOUR, Span, rfc3339
from tests.core.allowance_makers import (
    GB,
    NEW_YORK,
    NIGHT,
    all_month,
    allowance,
    bought,
    bucket,
    gigabytes,
    instant,
    local,
    month,
    rolling,
    spans_of,
    used,
)
from tests.core.makers import usd

JANUARY, FEBRUARY, MARCH, APRIL = (month(2026, n) for n in (1, 2, 3, 4))


def left_after(price, *totals):
    """What rolled over after each month with so many gigabytes of usage."""
    months = [JANUARY, FEBRUARY, MARCH, APRIL][: len(totals)]
    usage = [
        part
        for period, total in zip(months, totals, strict=True)
        for part in all_month(period, total)
    ]
    return [one.closing.left("data") // GB for one in simulate_periods(price, months, usage)]


def test_burnt_first_what_rolled_over_is_used_before_the_months_own():
    assert left_after(rolling(), 70, 30, 0) == [30, 100, 100]


def test_burnt_last_what_rolled_over_is_used_after_the_months_own_and_may_expire_unused():
    assert left_after(rolling(burnt="last"), 70, 30, 0) == [30, 70, 100]


def test_two_periods_hold_what_is_left_of_the_two_months_before():
    assert left_after(rolling(periods=2), 40, 100, 0, 0) == [60, 60, 160, 200]


def test_the_cap_bounds_all_rolled_grants_together_and_takes_from_what_expires_first():
    price = rolling(periods=2, cap="150")
    _, february = simulate_periods(price, [JANUARY, FEBRUARY], all_month(JANUARY, 20))
    assert [(grant.rolled, grant.left // GB) for grant in february.closing.grants] == [
        (1, 50),
        (2, 100),
    ]
    assert gigabytes(february.lost) == {"data": 30}


def test_several_grants_of_a_bucket_burn_by_their_end_then_by_their_age():
    price = allowance(buckets=[bucket("more", "5", price="1", validity="10 days")], after="stop")
    purchases = [
        bought("more", "2026-01-12T00:00", "late"),
        bought("more", "2026-01-10T00:00", "early"),
    ]
    usage = [used(instant("2026-01-13T00:00"), 1, 6)]
    done = simulate(price, JANUARY, usage, purchases=purchases)
    assert gigabytes(done.used) == {"more": 6}
    assert gigabytes(done.lost) == {"more": 4}  # the rest of the later one


def test_a_purchase_counts_from_the_next_hour_and_one_in_the_last_hour_in_the_next_period():
    price = allowance(buckets=[bucket("more", "5", price="1", validity="7 days")], after="stop")
    purchase = bought("more", "2026-02-01T04:30")  # half an hour before February begins
    usage = [used(local("2026-01-31", 23), 1, 1), used(local("2026-02-01", 0), 1, 2)]

    january, february = simulate_periods(price, [JANUARY, FEBRUARY], usage, purchases=[purchase])

    assert gigabytes(january.used) == {"stopped": 1}
    assert gigabytes(february.used) == {"more": 2}
    (expiry,) = edges(price, FEBRUARY, january.closing, [purchase])
    assert rfc3339(expiry) == "2026-02-08T05:00:00Z"  # bought 04:30, valid to the hour after


def test_a_purchase_told_twice_is_one_purchase():
    price = allowance(buckets=[bucket("more", "5", price="1", validity="never")], after="stop")
    purchase = bought("more", "2026-01-10T00:00")
    _, february = simulate_periods(price, [JANUARY, FEBRUARY], [], purchases=[purchase, purchase])
    assert february.closing.left("more") == 5 * GB


def test_purchases_of_other_codes_are_not_for_this_allowance():
    price = allowance(buckets=[bucket("data", "5")], after="stop")
    purchases = [bought("pass", "2026-01-10T00:00", "a"), bought("data", "2026-01-10T00:00", "b")]
    assert simulate(price, JANUARY, [], purchases=purchases).granted == {"data": 5 * GB}


def test_edges_are_where_windows_open_grants_end_and_purchases_begin():
    price = allowance(
        windows={"weekend": {"days": ["weekend"]}},
        buckets=[
            bucket("weekend", "5", window="weekend"),
            bucket("start", "10", validity="3 days"),
            bucket("more", "5", price="1", validity="24 hours"),
        ],
        after="stop",
    )
    found = edges(price, FEBRUARY, purchases=[bought("more", "2026-02-10T10:20")])
    assert [rfc3339(at) for at in found[:4]] == [
        "2026-02-02T05:00:00Z",  # Sunday the first ends
        "2026-02-04T05:00:00Z",  # three days
        "2026-02-07T05:00:00Z",  # Saturday
        "2026-02-09T05:00:00Z",
    ]
    assert [rfc3339(at) for at in found[4:6]] == ["2026-02-10T11:00:00Z", "2026-02-11T11:00:00Z"]


def test_where_an_automatic_top_up_ends_after_hours_every_hour_is_an_edge_and_after_days_each_day():
    def topped_up(validity):
        return allowance(
            buckets=[bucket("more", "5", price="1", validity=validity)],
            after="top-up",
            top_up={"bucket": "more", "at_most": 9},
        )

    assert len(edges(topped_up("24 hours"), MARCH)) == 31 * 24 - 1 - 1  # an hour is skipped
    assert len(edges(topped_up("1 local day"), MARCH)) == 30
    assert edges(topped_up("period"), MARCH) == ()


def test_a_day_pass_bought_automatically_ends_at_midnight():
    price = allowance(
        buckets=[bucket("day", "2", price="3.00", validity="1 local day")],
        after="top-up",
        top_up={"bucket": "day", "at_most": 31},
    )
    usage = [used(local("2026-01-10", 23), 1, 1), used(local("2026-01-11", 0), 1, 1)]
    done = simulate(price, JANUARY, usage)
    assert [str(one.price) for one in done.bought] == ["3.00 USD", "3.00 USD"]
    assert gigabytes(done.lost) == {"day": 2}


@pytest.mark.parametrize(
    ("renewed_at", "restored"), [("2026-02-05T10:00", 40), ("2026-02-05T10:01", 0)]
)
def test_a_renewal_within_the_grace_restores_what_was_left_of_the_pass(renewed_at, restored):
    price = rolling("50", grace_days=5)
    first = term_of(Span(instant("2026-01-01T10:00"), instant("2026-01-31T10:00")), NEW_YORK)
    start = instant(renewed_at)
    second = term_of(Span(start, start + 30 * 24 * HOUR), NEW_YORK)
    usage = [used(first.start, 1, 10), used(second.hours[0], 1, 100)]

    before, after = simulate_periods(price, [first, second], usage)

    assert gigabytes(before.used) == {"data": 10}
    assert gigabytes(after.used)["data"] == 50 + restored
    assert after.lost.get("data", 0) == (40 - restored) * GB


def test_a_quantity_of_two_grants_each_size_twice():
    assert simulate(rolling(), JANUARY, [], quantity=2).granted == {"data": 200 * GB}


def test_larger_counts_the_growth_of_the_larger_sum_so_that_hours_and_spans_agree():
    price = allowance(direction="larger", buckets=[bucket("data", "100")], after="stop")
    start = JANUARY.span.start
    hours = [
        Part(start, start + HOUR, 5 * GB, 1 * GB),
        Part(start + HOUR, start + 2 * HOUR, 1 * GB, 20 * GB),  # sums 6 in, 21 out
    ]
    hourly = simulate(price, JANUARY, hours)
    assert [paid.quantity // GB for paid in hourly.paid] == [5, 16]
    whole = simulate(price, JANUARY, [Part(start, start + 2 * HOUR, 6 * GB, 21 * GB)])
    assert whole.used == hourly.used


def test_speeds_do_not_count_what_windows_purchases_and_rollover_paid():
    price = allowance(
        windows=NIGHT,
        buckets=[
            bucket("night", window="night"),
            bucket("data", "100", rollover={}),
            bucket("more", "10", price="1", validity="period"),
        ],
        after="slow",
        speeds=[{"above": "100", "policy": "10M"}, {"above": "120", "policy": "1M"}],
    )
    december = month(2025, 12)
    opening = simulate(price, december, [used(local("2025-12-02", 12), 1, 60)]).closing
    usage = [
        used(local("2026-01-02", 0), 1, 500),  # free at night
        used(local("2026-01-02", 12), 1, 140),  # 40 rolled over, then the month's own 100
        used(local("2026-01-02", 13), 1, 10),  # nothing left: 10M
        used(local("2026-01-02", 14), 1, 10),  # a top-up: full speed
        used(local("2026-01-02", 15), 1, 15),  # 10 more at 10M, then 1M
    ]
    done = simulate(
        price, JANUARY, usage, opening=opening, purchases=[bought("more", "2026-01-02T18:30")]
    )
    assert [(paid.bucket, paid.quantity // GB, paid.policy) for paid in done.paid] == [
        ("night", 500, ""),
        ("data", 140, ""),
        ("slow", 10, "10M"),
        ("more", 10, ""),
        ("slow", 10, "10M"),
        ("slow", 5, "1M"),
    ]
    assert done.policy == "1M"


def test_speeds_may_accompany_what_is_charged():
    price = allowance(
        buckets=[bucket("data", "10")],
        after="charge",
        overage={"model": "per_unit", "per_unit": "1"},
        speeds=[{"above": "12", "policy": "5M"}],
    )
    done = simulate(price, JANUARY, all_month(JANUARY, 15))
    assert [(paid.bucket, paid.quantity // GB, paid.policy) for paid in done.paid] == [
        ("data", 10, ""),
        ("overage", 2, ""),
        ("overage", 3, "5M"),
    ]
    assert done.overage.amount == usd("5.00")


def test_alerts_are_of_all_that_the_bucket_holds_with_what_rolled_over():
    price = allowance(
        buckets=[bucket("data", "100", rollover={})], after="stop", alerts={"percents": ["50"]}
    )
    december = month(2025, 12)
    opening = simulate(price, december, []).closing
    (alert,) = simulate(price, JANUARY, all_month(JANUARY, 100), opening=opening).alerts
    assert alert.quantity == 100 * GB  # half of 200


def test_usage_that_no_hour_of_the_term_can_have_is_refused():
    price = allowance(windows=NIGHT, buckets=[bucket("night", window="night")], after="stop")
    start = JANUARY.span.start
    with pytest.raises(PartCrossesEdge, match="crosses 2026-01-01T12:00:00Z"):
        simulate(price, JANUARY, [used(start, 8, 1)])
    with pytest.raises(PartOutside):
        simulate(price, JANUARY, [used(start - HOUR, 1, 1)])
    with pytest.raises(PartOutside):
        simulate_periods(price, [JANUARY], [used(FEBRUARY.span.start, 1, 1)])
    with pytest.raises(NegativeUsage):
        simulate(price, JANUARY, [Part(start, start + HOUR, -1, 5)])
    with pytest.raises(NotPooled, match="'a' and 'b'"):
        simulate(price, JANUARY, [used(start, 1, 1, "a"), used(start, 1, 1, "b")])


def test_only_an_allowance_in_whole_base_units_can_be_simulated():
    half = UsagePrice(
        code="data",
        name="Data",
        currency="USD",
        unit="event",
        model=Allowance((Bucket("data", "Data", Fraction(1, 2)),), "stop"),
    )
    with pytest.raises(NotWhole, match="no whole number of events"):
        simulate(half, JANUARY, [])
    plain = price_from({"model": "per_unit", "unit": "GB", "currency": "USD", "per_unit": "1"})
    with pytest.raises(NoAllowance):
        simulate(plain, JANUARY, [])
    with pytest.raises(NoAllowance):
        after_change(EMPTY, plain)


def test_a_pass_may_begin_at_any_minute_and_its_usage_counts_from_the_next_hour():
    term = term_of(Span(instant("2026-01-31T10:20"), instant("2026-03-02T10:20")), NEW_YORK)
    assert [rfc3339(at) for at in term.hours] == ["2026-01-31T11:00:00Z", "2026-03-02T11:00:00Z"]
    done = simulate(rolling("5"), term, [used(instant("2026-03-02T10:00"), 1, 1)])
    assert gigabytes(done.used) == {"data": 1}


def test_between_its_edges_a_period_is_covered_without_gaps():
    price = allowance(windows=NIGHT, buckets=[bucket("n", "1", window="night")], after="stop")
    spans = spans_of(price, MARCH)
    assert len(spans) == 62
    assert all(before[1] == after[0] for before, after in pairwise(spans))

"""Prepaid passes with an allowance, as they are sold, with the arithmetic done by hand."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from billing.core.allowance import (
    pass_span,
    pass_spans,
    simulate,
    simulate_periods,
    suspended_spans,
    term_of,
)
from billing.core.catalog import PassPrice
from billing.core.money import Money
from billing.core.period import HOUR, Validity, rfc3339
from tests.core.allowance_makers import (
    GB,
    allowance,
    bought,
    bucket,
    gigabytes,
    instant,
    used,
)

SAFARICOM = PassPrice(
    code="bronze",
    name="Bronze",
    currency="KES",
    amount=Fraction(299900),
    validity=Validity("days", 30),
)
FAIR_USE = allowance(
    currency="KES",
    buckets=[bucket("data", "500")],
    after="slow",
    speeds=[{"above": "500", "policy": "1M"}],
)
NAIROBI = "Africa/Nairobi"


def test_t6_a_pass_of_thirty_days_is_thirty_times_24_hours_and_late_renewal_begins_when_paid():
    first, second = pass_spans(
        SAFARICOM, [instant("2026-01-31T10:00"), instant("2026-03-05T12:00")], NAIROBI
    )
    assert rfc3339(first.end) == "2026-03-02T10:00:00Z"
    assert rfc3339(second.end) == "2026-04-04T12:00:00Z"
    (gap,) = suspended_spans((first, second), until=second.end)
    assert (gap.start, gap.end) == (first.end, second.start)
    assert gap.end - gap.start == timedelta(days=3, hours=2)


def test_t6_above_500_gb_it_runs_at_1_mbps_and_a_renewal_restores_it():
    first, second = (
        term_of(span, NAIROBI)
        for span in pass_spans(
            SAFARICOM, [instant("2026-01-31T10:00"), instant("2026-03-05T12:00")], NAIROBI
        )
    )
    usage = [
        used(first.start, 24, 499),
        used(first.start + 24 * HOUR, 24, 11),
        used(second.start, 24, 300),
    ]

    before, after = simulate_periods(FAIR_USE, [first, second], usage)

    assert [(paid.bucket, paid.quantity // GB, paid.policy) for paid in before.paid] == [
        ("data", 499, ""),
        ("data", 1, ""),
        ("slow", 10, "1M"),
    ]
    assert (before.policy, after.policy) == ("1M", "")
    assert before.overage is None  # nothing is charged but the pass
    assert gigabytes(after.used) == {"data": 300}


def test_renewed_while_it_runs_a_pass_is_extended_or_begins_anew():
    running_until = instant("2026-03-02T10:00")
    extended = pass_span(SAFARICOM, instant("2026-03-01T08:00"), NAIROBI, running_until)
    assert (rfc3339(extended.start), rfc3339(extended.end)) == (
        "2026-03-02T10:00:00Z",
        "2026-04-01T10:00:00Z",
    )
    anew = pass_span(
        replace(SAFARICOM, renewal="restarts"), instant("2026-03-01T08:00"), NAIROBI, running_until
    )
    assert (rfc3339(anew.start), rfc3339(anew.end)) == (
        "2026-03-01T08:00:00Z",
        "2026-03-31T08:00:00Z",
    )


def test_a_hybrid_account_prepays_the_pass_and_pays_what_exceeds_it_afterwards():
    price = allowance(
        currency="KES",
        buckets=[bucket("pass", "50"), bucket("boost", "10", price="150", validity="7 days")],
        after="charge",
        overage={"model": "per_unit", "per_unit": "20"},
    )
    span = pass_span(SAFARICOM, instant("2026-01-31T10:00"), NAIROBI)
    term = term_of(span, NAIROBI)
    boost = bought("boost", "2026-02-10T10:30")  # pays from 11:00 on, until 17 February 11:00
    usage = [
        used(term.start, 24, 48),
        used(instant("2026-02-10T10:00"), 1, 4),  # before the boost counts: 2 of the pass, 2 over
        used(instant("2026-02-10T11:00"), 1, 6),
        used(instant("2026-02-17T10:00"), 1, 1),
        used(instant("2026-02-17T11:00"), 1, 3),  # expired with 3 GB in it
    ]

    done = simulate(price, term, usage, purchases=[boost])

    assert gigabytes(done.used) == {"pass": 50, "overage": 5, "boost": 7}
    assert gigabytes(done.lost) == {"boost": 3}
    assert done.overage.amount == Money.parse("100.00", "KES")

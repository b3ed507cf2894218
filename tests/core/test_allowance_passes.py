"""Passes: when they run, and when nothing does."""

from dataclasses import replace
from fractions import Fraction

import pytest

from billing.core.allowance import pass_span, pass_spans, suspended_spans
from billing.core.catalog import PassPrice
from billing.core.period import Validity, rfc3339
from billing.core.period.validity import NoPeriodToEnd
from tests.core.allowance_makers import NEW_YORK, instant, local, month

MONTHLY = PassPrice(
    code="monthly",
    name="Month",
    currency="EUR",
    amount=Fraction(2000),
    validity=Validity("months", 1),
)
DAILY = replace(MONTHLY, code="daily", validity=Validity("local-days", 1))


def ends(spans):
    return [rfc3339(span.end)[:16] for span in spans]


def test_monthly_passes_in_an_unbroken_row_are_counted_from_the_first_and_not_chained():
    payments = [
        instant(day) for day in ("2026-01-31T10:00", "2026-02-20T09:00", "2026-03-27T09:00")
    ]
    spans = pass_spans(MONTHLY, payments, "UTC")
    assert ends(spans) == ["2026-02-28T10:00", "2026-03-31T10:00", "2026-04-30T10:00"]
    assert suspended_spans(spans, until=spans[-1].end) == ()


def test_a_pass_paid_after_a_gap_is_counted_from_its_own_payment():
    payments = [
        instant(day) for day in ("2026-01-31T10:00", "2026-03-01T09:00", "2026-03-20T09:00")
    ]
    assert ends(pass_spans(MONTHLY, payments, "UTC")) == [
        "2026-02-28T10:00",
        "2026-04-01T09:00",
        "2026-05-01T09:00",
    ]


def test_a_pass_paid_at_the_very_end_of_another_adjoins_it():
    payments = [instant("2026-01-31T10:00"), instant("2026-02-28T10:00")]
    assert ends(pass_spans(MONTHLY, payments, "UTC")) == ["2026-02-28T10:00", "2026-03-31T10:00"]


def test_a_restart_gives_up_what_is_left_of_the_pass_before():
    price = replace(MONTHLY, renewal="restarts", validity=Validity("days", 30))
    first, second = pass_spans(
        price, [instant("2026-01-01T10:00"), instant("2026-01-20T12:00")], "UTC"
    )
    assert first.end == second.start == instant("2026-01-20T12:00")
    assert rfc3339(second.end) == "2026-02-19T12:00:00Z"


def test_a_daily_pass_ends_at_local_midnight_and_its_extension_at_the_next_one():
    payments = [instant("2026-03-07T20:00"), instant("2026-03-07T21:00")]
    assert ends(pass_spans(DAILY, payments, NEW_YORK)) == ["2026-03-08T05:00", "2026-03-09T04:00"]


def test_payments_may_come_in_any_order():
    payments = [instant("2026-02-20T09:00"), instant("2026-01-31T10:00")]
    assert pass_spans(MONTHLY, payments, "UTC") == pass_spans(MONTHLY, payments[::-1], "UTC")


def test_after_the_last_pass_nothing_runs():
    spans = pass_spans(DAILY, [instant("2026-03-07T20:00")], NEW_YORK)
    (gap,) = suspended_spans(spans)
    assert (gap.start, gap.end) == (spans[0].end, None)
    assert suspended_spans(()) == ()


def test_a_pass_without_end_runs_for_ever():
    price = replace(MONTHLY, validity=Validity("never"))
    spans = pass_spans(price, [instant("2026-01-01T10:00"), instant("2026-02-01T10:00")], "UTC")
    assert [span.end for span in spans] == [None]
    assert suspended_spans(spans) == ()


def test_a_pass_for_the_period_ends_with_the_period_it_begins_in():
    price = replace(MONTHLY, validity=Validity("period"))
    paid = instant("2026-01-20T10:00")
    assert pass_span(price, paid, NEW_YORK, period=month(2026, 1)).end == local("2026-02-01", 0)
    with pytest.raises(NoPeriodToEnd):
        pass_span(price, paid, NEW_YORK)

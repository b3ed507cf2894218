from datetime import date

import pytest

from billing.core.period import BadValidity, Period, Validity, rfc3339, validity_from
from billing.core.period.validity import NoPeriodToEnd
from tests.core.allowance_makers import NEW_YORK, instant, local, month


@pytest.mark.parametrize(
    ("text", "at", "zone", "end"),
    [
        ("24 hours", "2026-01-31T10:00", "UTC", "2026-02-01T10:00:00Z"),
        ("30 days", "2026-01-31T10:00", "UTC", "2026-03-02T10:00:00Z"),  # 30 × 24 h, not a month
        ("1 day", "2026-03-08T05:00", NEW_YORK, "2026-03-09T05:00:00Z"),  # midnight to 01:00 EDT
        ("1 local day", "2026-03-08T05:00", NEW_YORK, "2026-03-09T04:00:00Z"),  # 23 hours
        ("1 local day", "2026-11-01T04:00", NEW_YORK, "2026-11-02T05:00:00Z"),  # 25 hours
        ("1 local day", "2026-06-01T16:30", NEW_YORK, "2026-06-02T04:00:00Z"),  # ends at midnight
        ("7 local days", "2026-06-01T16:30", NEW_YORK, "2026-06-08T04:00:00Z"),
        ("1 month", "2026-01-31T10:00", "UTC", "2026-02-28T10:00:00Z"),
        ("2 months", "2026-01-31T10:00", "UTC", "2026-03-31T10:00:00Z"),
        ("12 months", "2024-02-29T10:00", "UTC", "2025-02-28T10:00:00Z"),
        ("1 month", "2026-02-15T17:00", NEW_YORK, "2026-03-15T16:00:00Z"),  # noon stays noon
        ("1 month", "2026-02-08T07:30", NEW_YORK, "2026-03-08T07:30:00Z"),  # 02:30 is skipped
        ("1 month", "2026-10-01T05:30", NEW_YORK, "2026-11-01T05:30:00Z"),  # 01:30 comes twice
    ],
)
def test_a_validity_ends_at_an_instant(text, at, zone, end):
    assert rfc3339(validity_from(text).end(instant(at), zone)) == end


def test_a_validity_of_the_period_ends_with_it_and_one_without_end_never():
    january = month(2026, 1)
    at = local("2026-01-10", 5)
    assert validity_from("period").end(at, NEW_YORK, january) == local("2026-02-01", 0)
    assert validity_from("never").end(at, NEW_YORK) is None
    with pytest.raises(NoPeriodToEnd):
        validity_from("period").end(at, NEW_YORK)


def test_in_a_zone_whose_day_begins_later_a_local_day_ends_where_the_next_begins():
    # Clocks in Santiago skip the hour after midnight on 6 September 2026.
    zone = "America/Santiago"
    bought = instant("2026-09-05T15:00")
    assert rfc3339(Validity("local-days", 1).end(bought, zone)) == "2026-09-06T04:00:00Z"
    assert Period(date(2026, 9, 6), date(2026, 9, 7), zone).span.start == instant(
        "2026-09-06T04:00"
    )


@pytest.mark.parametrize(
    "text",
    ["1 hour", "30 days", "1 day", "7 local days", "1 local day", "2 months", "period", "never"],
)
def test_a_validity_is_written_as_it_was_read(text):
    assert validity_from(text).text == text


@pytest.mark.parametrize(
    "text", ["", "30", "days", "0 days", "-1 day", "30 Days", "1.5 days", "99999 days", None, 30]
)
def test_what_is_no_validity_is_refused_with_what_to_write(text):
    with pytest.raises(BadValidity, match=r"write 30 days, 24 hours|count from 1 to 3660"):
        validity_from(text)

"""Usage as stored: blind puts, folding, reading back as far as it takes."""

from datetime import date, timedelta

import pytest

from billing.core.period import Span
from billing.core.usage import mediate
from billing.store import folding, usage
from billing.store.tables import UsageRow
from tests import faults
from tests.core.usage.facts import (
    MB,
    OCTOBER,
    SETTINGS,
    at,
    held,
    opened,
    pack,
    record,
)

pytestmark = pytest.mark.usefixtures("tables")
CLAIMS = [held("user:aoife", "svc_1", at("01-01 00:00"))]
BEGAN = at("10-02 09:00")


def segments(*records):
    batch = mediate(opened(pack(records)), SETTINGS)
    assert not batch.suspended
    return batch.segments


def deliver(*records):
    usage.put(segments(*records), SETTINGS)


def downloaded(window=OCTOBER.span, claims=CLAIMS):
    return usage.of(claims, {"svc_1": [window]}, SETTINGS)["svc_1"][0].octets_out


def keys():
    return {(row.pk, row.sk) for row in UsageRow.scan()}


def fold(**options):
    done = [folding.fold(bucket, SETTINGS, **options) for bucket in range(SETTINGS.buckets)]
    return sum(one.items for one in done), sum(one.segments for one in done)


def test_a_batch_delivered_twice_is_stored_and_counted_once():
    batch = segments(record(at("10-02 10:00"), 7 * MB, BEGAN))

    usage.put([*batch, *batch], SETTINGS)
    stored = keys()
    usage.put(batch, SETTINGS)

    assert keys() == stored
    assert downloaded() == 7 * MB


def test_a_segment_expires_when_the_retention_of_its_day_ends():
    deliver(record(at("10-02 10:00"), 7 * MB, BEGAN))

    (row,) = UsageRow.scan()
    assert row.expires == int((at("10-01 23:00") + timedelta(days=401)).timestamp())


def test_folding_changes_no_figure_and_leaves_one_item_per_identity_and_day():
    for hours in range(1, 30):
        deliver(record(BEGAN + timedelta(hours=hours), hours * MB, BEGAN))
    before = usage.series(CLAIMS, OCTOBER.span, SETTINGS)

    assert fold() == (2, 29)

    assert usage.series(CLAIMS, OCTOBER.span, SETTINGS) == before
    assert downloaded() == 29 * MB
    assert {key for key in keys() if key[0].startswith("USE#")} == {
        ("USE#user:aoife", "2026-10-02"),
        ("USE#user:aoife", "2026-10-03"),
    }
    assert not any(pk.startswith("SEG#") for pk, _ in keys())


def test_a_segment_delivered_again_after_folding_adds_nothing_and_folds_away():
    batch = segments(record(at("10-02 10:00"), 7 * MB, BEGAN))
    usage.put(batch, SETTINGS)
    fold()
    folded = keys()

    usage.put(batch, SETTINGS)

    assert downloaded() == 7 * MB
    assert fold() == (0, 1)
    assert keys() == folded


def test_folding_takes_closed_hours_or_named_days_only():
    deliver(record(at("10-02 10:10"), 1 * MB, BEGAN))
    deliver(record(at("10-02 11:10"), 2 * MB, BEGAN))
    deliver(record(at("10-03 11:10"), 3 * MB, BEGAN))

    assert fold(before=at("10-02 11:40")) == (1, 1)
    assert fold(days=[date(2026, 10, 3)]) == (1, 1)
    assert fold() == (1, 1)


def test_folding_killed_at_any_call_loses_and_doubles_nothing():
    def prepare():
        for hours in (1, 2, 30):
            deliver(record(BEGAN + timedelta(hours=hours), hours * MB, BEGAN))
        deliver(record(BEGAN + timedelta(hours=1), 5 * MB, BEGAN, user_name="brian"))

    prepare()
    calls = faults.calls_of(fold)
    for call in range(1, calls + 1):
        for when in ("before", "after"):
            prepare()
            faults.killed(fold, call, when)
            assert downloaded() == 30 * MB, (call, when)
            fold()
            assert downloaded() == 30 * MB, (call, when)


def test_an_identity_killed_between_its_listing_and_its_item_is_still_listed():
    def prepare():
        deliver(record(at("10-02 10:00"), 7 * MB, BEGAN, user_name="nobody"))

    prepare()
    for call in range(1, faults.calls_of(fold) + 1):
        for row in UsageRow.scan():
            row.delete()
        prepare()
        faults.killed(fold, call, "after")
        fold()
        (one,) = usage.list_unbilled(OCTOBER.span, lambda _: {}, SETTINGS)
        assert one.used.octets_out == 7 * MB


def test_a_folder_that_lost_the_race_reads_again(monkeypatch):
    late = segments(record(at("10-02 11:00"), 9 * MB, BEGAN))
    deliver(record(at("10-02 10:00"), 7 * MB, BEGAN))
    fold()
    deliver(record(at("10-02 12:00"), 12 * MB, BEGAN))
    real = UsageRow.batch_get

    def raced(*args, **kwargs):
        rows = list(real(*args, **kwargs))
        monkeypatch.setattr(UsageRow, "batch_get", real)
        usage.put(late, SETTINGS)
        fold()  # another folder does the work of both while this one still holds the old version
        return iter(rows)

    monkeypatch.setattr(UsageRow, "batch_get", raced)
    fold()

    assert downloaded() == 12 * MB
    assert downloaded(Span(at("10-02 11:00"), at("10-02 12:00"))) == 2 * MB


def test_usage_before_the_window_is_read_from_the_day_the_session_began():
    began = at("09-01 12:00")
    deliver(record(at("09-03 12:00"), 700 * MB, began))
    deliver(record(at("10-02 12:00"), 720 * MB, began))  # a month of interims was lost

    assert downloaded() == 20 * MB
    fold()
    assert downloaded() == 20 * MB


def test_a_session_that_began_before_the_window_and_was_never_heard_counts_in_full():
    deliver(record(at("10-02 12:00"), 720 * MB, at("09-30 12:00")))

    assert downloaded() == 720 * MB


def test_the_search_for_an_old_measurement_ends_where_usage_expires():
    deliver(record(at("10-02 12:00"), 720 * MB, at("01-01 00:00") - timedelta(days=700)))
    calls = faults.calls_of(downloaded)

    assert downloaded() == 720 * MB
    assert calls < 10


def test_a_session_older_than_its_router_counts_bills_from_its_first_measurement():
    deliver(record(at("10-06 12:00"), 900 * MB, at("09-01 00:00"), nas_id="bng-new"))
    deliver(record(at("10-06 13:00"), 905 * MB, at("09-01 00:00"), nas_id="bng-new"))

    (used,) = usage.of(CLAIMS, {"svc_1": [OCTOBER.span]}, SETTINGS)["svc_1"]
    assert (used.octets_out, used.flags) == (5 * MB, ("baseline",))


def test_a_corrected_assignment_corrects_the_past():
    deliver(record(at("10-02 10:10"), 4 * MB, BEGAN), record(at("10-02 13:10"), 9 * MB, BEGAN))
    windows = {"svc_1": [OCTOBER.span], "svc_2": [OCTOBER.span]}
    moved = [
        held("user:aoife", "svc_1", at("01-01 00:00"), at("10-02 11:20")),
        held("user:aoife", "svc_2", at("10-02 11:20")),
    ]

    before = usage.of(CLAIMS, windows, SETTINGS)
    after = usage.of(moved, windows, SETTINGS)

    assert [before[name][0].octets_out for name in windows] == [9 * MB, 0]
    assert [after[name][0].octets_out for name in windows] == [4 * MB, 5 * MB]


def test_many_services_of_one_bucket_cost_one_query_of_its_segments():
    names = [f"u{n}" for n in range(30)]
    deliver(*(record(at("10-02 10:00"), 7 * MB, BEGAN, user_name=name) for name in names))
    claims = [held(f"user:{name}", f"svc_{name}", at("01-01 00:00")) for name in names]
    windows = {f"svc_{name}": [OCTOBER.span] for name in names}

    calls = faults.calls_of(lambda: usage.of(claims, windows, SETTINGS))

    # The look back for sessions that began before the window needs no call: all began within.
    assert calls == SETTINGS.buckets + len(names)


def test_a_page_shows_hours_days_and_how_old_the_news_is():
    deliver(record(at("10-02 10:10"), 4 * MB, BEGAN), record(at("10-02 13:10"), 9 * MB, BEGAN))

    found = usage.series(CLAIMS, Span(at("09-30 23:00"), at("10-02 15:00")), SETTINGS)

    assert [day.octets_out for day in found.days] == [0, 9 * MB]
    assert (len(found.hours), sum(hour.octets_out for hour in found.hours)) == (40, 9 * MB)
    assert found.hours[35].octets_out == 4 * MB
    assert found.newest == at("10-02 13:10")


def test_a_page_never_shows_when_a_later_holder_of_the_name_was_online():
    mine = [held("user:aoife", "svc_1", at("01-01 00:00"), at("10-02 11:00"))]
    deliver(record(at("10-02 10:10"), 4 * MB, BEGAN), record(at("10-02 13:10"), 9 * MB, BEGAN))

    assert usage.series(mine, OCTOBER.span, SETTINGS).newest == at("10-02 10:10")


def test_a_page_without_measurements_says_so():
    found = usage.series(CLAIMS, OCTOBER.span, SETTINGS)

    assert (len(found.days), found.newest) == (31, None)


@pytest.mark.parametrize("folded", [False, True])
def test_an_identity_nobody_claims_is_listed_with_its_octets(folded):
    deliver(
        record(at("10-02 10:00"), 7 * MB, BEGAN),
        record(at("10-02 10:00"), 9 * MB, BEGAN, user_name="stranger"),
        record(at("10-02 10:00"), 5 * MB, BEGAN, user_name="late"),
        record(at("10-02 12:00"), 8 * MB, BEGAN, user_name="late"),
    )
    if folded:
        fold()
    claims = {
        "user:aoife": CLAIMS,
        "user:late": [held("user:late", "svc_2", at("10-02 11:00"))],
    }

    found = usage.list_unbilled(
        OCTOBER.span, lambda seen: {i: claims[i] for i in seen if i in claims}, SETTINGS
    )

    assert [(one.identity, one.used.octets_out) for one in found] == [
        ("user:stranger", 9 * MB),
        ("user:late", 5 * MB),
    ]


def test_a_window_off_the_grid_is_refused_with_the_hour_to_move_to():
    from billing.core.usage.windows import WindowOffTheGrid

    with pytest.raises(WindowOffTheGrid, match="move it to a grid hour"):
        downloaded(Span(at("10-02 10:30"), at("10-02 12:00")))

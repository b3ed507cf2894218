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
    call,
    held,
    level,
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
    for nth in range(1, calls + 1):
        for when in ("before", "after"):
            prepare()
            faults.killed(fold, nth, when)
            assert downloaded() == 30 * MB, (nth, when)
            fold()
            assert downloaded() == 30 * MB, (nth, when)


def test_an_identity_killed_between_its_listing_and_its_item_is_still_listed():
    def prepare():
        deliver(record(at("10-02 10:00"), 7 * MB, BEGAN, user_name="nobody"))

    prepare()
    for nth in range(1, faults.calls_of(fold) + 1):
        for row in UsageRow.scan():
            row.delete()
        prepare()
        faults.killed(fold, nth, "after")
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


NUMBER, PORT = "tel:+353214960000", "port:bng-1/ge-0/0/7"
LINES = [held(NUMBER, "svc_1", at("01-01 00:00")), held(PORT, "svc_1", at("01-01 00:00"))]


def report(*records):
    batch = mediate(opened(pack(records)), SETTINGS)
    assert not batch.suspended
    usage.put(batch.segments, SETTINGS, calls=batch.calls, levels=batch.levels)


def talked(span=OCTOBER.span):
    return [one.seconds for one in usage.calls_of(LINES, span, SETTINGS)["svc_1"]]


def levels(span=OCTOBER.span):
    return [one.down for one in usage.samples_of(LINES, span, SETTINGS)["svc_1"]]


def test_calls_and_levels_reported_twice_are_stored_once():
    report(call(BEGAN, 61), level(BEGAN, 80, 20))
    stored = keys()

    report(level(BEGAN, 80, 20), call(BEGAN, 61), call(BEGAN, 61))

    assert keys() == stored
    assert {pk for pk, _ in stored if not pk.startswith("IDS#")} == {
        f"CALL#{NUMBER}",
        f"LVL#{PORT}",
    }
    assert (talked(), levels()) == ([61], [80])


def test_what_a_call_and_a_level_say_comes_back_as_it_was_reported():
    strange = call(BEGAN, 61, call_id='síle #1 / "x"')
    report(strange, level(BEGAN, 80, 20, port="ge-0/0/7"))

    ((one,),) = usage.calls_of(LINES, OCTOBER.span, SETTINGS).values()
    assert (one.id, one.start, one.to) == (strange["call_id"], BEGAN, "442079460018")
    ((sample,),) = usage.samples_of(LINES, OCTOBER.span, SETTINGS).values()
    assert (sample.at, sample.down, sample.up) == (BEGAN, 80, 20)


def test_another_report_of_a_call_or_slot_is_another_row_and_the_readers_join_them():
    report(call(BEGAN, 60), level(BEGAN, 80, 20))
    report(call(BEGAN, 120), level(BEGAN, 70, 30))

    assert len([pk for pk, _ in keys() if not pk.startswith("IDS#")]) == 4
    assert (talked(), levels()) == ([120], [80])


def test_calls_and_levels_expire_when_the_retention_of_their_day_ends():
    report(call(BEGAN, 61), level(BEGAN, 80, 20))

    expires = int((at("10-01 23:00") + timedelta(days=401)).timestamp())
    rows = {row.pk: row.expires for row in UsageRow.scan() if not row.pk.startswith("IDS#")}
    assert rows == {f"CALL#{NUMBER}": expires, f"LVL#{PORT}": expires}


def test_a_call_reported_on_both_sides_of_an_edge_is_one_call_of_the_earlier_span():
    edge = OCTOBER.span.end
    november = Span(edge, edge + timedelta(days=30))
    report(call(edge - timedelta(seconds=1), 60), call(edge + timedelta(seconds=1), 90))

    assert (talked(), talked(november)) == ([90], [])


def test_what_lies_outside_of_the_span_is_not_read_and_nobody_reads_a_line_he_does_not_hold():
    report(*(level(BEGAN + timedelta(minutes=5 * n), n, n) for n in range(5)))
    ten_minutes = Span(BEGAN + timedelta(minutes=5), BEGAN + timedelta(minutes=15))

    assert levels(ten_minutes) == [1, 2]
    left = [held(PORT, "svc_1", at("01-01 00:00"), at("02-01 00:00"))]
    sent = faults.sent_by(lambda: usage.samples_of([*left, *CLAIMS], ten_minutes, SETTINGS))
    assert sent == []
    assert usage.samples_of([*left, *CLAIMS], ten_minutes, SETTINGS) == {"svc_1": ()}


def test_calls_and_levels_of_a_span_that_still_runs_are_not_known():
    for read in (usage.calls_of, usage.samples_of):
        with pytest.raises(ValueError, match="give it an end"):
            read(LINES, Span(BEGAN, None), SETTINGS)


def test_calls_and_traffic_that_nobody_claims_are_unbilled_and_not_lost():
    moved = BEGAN + timedelta(minutes=10)
    report(
        call(BEGAN, 60, call_id="a"),
        call(moved, 90, call_id="b"),
        call(moved, 0, call_id="not answered"),
        level(BEGAN, 80, 20),
        level(BEGAN + timedelta(minutes=15), 70, 20),
        level(BEGAN + timedelta(minutes=20), 0, 0),
        record(at("10-02 10:00"), 7 * MB, BEGAN),
    )

    def claims_of(identities):
        return {one: [held(one, "svc_1", at("01-01 00:00"), moved)] for one in identities}

    found = usage.list_unbilled(OCTOBER.span, claims_of, SETTINGS)

    assert [(one.identity, one.calls, one.seconds, one.slots) for one in found] == [
        ("user:aoife", 0, 0, 0),
        (PORT, 0, 0, 1),
        (NUMBER, 1, 90, 0),
    ]
    assert usage.list_unbilled(OCTOBER.span, claims_all, SETTINGS) == []


def claims_all(identities):
    return {one: [held(one, "svc_1", at("01-01 00:00"))] for one in identities}

"""Octets that two handlers are at: folding twice at once, and reading while it goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.core.period import Span
from billing.core.usage import bucket_of
from billing.store import folding, usage, usage_rows
from functions.ingest_usage import fold, live, shared
from tests.core.usage.facts import MB, held, pack, record
from tests.functions.ingest_usage.doors import Context, kinesis
from tests.invariants import octets_stored
from tests.pairs.conftest import Explore, Find
from tests.pairs.explorer import Pair
from tests.pairs.house import House, Results, all_of, errors

BEGAN = datetime(2026, 10, 2, 8, tzinfo=UTC)
AOIFE = "user:aoife"
MEASURED = (9 * MB // 10, 9 * MB)
DAY = Span(datetime(2026, 10, 1, 23, tzinfo=UTC), datetime(2026, 10, 2, 23, tzinfo=UTC))


@pytest.fixture
def segments(house: House) -> House:
    """One session of Aoife in two segments, and an item of what it was before them."""
    for number, (minutes, octets) in enumerate([(30, 4 * MB), (90, 7 * MB), (150, 9 * MB)]):
        at = BEGAN + timedelta(minutes=minutes)
        told = record(at, octets, BEGAN, nas_id="cork-bng-1")
        live.lambda_handler(kinesis(pack([told], first_seq=number + 1)), Context())
        if number == 0:
            folds()
    return house


def folds() -> dict:
    """The hourly function, on the one bucket that holds something."""
    event = {"buckets": [bucket_of(AOIFE, shared.settings().buckets)]}
    return fold.lambda_handler(event, Context())


def reads() -> int:
    """What a page or a bill counts of the day."""
    since = datetime(2026, 10, 1, tzinfo=UTC)
    used = usage.of([held(AOIFE, "svc_1", since)], {"svc_1": [DAY]}, shared.settings())
    [of_day] = used["svc_1"]
    return of_day.octets_out


def each_octet_is_stored_once(house: House):
    def law(_: Results) -> list[str]:
        stored = octets_stored(house.aws)
        return [] if stored == {AOIFE: MEASURED} else [f"stored is {stored}"]

    return law


def nothing_is_left_to_fold(house: House):
    def law(_: Results) -> list[str]:
        bucket = bucket_of(AOIFE, shared.settings().buckets)
        left = len(list(usage_rows.segment_rows(bucket, "0", "9999")))
        return [f"{left} segments are left"] if left else []

    return law


def the_reader_sees_all(results: Results) -> list[str]:
    """Neither a segment twice nor one not at all."""
    return [] if results["reader"] == 9 * MB else [f"the reader saw {results['reader']}"]


def fold_and_fold(house: House) -> Pair:
    return Pair(
        "fold/fold",
        house,
        {"first": folds, "second": folds},
        all_of(errors, each_octet_is_stored_once(house), nothing_is_left_to_fold(house)),
    )


def fold_and_read(house: House) -> Pair:
    return Pair(
        "fold/read",
        house,
        {"folder": folds, "reader": reads},
        all_of(errors, the_reader_sees_all, each_octet_is_stored_once(house)),
    )


def test_two_who_fold_at_once_count_each_octet_once(segments: House, explored: Explore):
    assert explored(fold_and_fold(segments)).trouble == ""


def test_a_reader_sees_what_is_being_folded_neither_twice_nor_not_at_all(
    segments: House, explored: Explore
):
    assert explored(fold_and_read(segments)).trouble == ""


@pytest.mark.long
def test_items_written_without_their_version_would_be_found(
    segments: House, finds: Find, monkeypatch
):
    def blindly(self, condition=None) -> None:
        usage_rows.put_all([self])

    late = record(BEGAN + timedelta(minutes=200), 11 * MB, BEGAN, nas_id="cork-bng-1")

    def hears_and_folds() -> dict:
        live.lambda_handler(kinesis(pack([late], first_seq=9)), Context())
        return folds()

    def all_of_it(_: Results) -> list[str]:
        stored = octets_stored(segments.aws)[AOIFE][1]
        return [] if stored == 11 * MB else [f"stored is {stored}"]

    pair = Pair("planted", segments, {"first": folds, "second": hears_and_folds}, all_of_it)
    monkeypatch.setattr(folding.UsageRow, "save", blindly)
    assert "stored is 9000000" in finds(pair)


@pytest.mark.long
def test_segments_deleted_before_their_item_is_written_would_be_found(
    segments: House, finds: Find, monkeypatch
):
    def deletes_first(identity, day, news, row, settings) -> bool:
        folding.delete_all(folding.segment_rows(bucket_of(identity, settings.buckets), "0", "9"))
        return written(identity, day, news, row, settings)

    written = folding._save_joined
    monkeypatch.setattr(folding, "_save_joined", deletes_first)

    trouble = finds(fold_and_read(segments))

    assert trouble.startswith("the reader saw 4000000")
    assert "  reader  Query SEG#" in trouble


@pytest.mark.long
def test_a_reader_who_asks_for_items_first_would_be_found(
    segments: House, finds: Find, monkeypatch
):
    segments_first = usage_rows.read_sessions

    def items_first(identities, first, last, settings):
        before = [list(usage_rows.item_rows(i, "0", "9")) for i in sorted(identities)]
        monkeypatch.setattr(usage_rows, "item_rows", lambda *_: iter(before[0]))
        try:
            return segments_first(identities, first, last, settings)
        finally:
            monkeypatch.setattr(usage_rows, "item_rows", item_rows)

    item_rows = usage_rows.item_rows
    monkeypatch.setattr(usage, "read_sessions", items_first)

    assert "the reader saw 4000000" in finds(fold_and_read(segments))

"""Suspended records: kept once, corrected under a version, never lost."""

import json
import random
from dataclasses import replace
from datetime import date

import pytest

from billing.core.usage import Received, Suspended, open_pack
from billing.store import collectors, suspense
from billing.store.transactions import EditConflict
from tests import faults
from tests.core.usage.facts import SETTINGS, at

pytestmark = pytest.mark.usefixtures("tables")
BAD = Suspended(
    "malformed",
    "octets_out is -1: use a whole number from 0",
    '{"octets_out":-1}',
    date(2026, 10, 2),
    "col-1",
    "b1",
    41,
)
ID = suspense.id_of(BAD)


def test_a_suspended_record_is_kept_with_its_reason_and_its_bytes():
    assert suspense.put([BAD], SETTINGS) == 1

    (found,) = suspense.list_suspense()
    assert (found.id, found.reason, found.problem, found.raw, found.state) == (
        ID,
        "malformed",
        BAD.problem,
        BAD.raw,
        "open",
    )
    assert (found.collector, found.boot, found.seq) == ("col-1", "b1", 41)


def test_a_record_delivered_again_stays_what_it_has_become():
    suspense.put([BAD], SETTINGS)
    suspense.save_recycled(ID, "staff", at("10-02 12:00"))

    assert suspense.put([BAD, replace(BAD, seq=77)], SETTINGS) == 0

    assert suspense.load(ID).state == "recycled"
    assert suspense.list_suspense() == []
    assert [one.actor for one in suspense.list_suspense("recycled")] == ["staff"]


def test_recycling_twice_is_one_recycling():
    suspense.put([BAD], SETTINGS)

    assert suspense.save_recycled(ID, "staff", at("10-02 12:00"))
    assert not suspense.save_recycled(ID, "staff", at("10-02 12:01"))


def test_a_correction_stands_beside_the_record_and_is_what_is_recycled():
    suspense.put([BAD], SETTINGS)

    found = suspense.save_correction(ID, '{"octets_out":1}', 1, "orla", at("10-02 12:00"))

    assert (found.raw, found.corrected, found.actor) == (BAD.raw, '{"octets_out":1}', "orla")
    assert found.recyclable == '{"octets_out":1}'
    assert suspense.message_of(found, "orla") == {"suspense": ID, "actor": "orla"}


def test_a_correction_that_fits_no_item_is_refused_by_name_and_nothing_is_kept():
    noise = "".join(random.Random(7).choices("0123456789abcdef", k=1_500_000))
    huge = replace(BAD, reason="unreadable", raw=noise)
    suspense.put([huge], SETTINGS)
    id, later = suspense.id_of(huge), at("10-02 12:00")

    with pytest.raises(suspense.CorrectionTooLarge):
        suspense.save_correction(id, '{"user_name":"' + "\U0001f600" * 65_000 + '"}', 1, "o", later)
    largest = '{"user_name":"' + "x" * (suspense.CORRECTION_BYTES_MAX - 40) + '"}'
    assert suspense.save_correction(id, largest, 1, "orla", later).corrected == largest


def test_two_corrections_of_one_reading_are_refused():
    suspense.put([BAD], SETTINGS)
    suspense.save_correction(ID, "{}", 1, "orla", at("10-02 12:00"))

    with pytest.raises(EditConflict, match="changed since you read it"):
        suspense.save_correction(ID, "[]", 1, "tom", at("10-02 12:01"))


def test_bytes_that_are_no_json_are_recycled_only_after_correction():
    noise = replace(BAD, reason="unreadable", raw="/w==")
    suspense.put([noise], SETTINGS)
    found = suspense.load(suspense.id_of(noise))

    with pytest.raises(suspense.NotCorrected, match="correct it before"):
        suspense.message_of(found, "orla")


def test_a_pack_too_large_for_an_item_is_kept_whole_even_if_killed_meanwhile():
    noise = "".join(random.Random(7).choices("0123456789abcdef", k=1_500_000))
    huge = replace(BAD, reason="unreadable", raw=noise)
    faults.killed(lambda: suspense.put([huge], SETTINGS), 1, "after")
    assert suspense.list_suspense() == []

    assert suspense.put([huge], SETTINGS) == 1

    assert suspense.load(suspense.id_of(huge)).raw == noise
    assert [one.raw for one in suspense.list_suspense()] == [noise]


def test_the_newest_day_comes_first_and_a_limit_holds():
    days = [replace(BAD, day=date(2026, 10, n), raw=f'"{n}"') for n in (1, 3, 2)]
    suspense.put(days, SETTINGS)

    assert [one.day.day for one in suspense.list_suspense(limit=2)] == [3, 2]


@pytest.mark.parametrize("id", ["", "2026-10-02", "2026-10-02.", "2026-10-02.ff", "x.y"])
def test_an_unknown_id_is_an_error_that_says_so(id):
    with pytest.raises(suspense.SuspenseNotFound):
        suspense.load(id)


def run(first, last, suspended=()):
    return Received("col-1", "b1", first, last, 1_000 + first, 1_000 + last, suspended)


def test_completeness_counts_what_came_what_is_suspended_and_what_is_missing():
    collectors.put([run(1, 10, (4,)), run(21, 30)], SETTINGS)
    collectors.put([run(1, 10, (4,)), run(5, 12)], SETTINGS)

    (found,) = collectors.list_collectors()
    assert (found.stored, found.suspended) == (21, 1)
    assert [(hole.first, hole.last, hole.since) for hole in found.holes] == [(13, 20, 1_021)]


def test_more_suspended_numbers_than_an_item_holds_are_noted_in_several():
    every_other = tuple(range(1, 60_000, 2))
    collectors.put([run(1, 60_000, every_other)], SETTINGS)

    for _ in range(2):
        (found,) = collectors.list_collectors()
        assert (found.stored, found.suspended, found.holes) == (30_000, 30_000, ())
        assert found.received == (run(1, 60_000, every_other),)
        assert collectors.fold(SETTINGS) == 0


def test_folding_completeness_changes_no_figure_wherever_it_is_killed():
    def prepare():
        collectors.put([run(n, n + 1, (n,)) for n in (1, 3, 5, 20)], SETTINGS)

    prepare()
    before = collectors.load("col-1", "b1")
    for call in range(1, faults.calls_of(lambda: collectors.fold(SETTINGS)) + 1):
        prepare()
        faults.killed(lambda: collectors.fold(SETTINGS), call, "after")
        assert collectors.load("col-1", "b1") == before
    assert collectors.fold(SETTINGS) == 0


def test_a_collector_never_heard_is_not_invented():
    assert collectors.load("col-9", "b1") is None
    assert collectors.list_collectors() == []


def test_a_problem_that_quotes_a_page_is_kept_short_and_the_pack_whole():
    data = json.dumps({"v": 1, "collector": "c" * 500_000}).encode()
    refused = open_pack(data, {}, date(2026, 10, 1))

    assert suspense.put([refused], SETTINGS) == 1

    kept = suspense.load(suspense.id_of(refused))
    assert len(kept.problem) == 1_000
    assert kept.raw == refused.raw

"""A run is opened once, approved as it was seen, numbered without gap, closed once."""

from datetime import date

import pytest

from billing.core.invoicing import Cause, Difference, Parked, totals
from billing.store import runs, series, timeline
from billing.store.run_rows import Review, Run
from billing.store.runs import DigestChanged, RunNotFound, WrongRunState
from billing.store.series import AllocationDiffers, Series
from tests.examples import OCTOBER, SEPTEMBER, at, draft, eur, event
from tests.faults import calls_of, deaths, killed, meanwhile

RUN = Run("run_1", 1, OCTOBER, at("2026-11-01 01:00"), "system:bill-cycle")
PARKED = Parked("acc_9", "MissingTaxPlace", "tax place: the country is missing")
INVOICES = Series("north", "invoice", 2026)
TODAY = date(2026, 11, 1)


def review(digest: str = "d1", revision: int = 1) -> Review:
    return Review(
        revision,
        digest,
        totals([draft()]),
        drafts=1,
        parked=1,
        differences={"new": 1, "gone": 0, "changed": 0},
        at=at("2026-11-01 02:00"),
    )


@pytest.fixture
def in_review(tables):
    runs.open_run(RUN, event("run.opened", "run_1"))
    runs.save_review("run_1", review(), event("run.reviewed", "run_1"))


def approve(digest: str = "d1", revision: int = 1) -> Run:
    return runs.approve("run_1", revision, digest, "staff:mira", event("run.approved", "run_1"))


def test_a_second_run_for_the_same_cycle_is_the_first_one(tables):
    first = runs.open_run(RUN, event("run.opened", "run_1"))
    again = Run("run_1", 1, OCTOBER, at("2026-11-02 01:00"), "staff:mira")

    assert runs.open_run(again, event("run.opened", "run_1", "2026-11-02 01:00")) == first
    assert len(timeline.list_isp_events().items) == 1


def test_a_review_waits_with_what_it_came_to(in_review):
    assert runs.load_run("run_1").state == "review"
    assert runs.load_review("run_1", 1) == review()


def test_what_was_seen_is_approved(in_review):
    approved = approve()

    assert (approved.state, approved.approved_by) == ("approved", "staff:mira")
    assert runs.load_run("run_1") == approved


def test_approving_twice_is_approving_once(in_review):
    assert approve() == approve()

    kinds = [one.kind for one in timeline.list_isp_events().items]
    assert kinds.count("run.approved") == 1


def test_what_was_not_seen_is_not_approved(in_review):
    with pytest.raises(DigestChanged, match="run run_1 is not what you saw"):
        approve("d0")
    assert runs.load_run("run_1").state == "review"


def test_a_mistake_found_at_review_is_prepared_again_and_the_old_digest_is_refused(in_review):
    runs.start_revision("run_1", event("run.prepared-again", "run_1"))
    runs.save_review("run_1", review("d2", 2), event("run.reviewed", "run_1", "2026-11-01 11:00"))

    with pytest.raises(DigestChanged):
        approve("d1", 1)
    assert approve("d2", 2).revision == 2


def test_preparing_twice_at_once_opens_one_revision(in_review):
    first = runs.start_revision("run_1", event("run.prepared-again", "run_1"))

    assert runs.start_revision("run_1", event("run.prepared-again", "x")) == first
    assert first.revision == 2


def test_an_approved_run_is_never_prepared_again(in_review):
    approve()

    with pytest.raises(WrongRunState, match="in state approved"):
        runs.start_revision("run_1", event())


def test_only_an_approved_run_is_closed(in_review):
    with pytest.raises(WrongRunState, match="it cannot be closed"):
        runs.save_closed("run_1", event())

    approve()
    assert runs.save_closed("run_1", event("run.closed", "run_1")).state == "closed"
    assert approve().state == "closed"


def test_a_run_that_is_not_there_is_named(tables):
    with pytest.raises(RunNotFound, match="run_none"):
        runs.load_run("run_none")


@pytest.mark.parametrize(("call", "when"), deaths(2))
def test_killed_anywhere_an_approval_happens_once(in_review, call, when):
    assert killed(approve, call, when)
    approve()

    kinds = [one.kind for one in timeline.list_isp_events().items]
    assert kinds.count("run.approved") == 1


def test_parked_accounts_and_differences_are_kept_by_revision(tables):
    changed = Difference(
        "acc_1", "changed", eur("1.00"), eur("3.00"), (Cause("usage", eur("2.00")),)
    )
    assert runs.park("run_1", 1, [PARKED]) == 1
    assert runs.park("run_1", 1, [PARKED]) == 0
    runs.put_differences("run_1", 1, [changed, Difference("acc_2", "new", None, eur("1.00"))])

    assert runs.list_parked("run_1", 1) == [PARKED]
    assert runs.list_parked("run_1", 2) == []
    assert runs.list_differences("run_1", 1).items[0] == changed


def test_runs_are_listed_newest_period_first(in_review):
    runs.open_run(Run("run_0", 1, SEPTEMBER, RUN.opened_at, "x"), event("run.opened", "run_0"))

    assert [run.id for run in runs.list_runs().items] == ["run_1", "run_0"]


def take(count: int, run_id: str = "run_1", today: date = TODAY) -> series.Allocation:
    told = event("numbers.allocated", run_id)
    return runs.allocate(INVOICES, run_id, 1, count, today, told)


def test_numbers_begin_with_one_and_follow_without_gap(tables):
    first, second = take(3), take(2, "run_2")

    assert [first.number_of(rank) for rank in range(3)] == [1, 2, 3]
    assert [second.number_of(rank) for rank in range(2)] == [4, 5]
    assert series.last_number(INVOICES) == 5


def test_a_run_that_asks_again_gets_the_numbers_it_has(tables):
    first = take(3)
    ad_hoc = series.allocate(
        INVOICES, 1, TODAY, series.ad_hoc_key("inv_1"), event("numbers.allocated", "inv_1")
    )

    assert take(3, today=date(2026, 11, 2)) == first
    assert ad_hoc.first == 4


def test_a_later_number_never_bears_an_earlier_date(tables):
    take(1, "run_1", date(2026, 11, 2))

    assert take(1, "run_2", date(2026, 11, 1)).issued_on == date(2026, 11, 2)


def test_another_count_for_the_same_run_is_refused(tables):
    take(3)

    with pytest.raises(AllocationDiffers, match="3 numbers were allocated here before, not 4"):
        take(4)


def test_each_seller_type_and_year_counts_for_itself(tables):
    take(3)
    other = Series("north", "invoice", 2027)
    told = event("numbers.allocated", "run_2")

    assert runs.allocate(other, "run_2", 1, 1, TODAY, told).first == 1


def test_taking_numbers_is_three_calls(tables):
    assert calls_of(lambda: take(3)) == 3  # own allocation, the series, the transaction


@pytest.mark.parametrize(("call", "when"), deaths(3))
def test_killed_anywhere_and_started_again_numbers_have_no_gap(tables, call, when):
    assert killed(lambda: take(3), call, when)

    assert take(3).first == 1
    assert series.last_number(INVOICES) == 3


def test_two_runs_that_race_for_numbers_share_none(tables):
    with meanwhile(3, lambda: take(3, "run_1")):  # after the series was read, before it moves
        assert take(2, "run_2").first == 4

    assert series.last_number(INVOICES) == 5


def test_two_attempts_of_one_run_that_race_take_its_numbers_once(tables):
    with meanwhile(3, lambda: take(3, "run_1")):
        assert take(3, "run_1").first == 1

    assert series.last_number(INVOICES) == 3

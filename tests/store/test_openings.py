"""Nothing is dated back past a run that is being opened, and nobody else is in the way."""

import pytest

from billing.store import openings, runs
from billing.store.openings import Opened, RunsMoved
from billing.store.transactions import commit
from tests.examples import at, event
from tests.store.test_runs import RUN, review

ANCHOR, OCTOBER = RUN.anchor, RUN.period.start


def opened() -> None:
    runs.open_run(RUN, event("run.opened", "run_1"))


def test_a_cycle_without_a_run_has_no_periods(tables):
    assert openings.unmoved(ANCHOR, "acc_1")[0] == Opened()


def test_a_run_that_opens_is_known_to_every_account_of_its_cycle_and_no_other(tables):
    opened()

    for n in range(20):
        assert openings.unmoved(ANCHOR, f"acc_{n}")[0] == Opened(OCTOBER, OCTOBER)
    assert openings.unmoved(ANCHOR + 1, "acc_1")[0] == Opened()


@pytest.mark.parametrize("before", [lambda: None, opened], ids=["its first", "one more"])
def test_what_read_the_marks_before_a_run_opened_is_refused(tables, before):
    before()
    _, put = openings.unmoved(ANCHOR, "acc_1")
    commit(openings.moved(ANCHOR, RUN.period))

    with pytest.raises(RunsMoved):
        commit([put])


def test_two_changes_at_once_do_not_refuse_each_other(tables):
    opened()
    _, first = openings.unmoved(ANCHOR, "acc_1")
    _, second = openings.unmoved(ANCHOR, "acc_1")

    assert commit([first])
    assert commit([second])


def test_a_run_opens_though_something_was_dated_back_meanwhile(tables):
    moves = openings.moved(ANCHOR, RUN.period)
    _, put = openings.unmoved(ANCHOR, "acc_1")
    assert commit([put])
    with pytest.raises(runs.EditConflict):  # the very first mark of a cycle; it is read again
        commit(moves)

    opened()
    assert runs.load_run(RUN.id).version == 1


def test_a_run_that_went_on_refuses_what_read_it_before(tables):
    opened()
    run = runs.load_run(RUN.id)
    commit(runs.void_puts(run, "staff:mira", "a plan changed", at("2026-11-02 10:00")))

    with pytest.raises(RunsMoved):
        commit(runs.void_puts(run, "staff:noor", "a plan ended", at("2026-11-02 10:00")))


def test_an_outdated_revision_is_left_once_and_has_no_review_before_it_is_begun(tables):
    opened()
    for name in ("mira", "noor"):
        run = runs.load_run(RUN.id)
        commit(runs.void_puts(run, f"staff:{name}", "a plan changed", at("2026-11-02 10:00")))
    assert runs.save_review(RUN.id, review(revision=2), event("run.reviewed", "run_1")).digest == ""

    held = runs.void_puts(runs.load_run(RUN.id), "staff:mira", "more", at("2026-11-02 10:00"))
    begun = runs.start_revision(RUN.id, event("run.prepared-again", "run_1"))

    assert (begun.revision, begun.outdated, begun.version) == (2, "", 3)
    with pytest.raises(RunsMoved):
        commit(held)

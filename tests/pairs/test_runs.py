"""Bill runs that two handlers are at: prepared twice at once, and mended while being prepared."""

from dataclasses import replace
from datetime import date

import pytest

from billing.core.invoicing import Draft
from billing.store import invoices, openings, runs, transactions
from functions.portal_api.usecases import services
from tests.functions.bill_cycle.world import OCTOBER, downloaded, new_customer, prepare
from tests.functions.portal_api.world import PLANS
from tests.pairs.conftest import Explore, Find
from tests.pairs.explorer import Pair
from tests.pairs.house import House, Results, all_of

IN_OCTOBER = "2026-10-20T00:00:00Z"
AGAIN = {**OCTOBER, "attempt": 2}


@pytest.fixture
def ada(house: House) -> str:
    """The only customer, on Fibre 100 since the first of October; she used a terabyte."""
    account_id = new_customer("Ada", "fibre-100")
    downloaded(account_id, 1100)
    return account_id


def the_run() -> runs.Run:
    [run] = runs.list_runs().items
    return run


def drafted(account_id: str = "acc_ada") -> Draft | None:
    """The draft of an account that could be approved now; None: nothing can be approved."""
    run = the_run()
    if run.state != "review":
        return None
    return invoices.load_draft(run.id, run.revision, account_id)


def the_books_are_in_order(house: House):
    return lambda results: house.broken(at_rest=False)


def one_of_them_ends_in_review(results: Results) -> list[str]:
    """What the other one reviewed before, or was refused, counts for nothing any more."""
    run = the_run()
    digests = {one["digest"] for one in results.values() if isinstance(one, dict)}
    if run.state == "review" and run.digest in digests and drafted():
        return []
    return [f"the run is {run.state}, revision {run.revision}; told was {results}"]


def prepare_and_prepare(house: House) -> Pair:
    return Pair(
        "prepare/prepare",
        house,
        {"hourly": lambda: prepare(OCTOBER), "staff": lambda: prepare(AGAIN)},
        all_of(one_of_them_ends_in_review, the_books_are_in_order(house)),
    )


def test_two_executions_prepare_one_review(house: House, ada: str, explored: Explore):
    assert explored(prepare_and_prepare(house)).trouble == ""


def plan_changed(house: House) -> int:
    """Staff put Ada on another plan from the twentieth of October."""
    wanted = {"offeringId": PLANS["fibre-500"], "at": IN_OCTOBER}
    path = "/v1/accounts/acc_ada/subscriptions/sub_ada/change"
    sent = {"if_match": '"1"', "idempotency_key": "change-1"}
    return house.staff("POST", path, wanted, **sent).status


def the_bill_knows_the_plan(results: Results) -> list[str]:
    """A bill that can be approved has what stands in the books; or nothing can be approved."""
    if not isinstance(results["staff"], int) or results["staff"] not in (200, 409):
        return [f"the change was answered {results['staff']}"]
    changed = results["staff"] == 200
    made = drafted()
    if made is None:
        return []
    billed = any(line.span[0] == date(2026, 10, 20) for line in made.lines)
    return [] if billed == changed else [f"changed: {changed}, billed so: {billed}"]


def change_and_prepare(house: House) -> Pair:
    return Pair(
        "plan change/prepare",
        house,
        {"staff": lambda: plan_changed(house), "run": lambda: prepare(OCTOBER)},
        all_of(the_bill_knows_the_plan, the_books_are_in_order(house)),
    )


def test_a_plan_changed_meanwhile_is_billed_or_the_review_is_void(
    house: House, ada: str, explored: Explore
):
    assert explored(change_and_prepare(house)).trouble == ""


@pytest.mark.long
def test_a_change_that_does_not_hold_the_cycle_would_be_found(
    house: House, ada: str, finds: Find, monkeypatch
):
    def blindly(anchor: int, account_id: str):
        opened, put = unmoved(anchor, account_id)
        return opened, replace(put, condition=None)

    unmoved = openings.unmoved
    monkeypatch.setattr(openings, "unmoved", blindly)

    trouble = finds(change_and_prepare(house))

    assert "changed: True, billed so: False" in trouble


@pytest.fixture
def ben(house: House) -> str:
    """Another customer, in another house."""
    return new_customer("Ben", "fibre-100")


def moved(house: House) -> int:
    """Ada's connection is Ben's since the tenth of October, it turns out."""
    wanted = {"identity": "user:ada", "since": "2026-10-10T00:00:00Z", "takeOver": True}
    path = "/v1/accounts/acc_ben/services/svc_ben/identities"
    return house.staff("POST", path, wanted, idempotency_key="move-1").status


def usage_is_billed_to_whom_it_belongs(results: Results) -> list[str]:
    """To one of the two, and to whoever holds the identity; or nothing can be approved."""
    if results["staff"] != 201:
        return [f"the move was answered {results['staff']}"]
    if the_run().state != "review":
        return []
    counted = {
        name: sum(one.octets_out for one in drafted(f"acc_{name}").counted)
        for name in ("ada", "ben")
    }
    return [] if counted["ada"] == 0 and counted["ben"] > 0 else [f"counted is {counted}"]


def move_and_prepare(house: House) -> Pair:
    return Pair(
        "assignment change/prepare",
        house,
        {"staff": lambda: moved(house), "run": lambda: prepare(OCTOBER)},
        all_of(usage_is_billed_to_whom_it_belongs, the_books_are_in_order(house)),
    )


def test_usage_that_moves_meanwhile_is_billed_to_one_or_the_review_is_void(
    house: House, ada: str, ben: str, explored: Explore
):
    assert explored(move_and_prepare(house)).trouble == ""


@pytest.mark.long
def test_drafts_that_are_void_before_the_identity_moves_would_be_found(
    house: House, ada: str, ben: str, finds: Find, monkeypatch
):
    def beforehand(*args):
        transactions.commit(void_drafts(*args))
        return []

    void_drafts = services.void_drafts
    monkeypatch.setattr(services, "void_drafts", beforehand)

    trouble = finds(move_and_prepare(house))

    assert "counted is" in trouble


@pytest.mark.long
def test_a_review_saved_whatever_the_run_has_become_would_be_found(
    house: House, ada: str, finds: Find, monkeypatch
):
    def blindly(row, loaded, what):
        return replace(transactions.put_version(row, loaded, what), condition=None)

    monkeypatch.setattr(runs, "put_version", blindly)

    trouble = finds(prepare_and_prepare(house))

    assert "RUN#" in trouble
    assert "  staff   " in trouble

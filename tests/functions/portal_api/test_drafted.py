"""What is dated into a period that a run has drafted voids the drafts, or is refused."""

import pytest

from billing.core.invoicing import Parked
from billing.store import runs
from tests.functions.portal_api.browsing import words
from tests.functions.portal_api.test_bill_runs import DIGEST, OCTOBER, prepared, told
from tests.functions.portal_api.test_pages_console import stop
from tests.functions.portal_api.world import PLANS, open_customer

IN_OCTOBER = "2026-10-20T00:00:00Z"
SEEN = {"revision": 1, "digest": DIGEST}


@pytest.fixture
def ada(billing) -> str:
    """On Fibre 100 since September; the address of her plan."""
    account_id = open_customer(billing, "Ada", since="2026-09-01T00:00:00Z")
    held = billing.get(f"/v1/accounts/{account_id}").json["subscriptions"][0]
    return f"/v1/accounts/{account_id}/subscriptions/{held['id']}"


@pytest.fixture
def october(billing, ada) -> str:
    """The run of October, in review."""
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    prepared(run_id)
    return run_id


def change(billing, plan: str, at: str = IN_OCTOBER):
    wanted = {"offeringId": PLANS["fibre-500"], "at": at}
    return billing.post(f"{plan}/change", wanted, headers={"if-match": '"1"'})


def test_a_change_dated_into_a_period_in_review_makes_its_approval_void(billing, ada, october):
    assert change(billing, ada).status == 200

    refused = billing.post(f"/v1/bill-runs/{october}/approve", SEEN)
    assert refused.status == 409
    assert (runs.load_run(october).state, runs.load_run(october).revision) == ("preparing", 2)


def test_a_change_from_today_on_leaves_the_review_as_it_is(billing, ada, october):
    assert change(billing, ada, "2026-11-20T00:00:00Z").status == 200

    assert billing.post(f"/v1/bill-runs/{october}/approve", SEEN).status == 202


def test_a_change_into_a_period_that_is_being_issued_is_refused(billing, ada, october):
    assert billing.post(f"/v1/bill-runs/{october}/approve", SEEN).status == 202
    refused = change(billing, ada)

    assert refused.status == 409
    assert "being issued" in refused.json["detail"]
    assert billing.get(ada).json["version"] == 1


def test_a_customer_cannot_begin_in_a_period_that_was_billed_without_him(billing, october):
    runs.approve(october, 1, DIGEST, "staff:mira", told("approved"))
    runs.save_closed(october, told("closed"))
    with pytest.raises(AssertionError, match="billed already"):
        open_customer(billing, "Bea", since=IN_OCTOBER)


def test_an_account_that_a_closed_run_left_parked_may_still_be_mended(billing, ada):
    account_id = ada.split("/")[3]
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    runs.park(run_id, 1, [Parked(account_id, "MissingTaxPlace", "no tax country")])
    prepared(run_id, parked=0)
    runs.approve(run_id, 1, DIGEST, "staff:mira", told("approved"))
    runs.save_closed(run_id, told("closed"))

    assert change(billing, ada).status == 200


LINE = "circuit:cork-7/1/4"


def identities_of(billing, account_id: str) -> str:
    """The address of the identities of an account's service."""
    service = billing.get(f"/v1/accounts/{account_id}").json["services"][0]
    return f"/v1/accounts/{account_id}/services/{service['id']}/identities"


@pytest.fixture
def line(billing, ada) -> str:
    """Ada's line, hers since September; the address of her identities."""
    place = identities_of(billing, ada.split("/")[3])
    given = billing.post(place, {"identity": LINE, "since": "2026-09-01T00:00:00Z"})
    assert given.status == 201, given.text
    return place


@pytest.fixture
def bea(billing) -> str:
    """Billed on the fifteenth, and not on the first as Ada; the address of her identities."""
    account_id = open_customer(billing, "Bea", since="2026-11-01T00:00:00Z", cycleAnchor=15)
    return identities_of(billing, account_id)


def move(billing, identities: str, since: str = IN_OCTOBER):
    """Give Ada's line to a service."""
    wanted = {"identity": LINE, "since": since, "takeOver": True}
    return billing.post(identities, wanted)


def again(billing, run_id: str):
    """Prepare again, the execution of before having ended."""
    stop("PREPARE")
    return billing.post(f"/v1/bill-runs/{run_id}/prepare", {"reason": "a line moved"})


def test_a_line_moved_away_within_a_period_in_review_voids_it(billing, line, october, bea):
    assert move(billing, bea).status == 201

    assert (runs.load_run(october).state, runs.load_run(october).revision) == ("preparing", 2)
    assert billing.post(f"/v1/bill-runs/{october}/approve", SEEN).status == 409
    assert again(billing, october).status == 202
    prepared(october, revision=2)
    assert billing.post(f"/v1/bill-runs/{october}/approve", {**SEEN, "revision": 2}).status == 202


def test_a_line_that_comes_from_another_cycle_voids_the_review_it_comes_to(
    billing, ada, line, october, bea
):
    assert move(billing, bea, "2026-11-02T10:00:00Z").status == 201
    assert runs.load_run(october).revision == 1
    wanted = {"identity": "user:bea@isp.example", "since": IN_OCTOBER}
    until = {"until": "2026-11-01T00:00:00Z"}
    assert billing.post(line, wanted | until).status == 201

    assert runs.load_run(october).revision == 2


def test_a_line_that_ends_within_a_period_in_review_voids_it(billing, line, october):
    assert billing.post(f"{line}/end", {"identity": LINE, "at": IN_OCTOBER}).status == 200

    assert (runs.load_run(october).state, runs.load_run(october).revision) == ("preparing", 2)


def test_a_line_held_only_before_a_period_leaves_its_review_as_it_is(billing, line, october):
    august = {"since": "2026-08-01T00:00:00Z", "until": "2026-10-01T00:00:00+01:00"}
    assert billing.post(line, {"identity": "user:old", **august}).status == 201

    assert billing.post(f"/v1/bill-runs/{october}/approve", SEEN).status == 202


def test_a_line_moves_within_a_billed_period_too_for_its_usage_is_late(billing, line, october, bea):
    runs.approve(october, 1, DIGEST, "staff:mira", told("approved"))
    assert move(billing, bea).status == 201
    runs.save_closed(october, told("closed"))
    assert (
        billing.post(f"{bea}/end", {"identity": LINE, "at": "2026-10-21T00:00:00Z"}).status == 200
    )

    assert (runs.load_run(october).state, runs.load_run(october).revision) == ("closed", 1)


def test_the_page_of_a_run_says_why_it_must_be_prepared_again(billing, line, october, bea):
    assert move(billing, bea).status == 201
    page = words(billing.get(f"/console/bill-runs/{october}"))

    assert "The drafts of 2026-10-01, revision 1, are out of date" in page
    assert f"{LINE} moves to another service at 2026-10-20T00:00:00Z" in page
    assert "They can no longer be approved. Prepare again" in page

    assert again(billing, october).status == 202
    assert "out of date" not in words(billing.get(f"/console/bill-runs/{october}"))


def test_any_number_of_changes_leave_one_revision(billing, ada, line, october, bea):
    assert move(billing, bea).status == 201
    assert change(billing, ada).status == 200
    open_customer(billing, "Cleo", since=IN_OCTOBER)

    assert runs.load_run(october).revision == 2


def test_what_is_dated_back_while_the_next_revision_is_prepared_leaves_that_too(
    billing, ada, line, october, bea
):
    assert move(billing, bea).status == 201
    assert again(billing, october).status == 202
    assert change(billing, ada).status == 200

    assert (runs.load_run(october).state, runs.load_run(october).revision) == ("preparing", 3)

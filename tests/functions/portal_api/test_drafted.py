"""What is dated into a period that a run has drafted voids the drafts, or is refused."""

import pytest

from billing.core.invoicing import Parked
from billing.store import runs
from tests.functions.portal_api.test_bill_runs import DIGEST, OCTOBER, prepared, told
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

"""Attempts that overlap, releases that change in between, documents that are too large."""

from dataclasses import replace

import boto3
import pytest

from billing.adapters import documents
from billing.adapters.issuing import CannotBeIssued, ad_hoc_invoice
from billing.config import load_isp
from billing.core.subscription import change_plan
from billing.store import accounts, catalog, invoices, runs
from billing.store.access import EVERY_ACCOUNT
from billing.store.timeline import Event
from functions.bill_cycle import compare, draft_partition, open_run
from functions.bill_cycle.shared import office, token_secret
from functions.runtime import clock
from tests import faults
from tests.functions.bill_cycle.test_single_bills import a_visit, bill_visit
from tests.functions.bill_cycle.world import (
    BUCKET,
    OCTOBER,
    PLANS,
    STAFF,
    Context,
    approve,
    at,
    downloaded,
    everything,
    files,
    issue,
    issued_to,
    new_customer,
    prepare,
    put_back,
    set_tax_country,
    through,
)

pytestmark = pytest.mark.usefixtures("isp")

SUPPLEMENT = {**OCTOBER, "supplementary": True}


def both_attempts(account_id: str) -> dict:
    """*prepare* by two executions: for one the account cannot be billed, for the other it can."""
    plan = open_run.lambda_handler(OCTOBER, Context())
    set_tax_country(account_id, "")
    for item in documents.get_list(plan["partitions"]):
        draft_partition.lambda_handler(through(item), Context())
    set_tax_country(account_id, "IE")
    for item in documents.get_list(plan["partitions"]):
        draft_partition.lambda_handler(through(item), Context())
    return through(compare.lambda_handler(through(plan), Context()))


def test_an_account_mended_between_two_attempts_is_reviewed_as_a_bill_only():
    ada = new_customer("Ada")

    review = both_attempts(ada)

    assert (review["drafts"], review["parked"]) == (1, 0)


def test_an_account_mended_between_two_attempts_is_billed_once():
    ada = new_customer("Ada", "fibre-100")
    downloaded(ada, 1100)
    review = both_attempts(ada)
    approve(review)
    issue(review)

    supplement = prepare(SUPPLEMENT)

    assert (supplement["drafts"], supplement["parked"]) == (0, 0)
    [invoice] = issued_to(ada)
    assert [one.kind for one in invoice.lines].count("usage") == 1


def test_a_document_drawn_by_the_release_before_stays_and_the_run_is_issued():
    ada = new_customer("Ada")
    review = prepare()
    approve(review)
    with faults.killed_at(upload_of_the_document(review), "after") as died:
        issue(review)
    assert died == [True]
    assert issued_to(ada) == []
    [drawn] = [key for key in files() if key.startswith("invoices/")]
    boto3.client("s3").put_object(Bucket=BUCKET, Key=drawn, Body=b"drawn in another font")

    assert issue(review)["state"] == "closed"

    [invoice] = issued_to(ada)
    assert documents.document_key(invoice) == drawn
    assert documents.get(BUCKET, drawn) == b"drawn in another font"


def upload_of_the_document(review: dict) -> int:
    """Which call of *issue* stores the only document: the upload after that of the plan."""
    before = everything()
    faults.calls_of(lambda: issue(review))
    calls = faults.calls_made()
    put_back(before)
    return [n for n, name in enumerate(calls, 1) if name == "PutObject"][1]


def test_a_bill_too_large_to_be_kept_is_parked_with_a_sentence_and_the_others_are_billed():
    big, small = new_customer("Big"), new_customer("Small")
    give_fifty_prices(big, letters=5000)

    review = prepare()

    assert (review["drafts"], review["parked"]) == (1, 1)
    [parked] = runs.list_parked(review["run"], 1)
    assert (parked.account_id, parked.reason) == (big, "CannotBeIssued")
    assert "lines make a document of" in parked.text
    assert [one.account_id for one in invoices.list_drafts(review["run"], 1)] == [small]


def give_fifty_prices(account_id: str, letters: int) -> None:
    """Move an account to a plan of fifty monthly prices with long names."""
    of = PLANS["fibre-500"].versions[-1]
    [monthly] = of.recurring
    prices = tuple(
        replace(monthly, code=f"part-{n}", name=f"Part {n} ".ljust(letters, "x")) for n in range(50)
    )
    price = replace(of, version=of.version + 1, prices=prices)
    told = Event("plan.changed", STAFF, account_id, "fifty prices", at("2026-10-02 23:00"))
    catalog.put_price_version(price, told)
    held = accounts.load_subscription(
        account_id, account_id.replace("acc_", "sub_"), EVERY_ACCOUNT, catalog.price_versions()
    )
    accounts.save_subscription(change_plan(held, price, at("2026-10-02 23:00")), told)


def test_a_single_bill_too_large_to_be_kept_takes_no_number():
    ada = new_customer("Ada")
    lines = [replace(a_visit(ada), key=f"visit/{n}", description="x" * 4000) for n in range(100)]

    with pytest.raises(CannotBeIssued, match="100 lines make a document of"):
        ad_hoc_invoice(
            ada,
            lines,
            "visits",
            actor=STAFF,
            now=clock(),
            isp=load_isp(),
            office=office(),
            token_secret=token_secret(),
        )

    assert bill_visit(ada).number.endswith("-000001")

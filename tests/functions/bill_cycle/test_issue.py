"""*issue*: from an approval to numbered invoices, documents, ledger and mail."""

import boto3
import pytest

from billing.adapters import documents
from billing.store import invoices, ledger, outbox, runs, timeline
from billing.store.access import EVERY_ACCOUNT
from functions.bill_cycle import close_run, collect, freeze, issue_partition, number
from functions.bill_cycle.close_run import RunDoesNotAddUp
from functions.bill_cycle.manifest import ManifestChanged
from tests.functions.bill_cycle.world import (
    OCTOBER,
    STAFF,
    Context,
    approve,
    at,
    downloaded,
    issue,
    issued_to,
    new_customer,
    outcome,
    paid,
    pdf_of,
    prepare,
    whole_cycle,
)

pytestmark = pytest.mark.usefixtures("isp")


def started(review: dict) -> dict:
    return {"run": review["run"], "revision": review["revision"], "actor": STAFF}


def test_three_approved_drafts_become_three_numbered_invoices():
    ada, ben, cara = new_customer("Ada", "fibre-100"), new_customer("Ben"), new_customer("Cara")
    downloaded(ada, 1100)

    closed = whole_cycle()

    bills = [invoice for one in (ada, ben, cara) for invoice in issued_to(one)]
    assert closed == {**started(closed), "state": "closed", "count": 3}
    assert [one.number for one in bills] == [
        "MF-2026-000001",
        "MF-2026-000002",
        "MF-2026-000003",
    ]
    assert {(one.issued_on.isoformat(), one.due_on.isoformat()) for one in bills} == {
        ("2026-11-02", "2026-11-16")
    }
    # 32.00 twice and 27.00 of usage: 91.00 and 23 % of it.
    assert str(bills[0].total) == "111.93 EUR"
    assert runs.load_run(closed["run"]).state == "closed"


def test_an_invoice_is_owed_has_its_document_its_pay_link_and_its_mail():
    new_customer("Ben")

    whole_cycle()

    (invoice,) = issued_to("acc_ben")
    (item,) = invoices.open_items("acc_ben", EVERY_ACCOUNT)
    (message,) = outbox.due(at("2026-11-02 23:00"))
    told = {one.kind for one in timeline.list_events("acc_ben", EVERY_ACCOUNT).items}
    assert item.open == invoice.total == ledger.balance("acc_ben", EVERY_ACCOUNT)
    assert invoices.invoice_of_token(invoice.pay_token) == invoice
    assert pdf_of(invoice).startswith(b"%PDF-")
    assert (message.kind, message.data["invoice_id"]) == ("invoice.issued", invoice.id)
    assert told == {"account.opened", "invoice.issued"}


def test_what_was_billed_in_advance_is_not_billed_again():
    new_customer("Ben", since="2026-09-01")
    whole_cycle({**OCTOBER, "cycle": {"anchor": 1, "period": "2026-09-01"}})
    whole_cycle()

    september, october = issued_to("acc_ben")

    assert [line.span[0].isoformat() for line in september.lines] == ["2026-09-01", "2026-10-01"]
    assert [line.span[0].isoformat() for line in october.lines] == ["2026-11-01"]


def test_issue_run_twice_is_the_same_invoices_and_documents():
    accounts = [new_customer(name) for name in ("Ada", "Ben", "Cara")]
    review = prepare()
    approve(review)
    first_closed = issue(review)
    first = outcome(accounts)

    again = issue(review)

    assert again == first_closed
    assert outcome(accounts) == first
    assert len(outbox.due(at("2026-11-02 23:00"))) == 3


def test_a_partition_that_was_issued_is_not_planned_again():
    for name in ("Ada", "Ben", "Cara"):
        new_customer(name)
    review = prepare()
    approve(review)
    plan = number.lambda_handler(freeze.lambda_handler(started(review), Context()), Context())
    first, second = documents.get_list(plan["partitions"])
    issue_partition.lambda_handler(first, Context())

    again = number.lambda_handler(freeze.lambda_handler(started(review), Context()), Context())

    assert documents.get_list(again["partitions"]) == [second]
    assert again["allocations"] == plan["allocations"]


def test_a_run_that_is_not_approved_is_not_issued():
    new_customer("Ada")
    review = prepare()

    with pytest.raises(runs.WrongRunState, match="approve it first"):
        freeze.lambda_handler(started(review), Context())


def test_a_draft_that_is_not_what_was_approved_stops_everything_before_a_number_is_given():
    new_customer("Ada")
    review = prepare()
    approve(review)
    table = boto3.resource("dynamodb").Table("demarc-accounts-test")
    draft = invoices.load_draft(review["run"], 1, "acc_ada")
    (row,) = [one for one in table.scan()["Items"] if one["pk"].startswith("DRF#")]
    table.put_item(Item={**row, "body": row["body"].replace(draft.buyer["name"], "Eve")})

    with pytest.raises(ManifestChanged, match="the draft of account acc_ada"):
        freeze.lambda_handler(started(review), Context())


def test_a_run_without_bills_closes_without_taking_numbers():
    closed = whole_cycle()

    assert (closed["state"], closed["count"]) == ("closed", 0)


def test_credit_of_an_account_settles_its_new_invoice():
    new_customer("Ben")
    paid("acc_ben", "200.00")

    whole_cycle()

    position = ledger.position("acc_ben")
    assert position.open_items == ()
    assert str(position.credit) == "89.30 EUR"  # 200.00 − 110.70
    assert str(position.balance) == "-89.30 EUR"


def test_credit_that_is_not_enough_leaves_the_rest_open():
    new_customer("Ben")
    paid("acc_ben", "10.00")

    whole_cycle()

    (item,) = ledger.position("acc_ben").open_items
    assert str(item.open) == "100.70 EUR"


def test_collecting_twice_uses_the_credit_once():
    new_customer("Ben")
    paid("acc_ben", "10.00")
    review = prepare()
    approve(review)
    closed = issue(review)
    plan = number.lambda_handler(freeze.lambda_handler(started(review), Context()), Context())

    again = collect.lambda_handler(plan, Context())

    assert closed["count"] == 1
    assert again["settled"] == 0
    assert str(ledger.balance("acc_ben", EVERY_ACCOUNT)) == "100.70 EUR"


def test_a_run_that_does_not_add_up_stays_open_and_says_what_differs():
    new_customer("Ada")
    new_customer("Ben")
    review = prepare()
    approve(review)
    plan = number.lambda_handler(freeze.lambda_handler(started(review), Context()), Context())

    with pytest.raises(RunDoesNotAddUp, match="acc_ada has no invoice MF-2026-000001"):
        close_run.lambda_handler(plan, Context())
    assert runs.load_run(review["run"]).state == "approved"
    assert "bill-run.attention" in {one.kind for one in timeline.list_isp_events().items}
    assert issue(review)["state"] == "closed"


def test_every_draft_bears_what_was_approved_and_the_run_tells_what_it_came_to():
    new_customer("Ada")
    new_customer("Ben")

    whole_cycle()

    (closed,) = [one for one in timeline.list_isp_events().items if one.kind == "bill-run.closed"]
    assert closed.text == "Bill run of 2026-10-01 closed: 2 invoices over 221.40 EUR"
    assert closed.data == {"count": 2, "totals": {"EUR": "221.40"}}

"""Killed before or after any call to AWS and delivered again: the books are the same."""

import json

import pytest

from billing.adapters.checkout import open_checkout_for
from billing.adapters.secrets import load_processor_secret
from billing.core.invoicing import Invoice
from billing.core.money import Money
from billing.store import payments, timeline
from functions.payments_webhook import worker
from tests import faults
from tests.functions.payments_webhook.world import (
    URLS,
    Context,
    World,
    begin_again,
    books,
    issue_invoice,
    now,
    sqs_event,
)

OUTCOMES = ["succeed", "decline", "delayed", "another currency", "no invoice"]


def prepare(world: World, outcome: str) -> dict:
    """A payment, and the batch that tells of it."""
    begin_again(world)
    invoice = issue_invoice("30.00")
    if outcome == "no invoice":
        world.pay_directly(invoice.total)
    elif outcome == "another currency":
        world.pay_directly(Money(3000, "USD"), invoice_id=invoice.id)
    else:
        world.pay(invoice, outcome)
    hint = world.hints()[-1]
    return sqs_event([{"MessageId": "1", "ReceiptHandle": "1", "Body": json.dumps(hint.to_dict())}])


def work(batch: dict) -> None:
    assert worker.lambda_handler(batch, Context()) == {"batchItemFailures": []}


def state() -> dict:
    """The books, the list of what is held and the attempt, without the processor's ids."""
    found = books()
    found["payments"] = [state for _, state in found["payments"]]
    found["held"] = [one.reason for one in payments.list_held().items]
    found["isp"] = [event.kind for event in timeline.list_isp_events().items]
    return found


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_worker_that_dies_anywhere_ends_in_the_same_books(world: World, outcome: str):
    load_processor_secret()  # so that no run of the worker reads it
    batch = prepare(world, outcome)
    calls = faults.calls_of(lambda: work(batch))
    wanted = state()

    for call in range(1, calls + 1):
        for when in ("before", "after"):
            batch = prepare(world, outcome)
            assert faults.killed(lambda batch=batch: work(batch), call, when)
            work(batch)
            assert state() == wanted, (call, when)


def sessions(world: World) -> list[dict]:
    return world.standin.objects.list("cs", {"limit": 100})["data"]


def click(invoice: Invoice) -> str:
    return open_checkout_for(invoice, now(), URLS)


def test_a_click_that_dies_anywhere_leads_to_one_page_with_the_next_click(world: World):
    load_processor_secret()
    invoice = issue_invoice("30.00")
    calls = faults.calls_of(lambda: click(invoice))
    for call in range(1, calls + 1):
        for when in ("before", "after"):
            begin_again(world)
            invoice = issue_invoice("30.00")
            assert faults.killed(lambda invoice=invoice: click(invoice), call, when)

            page = click(invoice)

            assert click(invoice) == page
            assert [session["url"] for session in sessions(world)] == [page]

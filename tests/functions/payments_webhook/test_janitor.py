"""Webhooks that never came: what they would have told is found by looking."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from billing.adapters import processor
from billing.adapters.processor import ProcessorUnreachable
from billing.store import ledger, payments
from functions.payments_webhook import janitor
from tests.functions.payments_webhook.world import (
    ACCOUNT,
    Context,
    World,
    books,
    issue_invoice,
    open_account,
    postings,
)

ELEVEN_MINUTES, THIRTEEN_HOURS = timedelta(minutes=11), timedelta(hours=13)


def look(after: timedelta = ELEVEN_MINUTES, context: Context | None = None) -> dict[str, int]:
    with time_machine.travel(datetime.now(UTC) + after):
        return janitor.lambda_handler({}, context or Context())


def test_a_payment_whose_webhooks_were_lost_is_found_and_posted_once(world: World):
    world.pay(issue_invoice("30.00"))

    assert look() == {"looked": 1, "settled": 1}
    found = books()
    assert look() == {"looked": 0, "settled": 0}
    world.deliver_all()  # the webhooks come after all
    assert books() == found
    assert len(postings()) == 2


def test_the_webhooks_have_ten_minutes_for_themselves(world: World):
    world.pay(issue_invoice("30.00"))
    assert look(timedelta(minutes=9)) == {"looked": 0, "settled": 0}


def test_a_delayed_payment_is_followed_until_the_bank_decides(world: World):
    invoice = issue_invoice("30.00")
    world.pay(invoice, "delayed")
    look()
    assert payments.latest_attempt(invoice.id).state == "paying"
    world.bank_decides(invoice, paid=True)
    assert look() == {"looked": 1, "settled": 1}
    assert len(postings()) == 2


def test_a_page_that_nobody_paid_is_closed_when_it_expired(world: World):
    invoice = issue_invoice("30.00")
    world.click_pay(invoice)
    assert look() == {"looked": 1, "settled": 0}
    assert look(THIRTEEN_HOURS) == {"looked": 1, "settled": 1}
    assert payments.latest_attempt(invoice.id).state == "expired"


def test_an_attempt_without_an_answer_is_closed_when_its_page_must_be(world: World, monkeypatch):
    monkeypatch.setattr(processor, "RETRIES_MAX", 0)
    invoice = issue_invoice("30.00")
    world.standin.replies_to_lose = 1
    with pytest.raises(ProcessorUnreachable):
        world.click_pay(invoice)

    look()
    assert payments.latest_attempt(invoice.id).state == "claimed"
    look(THIRTEEN_HOURS)
    assert payments.latest_attempt(invoice.id).state == "expired"


def test_one_page_that_cannot_be_read_keeps_no_other_waiting(world: World):
    world.pay(issue_invoice("30.00", 7))
    world.standin.objects.things.clear()  # the processor forgot it
    other = issue_invoice("30.00", account_id=open_account(id=ACCOUNT[:-1] + "2"))
    world.pay(other)

    assert look() == {"looked": 2, "settled": 1}
    assert str(ledger.position(other.account_id).balance) == "0.00 EUR"


def test_with_its_time_nearly_over_it_leaves_the_rest_to_the_next_run(world: World):
    world.pay(issue_invoice("30.00"))
    hurried = Context()
    hurried.milliseconds_left = 5_000
    assert look(context=hurried) == {"looked": 0, "settled": 0}
    assert look() == {"looked": 1, "settled": 1}

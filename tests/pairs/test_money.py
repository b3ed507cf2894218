"""Money that two handlers are at: payments and pages."""

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from billing.adapters.checkout import open_checkout_for
from billing.core.invoicing import Invoice
from billing.core.money import Money
from billing.core.payment import Attempt, to_processor
from billing.store import ledger, payments
from functions.payments_webhook import worker
from tests.functions.payments_webhook import world as w
from tests.functions.payments_webhook.world import ACCOUNT, issue_invoice, open_account
from tests.pairs.conftest import Explore, Find
from tests.pairs.explorer import Pair
from tests.pairs.house import House, Results, all_of, errors

Told = Callable[[], dict]


def paid_directly(house: House, invoice: Invoice, amount: str) -> None:
    """Money for an invoice that arrives without a page of ours."""
    due = Money.parse(amount, "EUR")
    house.processor.objects.new_intent(
        {
            "amount": str(to_processor(due)),
            "currency": "EUR",
            "metadata": {"invoice_id": invoice.id},
            "confirm": "true",
        }
    )


def delivery(house: House, kind: str, nth: int = 0) -> Callable[[], dict]:
    """The worker, told of one event of the processor by a message of its queue."""
    told = [one for one in house.processor.events() if one["type"] == kind][nth]
    thing = told["data"]["object"]
    payment = thing["id"] if thing["object"] == "payment_intent" else thing["payment_intent"]
    hint = {
        "event_id": told["id"],
        "type": kind,
        "object_id": thing["id"],
        "payment_id": payment,
        "created_at": "2026-11-02T08:59:00Z",
    }
    message = {"MessageId": told["id"], "ReceiptHandle": "r", "Body": json.dumps(hint)}

    def deliver() -> dict:
        return worker.lambda_handler(w.sqs_event([message]), w.Context())

    return deliver


def given_back(results: Results) -> list[str]:
    """Messages that went back to the queue, which nothing here is a reason for."""
    return [
        f"{who} gave its message back"
        for who, one in results.items()
        if isinstance(one, dict) and one.get("batchItemFailures")
    ]


def stands_at(balance: str, credit: str, received: int) -> Callable[[Results], list[str]]:
    """Where the account must stand, and how many payments must have been posted."""

    def law(_: Results) -> list[str]:
        position = ledger.position(ACCOUNT)
        found = str(position.balance), str(position.credit), w.told().count("payment.received")
        wanted = balance, credit, received
        return [] if found == wanted else [f"the account stands at {found}, not {wanted}"]

    return law


@pytest.fixture
def bill(house: House) -> Invoice:
    """A bill of 30 EUR that nobody has paid."""
    open_account()
    return issue_invoice("30.00")


def the_books_are_in_order(house: House) -> Callable[[Results], list[str]]:
    return lambda _: house.broken(at_rest=False)


def pays(house: House, name: str, first: Told, second: Told, *outcome: Any) -> Pair:
    law = all_of(errors, given_back, stands_at(*outcome))
    return Pair(name, house, {"first": first, "second": second}, law)


def test_two_deliveries_of_one_success_post_it_once(house: House, bill: Invoice, explored: Explore):
    paid_directly(house, bill, "30.00")
    told = delivery(house, "payment_intent.succeeded")

    assert explored(pays(house, "pay/pay", told, told, "0.00 EUR", "0.00 EUR", 1)).trouble == ""


def test_two_events_of_one_payment_post_it_once(house: House, bill: Invoice, explored: Explore):
    paid_directly(house, bill, "30.00")
    charge = delivery(house, "charge.succeeded")
    intent = delivery(house, "payment_intent.succeeded")
    pair = pays(house, "pay/pay, two events", charge, intent, "0.00 EUR", "0.00 EUR", 1)

    assert explored(pair).trouble == ""


def test_two_payments_of_one_bill_settle_it_and_leave_credit(
    house: House, bill: Invoice, explored: Explore
):
    paid_directly(house, bill, "30.00")
    paid_directly(house, bill, "30.00")
    first, second = (delivery(house, "payment_intent.succeeded", nth) for nth in (0, 1))
    pair = pays(house, "pay/pay, two payments", first, second, "-30.00 EUR", "30.00 EUR", 2)

    assert explored(pair).trouble == ""


@pytest.mark.long
def test_a_posting_on_an_old_position_would_be_found(
    house: House, bill: Invoice, finds: Find, monkeypatch
):
    paid_directly(house, bill, "30.00")
    paid_directly(house, bill, "30.00")
    first, second = (delivery(house, "payment_intent.succeeded", nth) for nth in (0, 1))

    def whatever_came_between(position, transaction):
        return replace(conditional(position, transaction), condition=None)

    conditional = ledger.balance_put
    monkeypatch.setattr(ledger, "balance_put", whatever_came_between)

    trouble = finds(pays(house, "planted", first, second, "-30.00 EUR", "30.00 EUR", 2))

    assert trouble.startswith("the account stands at ")
    assert "  second  TransactWriteItems" in trouble


def clicks(bill: Invoice) -> Callable[[], str]:
    """Somebody asks for the page where the bill is paid."""
    return lambda: open_checkout_for(bill, w.now(), w.URLS)


def one_page_can_be_paid(house: House):
    """Both are led to it, and nobody can pay on another one."""

    def law(results: Results) -> list[str]:
        pages = [page["url"] for page in house.processor.pages()]
        led = set(results.values())
        return [] if led == set(pages) and len(pages) == 1 else [f"led to {led}, open are {pages}"]

    return law


def checkout_and_checkout(house: House, bill: Invoice) -> Pair:
    law = all_of(errors, one_page_can_be_paid(house))
    return Pair("checkout/checkout", house, {"first": clicks(bill), "second": clicks(bill)}, law)


def test_two_clicks_open_one_page(house: House, bill: Invoice, explored: Explore):
    assert explored(checkout_and_checkout(house, bill)).trouble == ""


def test_two_clicks_replace_a_page_for_another_amount_by_one(
    house: House, bill: Invoice, explored: Explore
):
    clicks(bill)()
    paid_directly(house, bill, "10.00")
    delivery(house, "payment_intent.succeeded")()
    pair = replace(checkout_and_checkout(house, bill), name="checkout/checkout, replaced")

    assert explored(pair).trouble == ""


@pytest.mark.long
def test_a_slot_that_is_not_claimed_first_would_be_found(
    house: House, bill: Invoice, finds: Find, monkeypatch
):
    # Without its claim the attempt is asked for under no name of its own.
    monkeypatch.setattr(payments, "claim", lambda attempt: True)
    monkeypatch.setattr(payments, "save_attempt", lambda attempt: True)
    monkeypatch.setattr(Attempt, "id", property(lambda _: secrets.token_hex(8)))

    assert "open are" in finds(checkout_and_checkout(house, bill))

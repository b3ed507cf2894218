"""From signed events to the ledger: once, in any order, any number of times."""

import itertools
import random

import pytest

from billing.adapters.processor import connected
from billing.core.money import Money
from billing.core.payment import PaymentUnderWay
from billing.store import ledger, payments, timeline
from functions.payments_webhook.settle import settle_hint, settle_payment
from tests.functions.payments_webhook.world import (
    ACCOUNT,
    World,
    begin_again,
    books,
    eur,
    issue_invoice,
    now,
    open_account,
    postings,
    receipts,
    told,
)

SIBLINGS = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


def position():
    return ledger.position(ACCOUNT)


def test_a_paid_bill_is_settled_receipted_and_told(world: World):
    invoice = issue_invoice("30.00")
    world.pay(invoice)
    world.deliver_all()

    settled = books()
    assert (settled["balance"], settled["credit"]) == ("0.00 EUR", "0.00 EUR")
    assert settled["open"] == [(invoice.number, "0.00 EUR")]
    assert settled["postings"] == [
        ("cash:stripe", "30.00 EUR"),
        (f"receivable:{ACCOUNT}", "-30.00 EUR"),
    ]
    assert settled["told"] == ["payment.received"]
    assert settled["receipts"] == ["payment.received"]
    assert [state for _, state in settled["payments"]] == ["succeeded"]
    assert payments.latest_attempt(invoice.id).state == "paid"


@pytest.mark.parametrize("kind", SIBLINGS)
def test_any_one_of_the_events_is_enough(world: World, kind: str):
    world.pay(issue_invoice("30.00"))
    world.deliver([event for event in world.events() if event["type"] == kind])
    assert len(postings()) == 2
    assert position().balance == eur("0.00")


def test_each_event_ten_times_is_one_posting(world: World):
    world.pay(issue_invoice("30.00"))
    world.deliver(world.events()[-1:])
    once = books()

    world.deliver(world.events() * 10)

    assert books() == once


def test_siblings_in_any_order_are_one_posting(world: World):
    for order in itertools.permutations(range(4)):
        begin_again(world)
        world.pay(issue_invoice("30.00"))
        hints = world.hints()
        assert [hint.type for hint in hints] == SIBLINGS

        settled = [settle_hint(hints[place], connected(), now()) for place in order]

        assert settled == [True, False, False, False]
        assert postings() == [
            ("cash:stripe", "30.00 EUR"),
            (f"receivable:{ACCOUNT}", "-30.00 EUR"),
        ]
        assert (told(), receipts()) == (["payment.received"], ["payment.received"])


@pytest.mark.parametrize("seed", range(4))
def test_a_whole_history_shuffled_and_repeated_ends_in_the_same_books(world: World, seed: int):
    invoice = issue_invoice("30.00")
    world.pay(invoice, "decline")
    world.pay(invoice, "decline")
    world.pay(invoice, "succeed")
    hints = world.hints() * 3
    random.Random(seed).shuffle(hints)

    settled = [settle_hint(hint, connected(), now()) for hint in hints]

    assert settled.count(True) == 1
    assert (position().balance, len(postings())) == (eur("0.00"), 2)
    assert told() == ["payment.received"]


def test_a_declined_card_posts_nothing_and_the_page_stays(world: World):
    invoice = issue_invoice("30.00")
    page = world.click_pay(invoice)
    world.choose(page, "decline")
    world.deliver_all()

    assert (position().balance, postings()) == (eur("30.00"), [])
    assert told() == ["payment.failed"]
    assert world.click_pay(invoice) == page

    world.choose(page, "succeed")
    world.deliver_all()
    assert (position().balance, len(postings())) == (eur("0.00"), 2)
    assert told() == ["payment.failed", "payment.received"]


def test_a_delayed_payment_is_pending_and_posted_when_the_money_comes(world: World):
    invoice = issue_invoice("30.00")
    world.pay(invoice, "delayed")
    world.deliver_all()

    assert (position().balance, postings(), told()) == (eur("30.00"), [], ["payment.pending"])
    with pytest.raises(PaymentUnderWay, match="on its way"):
        world.click_pay(invoice)

    world.bank_decides(invoice, paid=True)
    world.deliver_all()
    assert (position().balance, len(postings())) == (eur("0.00"), 2)
    assert told() == ["payment.pending", "payment.received"]


@pytest.mark.parametrize("heard", ["in turn", "all at the end"])
def test_a_returned_debit_posts_nothing_and_the_bill_can_be_paid_again(world: World, heard: str):
    invoice = issue_invoice("30.00")
    first = world.click_pay(invoice)
    world.choose(first, "delayed-failure")
    if heard == "in turn":
        world.deliver_all()
    world.bank_decides(invoice, paid=False)
    world.deliver_all()

    assert (position().balance, postings()) == (eur("30.00"), [])
    assert told()[-1] == "payment.failed"
    assert world.click_pay(invoice) != first


def test_a_page_that_expired_unpaid_makes_room_for_the_next(world: World):
    invoice = issue_invoice("30.00")
    first = world.click_pay(invoice)
    world.standin.objects.expire_session(payments.latest_attempt(invoice.id).session_id)
    world.deliver_all()

    assert payments.latest_attempt(invoice.id).state == "expired"
    assert world.click_pay(invoice) != first


def test_a_declined_payment_whose_page_expired_is_told_and_posts_nothing(world: World):
    invoice = issue_invoice("30.00")
    world.pay(invoice, "decline")
    world.standin.objects.expire_session(payments.latest_attempt(invoice.id).session_id)
    world.deliver(world.events() * 2)

    assert (postings(), payments.latest_attempt(invoice.id).state) == ([], "expired")


def test_a_payment_settles_its_invoice_first_then_the_oldest_and_leaves_credit(world: World):
    oldest, older, newest = (issue_invoice("30.00", month) for month in (7, 8, 9))
    world.pay_directly(eur("100.00"), invoice_id=newest.id)
    world.deliver_all()

    after = books()
    assert after["open"] == [(one.number, "0.00 EUR") for one in (oldest, older, newest)]
    assert (after["balance"], after["credit"]) == ("-10.00 EUR", "10.00 EUR")
    assert after["postings"] == [
        ("cash:stripe", "100.00 EUR"),
        (f"receivable:{ACCOUNT}", "-90.00 EUR"),
        (f"credit:{ACCOUNT}", "-10.00 EUR"),
    ]


def test_a_part_payment_settles_the_invoice_it_was_made_for(world: World):
    older, newer = issue_invoice("30.00", 7), issue_invoice("30.00", 8)
    world.pay_directly(eur("10.00"), invoice_id=newer.id)
    world.deliver_all()
    assert books()["open"] == [(older.number, "30.00 EUR"), (newer.number, "20.00 EUR")]


def test_a_bill_paid_twice_becomes_credit(world: World):
    invoice = issue_invoice("30.00")
    world.pay(invoice)
    world.pay_directly(eur("30.00"), invoice_id=invoice.id)
    world.deliver_all()
    assert (str(position().balance), str(position().credit)) == ("-30.00 EUR", "30.00 EUR")


def test_another_currency_waits_in_suspense_for_a_person(world: World):
    invoice = issue_invoice("30.00")
    paid = world.pay_directly(Money.parse("30.00", "USD"), invoice_id=invoice.id)
    world.deliver(world.events() * 3)

    assert postings() == [("cash:stripe", "30.00 USD"), ("suspense:payments", "-30.00 USD")]
    assert (position().balance, told()) == (eur("30.00"), ["payment.held"])
    (held,) = payments.list_held().items
    assert (held.object_id, held.reason) == (paid, "the account is kept in EUR")
    assert "needs a person" in timeline_texts(ACCOUNT)[0]
    assert books()["receipts"] == []


@pytest.mark.parametrize("metadata", [{}, {"invoice_id": "inv_unknown"}], ids=["none", "unknown"])
def test_money_for_no_invoice_of_ours_is_held_and_listed(world: World, metadata: dict[str, str]):
    paid = world.pay_directly(eur("12.00"), **metadata)
    world.deliver(world.events() * 3)

    (held,) = payments.list_held().items
    assert (held.object_id, str(held.amount), held.account_id) == (paid, "12.00 EUR", "")
    events = timeline.list_isp_events().items
    assert [event.kind for event in events] == ["payment.held"]
    assert "no invoice of ours is named on it" in events[0].text


def test_held_money_is_posted_once_its_invoice_is_there(world: World):
    later = issue_invoice("30.00", account_id=open_account(id=ACCOUNT[:-1] + "2"))
    world.pay_directly(eur("30.00"), invoice_id=later.id.replace("inv_", "inv_x"))
    world.deliver_all()
    assert len(payments.list_held().items) == 1

    # The same payment, now naming an invoice that exists: staff wrote it on at the processor.
    intent = world.intent()
    intent["metadata"] = {"invoice_id": later.id}
    world.deliver_all()
    assert payments.list_held().items == ()
    assert str(ledger.position(later.account_id).balance) == "0.00 EUR"


@pytest.mark.parametrize("first", ["the refund", "the payment"])
def test_a_refund_is_told_once_and_never_crashes(world: World, first: str):
    world.pay(issue_invoice("30.00"))
    intent = world.intent()
    world.standin.objects.refund({"payment_intent": intent["id"], "amount": "500"})
    events = world.events()
    world.deliver((events if first == "the payment" else events[::-1]) * 3)

    assert sorted(told()) == ["payment.received", "payment.refund-reported"]
    assert len(postings()) == 2


@pytest.mark.parametrize("kind", ["charge.dispute.created", "charge.dispute.closed"])
def test_a_dispute_is_told_on_the_accounts_timeline(world: World, kind: str):
    world.pay(issue_invoice("30.00"))
    paid = world.intent()
    dispute = {"id": "dp_1", "object": "dispute", "payment_intent": paid["id"], "amount": 3000}
    world.standin.objects.happened(kind, dispute)
    world.deliver(world.events() * 2)
    assert sorted(told()) == ["payment.dispute-reported", "payment.received"]


def test_a_dispute_of_a_payment_nobody_knows_is_told_to_the_isp(world: World):
    dispute = {"id": "dp_1", "object": "dispute", "payment_intent": None, "amount": 3000}
    world.standin.objects.happened("charge.dispute.created", dispute)
    world.deliver(world.events() * 2)
    assert [event.kind for event in timeline.list_isp_events().items] == [
        "payment.dispute-reported"
    ]


def test_a_hint_of_an_unknown_object_goes_back_and_the_others_are_done(world: World):
    world.pay(issue_invoice("30.00"))
    stray = {**world.events()[0], "id": "evt_stray"}
    stray["data"] = {"object": {"id": "pi_unknown", "object": "payment_intent"}}
    for event in [stray, *world.events()]:
        world.post_webhook(event)

    given_back = world.work()

    assert len(given_back) == 1
    assert position().balance == eur("0.00")


def test_while_the_processor_is_away_hints_go_back_and_nothing_changes(world: World, monkeypatch):
    world.pay(issue_invoice("30.00"))
    for event in world.events():
        world.post_webhook(event)
    before = books()
    monkeypatch.setenv("PROCESSOR_API_BASE", "http://127.0.0.1:9")
    monkeypatch.setattr("billing.adapters.processor.RETRIES_MAX", 0)
    connected.cache_clear()

    assert len(world.work()) == 4
    assert books() == before


def test_a_message_that_is_no_hint_goes_back_alone(world: World):
    import boto3

    boto3.client("sqs").send_message(QueueUrl=world.queue_url, MessageBody="{}")
    world.pay(issue_invoice("30.00"))
    for event in world.events():
        world.post_webhook(event)
    assert len(world.work()) == 1
    assert position().balance == eur("0.00")


class Meddling:
    """The processor, and something that happens while it is being asked for a payment."""

    def __init__(self, meanwhile) -> None:
        self.meanwhile, self.asked = meanwhile, 0

    def __getattr__(self, name: str):
        return getattr(connected(), name)

    def load_payment(self, payment_id: str):
        self.asked += 1
        reading = connected().load_payment(payment_id)
        self.meanwhile()
        return reading


def test_two_workers_at_one_payment_post_it_once(world: World):
    world.pay(issue_invoice("30.00"))
    paid = world.intent()["id"]
    other = Meddling(lambda: settle_payment(paid, connected(), now()))

    assert settle_payment(paid, other, now()) is False
    assert len(postings()) == 2


def test_two_payments_of_one_account_at_once_are_both_posted(world: World):
    invoice = issue_invoice("30.00")
    one = world.pay_directly(eur("10.00"), invoice_id=invoice.id)
    other = world.pay_directly(eur("15.00"), invoice_id=invoice.id)
    meddling = Meddling(lambda: settle_payment(other, connected(), now()))

    assert settle_payment(one, meddling, now())
    assert (position().balance, len(postings())) == (eur("5.00"), 4)


def test_a_reading_that_became_old_while_it_was_written_is_read_again(world: World):
    invoice = issue_invoice("30.00")
    world.pay(invoice, "delayed")
    paid = world.intent()["id"]

    def money_comes() -> None:
        world.bank_decides(invoice, paid=True)
        settle_payment(paid, connected(), now())

    assert settle_payment(paid, Meddling(money_comes), now()) is False
    assert payments.load_payment(paid).state == "succeeded"


def timeline_texts(account_id: str) -> list[str]:
    from billing.store.access import EVERY_ACCOUNT

    return [event.text for event in timeline.list_events(account_id, EVERY_ACCOUNT).items]

"""A posting happens once, whatever is delivered again, killed or raced."""

import pytest

from billing.core.ledger import (
    Allocation,
    allocate,
    balance,
    credit_transaction,
    payment_transaction,
    reversal,
)
from billing.store import accounts, invoices, ledger, outbox, timeline
from billing.store.access import EVERY_ACCOUNT, AccountNotFound, only
from billing.store.ledger import NotEnoughCredit, OverAllocated, UnknownOpenItem
from billing.store.outbox import Message
from billing.store.transactions import EditConflict, EntryConflict
from tests.examples import at, customer, eur, event, invoice
from tests.faults import calls_of, deaths, killed, meanwhile

PAID_AT = at("2026-11-10 10:00")


@pytest.fixture
def owing(tables):
    """Ada owes 35.70 on one invoice."""
    accounts.save_new_customer(**customer())
    invoices.issue(invoice(), event("invoice.issued", invoice().id))


def pay(amount: str = "35.70", object_id: str = "pi_1") -> bool:
    """What the payment worker does: read, decide, post."""
    position = ledger.position("acc_1")
    allocations, surplus = allocate(eur(amount), position.open_items)
    transaction = payment_transaction(
        account_id="acc_1",
        object_id=object_id,
        at=PAID_AT,
        allocations=allocations,
        surplus=surplus,
        source="stripe",
    )
    told = event("payment.received", object_id)
    receipt = Message(f"mail:{object_id}", "payment.received", "acc_1", PAID_AT)
    return ledger.post(transaction, position, told, messages=[receipt])


def test_a_payment_settles_its_invoice(owing):
    assert pay()

    assert ledger.balance("acc_1", EVERY_ACCOUNT) == eur("0.00")
    assert invoices.open_items("acc_1", EVERY_ACCOUNT) == ()
    assert invoices.load_item(invoice()).settled
    assert [one.id for one in outbox.due(at("2026-11-10 10:00"))] == ["mail:pi_1"]


def test_a_payment_posted_ten_times_is_posted_once(owing):
    assert [pay() for _ in range(10)] == [True] + [False] * 9

    assert ledger.balance("acc_1", EVERY_ACCOUNT) == eur("0.00")
    assert len(ledger.list_transactions("acc_1", EVERY_ACCOUNT).items) == 2


def test_another_amount_under_the_same_payment_is_refused(owing):
    pay("35.70")

    with pytest.raises(EntryConflict):
        pay("35.71")


def test_a_surplus_is_credit_and_the_balance_is_below_zero(owing):
    pay("40.00")

    position = ledger.position("acc_1")
    assert (position.balance, position.credit) == (eur("-4.30"), eur("4.30"))


def test_the_stored_balance_is_the_sum_of_the_entries(owing):
    pay("20.00", "pi_1")
    pay("20.00", "pi_2")

    posted = ledger.list_transactions("acc_1", EVERY_ACCOUNT).items
    assert ledger.balance("acc_1", EVERY_ACCOUNT) == balance(posted, "acc_1", "EUR") == eur("-4.30")


def test_a_decision_on_an_old_position_is_refused_and_made_again(owing):
    stale = ledger.position("acc_1")
    pay("20.00", "pi_1")
    second = payment_transaction(
        account_id="acc_1",
        object_id="pi_2",
        at=PAID_AT,
        allocations=[Allocation(invoice().id, eur("35.70"))],
        surplus=eur("0.00"),
        source="stripe",
    )

    with pytest.raises(EditConflict, match="the balance of account acc_1"):
        ledger.post(second, stale, event("payment.received", "pi_2"))
    assert ledger.balance("acc_1", EVERY_ACCOUNT) == eur("15.70")


def test_a_reversed_payment_opens_the_invoice_again(owing):
    pay()
    (paid,) = [
        one
        for one in ledger.list_transactions("acc_1", EVERY_ACCOUNT).items
        if one.kind == "payment"
    ]
    undone = reversal(paid, at("2026-11-20 10:00"))
    ledger.post(undone, ledger.position("acc_1"), event("payment.reversed", "pi_1"))

    (item,) = invoices.open_items("acc_1", EVERY_ACCOUNT)
    assert item.open == eur("35.70")
    assert ledger.balance("acc_1", EVERY_ACCOUNT) == eur("35.70")
    assert [one.invoice_id for one in invoices.overdue(at("2026-12-01 00:00").date())]


def use_credit(amount: str, invoice_id: str) -> bool:
    used = credit_transaction(
        account_id="acc_1",
        reference=f"use-{invoice_id}",
        at=PAID_AT,
        allocations=[Allocation(invoice_id, eur(amount))],
    )
    return ledger.post(used, ledger.position("acc_1"), event("credit.used"))


def test_credit_pays_the_next_invoice_but_never_more_than_there_is(owing):
    pay("40.00")
    second = invoice(number="N-2026-0002", run_id="run_2")
    invoices.issue(second, event("invoice.issued", second.id))

    with pytest.raises(NotEnoughCredit, match=r"has 4\.30 EUR of credit, not 5\.00 EUR"):
        use_credit("5.00", second.id)
    assert use_credit("4.30", second.id)
    assert ledger.position("acc_1").credit == eur("0.00")
    assert ledger.balance("acc_1", EVERY_ACCOUNT) == eur("31.40")


@pytest.mark.parametrize(
    ("invoice_id", "amount", "error"),
    [(invoice().id, "35.71", OverAllocated), ("inv_none", "1.00", UnknownOpenItem)],
)
def test_no_invoice_is_settled_beyond_what_is_open(owing, invoice_id, amount, error):
    wrong = payment_transaction(
        account_id="acc_1",
        object_id="pi_1",
        at=PAID_AT,
        allocations=[Allocation(invoice_id, eur(amount))],
        surplus=eur("0.00"),
        source="stripe",
    )

    with pytest.raises(error):
        ledger.post(wrong, ledger.position("acc_1"), event())


def test_a_payment_is_three_calls(owing):
    assert calls_of(pay) == 3  # position, whether it was posted, the transaction


@pytest.mark.parametrize(("call", "when"), deaths(3))
def test_killed_anywhere_and_started_again_a_payment_is_posted_once(owing, call, when):
    assert killed(pay, call, when)
    pay()

    position = ledger.position("acc_1")
    assert (position.balance, position.credit, position.version) == (eur("0.00"), eur("0.00"), 3)
    kinds = [one.kind for one in timeline.list_events("acc_1", EVERY_ACCOUNT).items]
    assert kinds.count("payment.received") == 1
    assert len(outbox.due(PAID_AT)) == 1


def test_a_customer_sees_neither_balance_nor_postings_of_another(owing):
    for look in (ledger.balance, ledger.list_transactions):
        with pytest.raises(AccountNotFound):
            look("acc_1", only(["acc_2"]))


def test_two_payments_at_once_both_count_and_the_second_decides_again(owing):
    with meanwhile(3, lambda: pay("20.00", "pi_2")), pytest.raises(EditConflict):
        pay("35.70", "pi_1")
    pay("35.70", "pi_1")

    position = ledger.position("acc_1")
    assert (position.balance, position.credit) == (eur("-20.00"), eur("20.00"))

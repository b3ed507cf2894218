"""Every transaction sums to zero; money goes to the invoice it was meant for, then the oldest."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.ledger import (
    Allocation,
    Entry,
    NotAPayment,
    OpenItem,
    Transaction,
    Unbalanced,
    allocate,
    balance,
    credit_transaction,
    invoice_transaction,
    open_item,
    open_item_from,
    open_item_to_dict,
    payment_transaction,
    reversal,
    same_fact,
    transaction_from,
    transaction_to_dict,
)
from billing.core.money import Money
from tests.examples import at, charge, eur, invoice

PAID_AT = at("2026-11-10 10:00")
ISSUED_AT = at("2026-10-31 23:00")  # midnight of 1 November in Berlin


def item(n: int, open: str, due: str) -> OpenItem:
    return OpenItem(f"inv_{n}", "acc_1", f"N-{n}", date.fromisoformat(due), eur("50.00"), eur(open))


def payment(allocations=(), surplus="0.00") -> Transaction:
    return payment_transaction(
        account_id="acc_1",
        object_id="pi_1",
        at=PAID_AT,
        allocations=allocations,
        surplus=eur(surplus),
        source="stripe",
    )


OLD, NEW = item(1, "20.00", "2026-10-15"), item(2, "50.00", "2026-11-15")


def test_an_invoice_is_owed_by_the_customer_and_earned_by_kind_of_charge():
    posted = invoice_transaction(invoice(charge("30.00"), charge("10.00", "usage")))

    assert posted.at == ISSUED_AT
    assert posted.entries == (
        Entry("receivable:acc_1", eur("47.60")),
        Entry("revenue:recurring", eur("-30.00")),
        Entry("revenue:usage", eur("-10.00")),
        Entry("tax:DE:19", eur("-7.60")),
    )


def test_a_bill_below_zero_becomes_credit_and_leaves_nothing_open():
    bill = invoice(charge("-10.00", "credit"))

    assert invoice_transaction(bill).entries[0] == Entry("credit:acc_1", eur("-11.90"))
    assert open_item(bill).open == eur("0.00")


def test_entries_that_differ_are_refused_with_the_difference():
    with pytest.raises(Unbalanced, match=r"off by 0\.01 EUR"):
        Transaction(
            "txn_1",
            "acc_1",
            PAID_AT,
            "payment",
            "pi_1",
            (Entry("cash:stripe", eur("10.00")), Entry("credit:acc_1", eur("-9.99"))),
        )


def test_two_currencies_do_not_balance_each_other():
    with pytest.raises(Unbalanced):
        Transaction(
            "txn_1",
            "acc_1",
            PAID_AT,
            "payment",
            "pi_1",
            (Entry("cash:stripe", Money(100, "EUR")), Entry("credit:acc_1", Money(-100, "USD"))),
        )


def test_money_settles_the_oldest_first():
    allocations, surplus = allocate(eur("30.00"), [NEW, OLD])

    assert allocations == (Allocation("inv_1", eur("20.00")), Allocation("inv_2", eur("10.00")))
    assert surplus == eur("0.00")


def test_money_paid_for_an_invoice_settles_that_one_first():
    allocations, _ = allocate(eur("55.00"), [OLD, NEW], first="inv_2")

    assert allocations == (Allocation("inv_2", eur("50.00")), Allocation("inv_1", eur("5.00")))


def test_what_is_left_over_becomes_credit():
    allocations, surplus = allocate(eur("80.00"), [OLD, NEW])
    posted = payment(allocations, surplus.value)

    assert posted.entries == (
        Entry("cash:stripe", eur("80.00")),
        Entry("receivable:acc_1", eur("-70.00")),
        Entry("credit:acc_1", eur("-10.00")),
    )


@pytest.mark.parametrize("amount", ["0.00", "-5.00"])
def test_nothing_cannot_be_allocated(amount):
    with pytest.raises(NotAPayment):
        allocate(eur(amount), [OLD])


@given(st.integers(1, 10**6), st.lists(st.integers(0, 5000), max_size=8))
def test_every_minor_unit_received_is_allocated_or_credit(minor, opens):
    items = [replace(NEW, invoice_id=f"inv_{n}", open=Money(o, "EUR")) for n, o in enumerate(opens)]
    allocations, surplus = allocate(Money(minor, "EUR"), items)

    by_id = {one.invoice_id: one.open for one in items}
    assert sum(one.amount.minor for one in allocations) + surplus.minor == minor
    assert all(Money(0, "EUR") < one.amount <= by_id[one.invoice_id] for one in allocations)
    assert not surplus or all(
        by_id[one] == Money.total((a.amount for a in allocations if a.invoice_id == one), "EUR")
        for one in by_id
    )


def test_a_balance_is_what_is_owed_less_what_is_credited():
    issued = invoice_transaction(invoice())  # 35.70
    paid = payment([Allocation(invoice().id, eur("35.70"))], "4.30")

    assert balance([issued], "acc_1", "EUR") == eur("35.70")
    assert balance([issued, paid], "acc_1", "EUR") == eur("-4.30")


def test_credit_settles_an_open_item_without_any_cash():
    used = credit_transaction(
        account_id="acc_1",
        reference="use-1",
        at=PAID_AT,
        allocations=[Allocation("inv_1", eur("4.30"))],
    )

    assert used.entries == (
        Entry("credit:acc_1", eur("4.30")),
        Entry("receivable:acc_1", eur("-4.30")),
    )
    assert balance([used], "acc_1", "EUR") == eur("0.00")


def test_a_reversal_undoes_a_payment_and_opens_its_invoice_again():
    paid = payment([Allocation("inv_1", eur("20.00"))], "5.00")
    undone = reversal(paid, at("2026-11-20 10:00"))

    assert balance([paid, undone], "acc_1", "EUR") == eur("0.00")
    assert undone.allocations == (Allocation("inv_1", eur("-20.00")),)
    assert reversal(paid, at("2026-12-24 10:00")).id == undone.id  # there is only one


def test_a_payment_delivered_again_is_the_same_money_however_it_would_be_allocated():
    first = payment([Allocation("inv_1", eur("20.00"))])
    again = payment([], "20.00")

    assert again.id == first.id
    assert same_fact(first, again)
    assert not same_fact(first, payment([], "20.01"))


def test_postings_come_back_from_storage_as_they_went():
    paid = payment([Allocation("inv_1", eur("20.00"))], "5.00")

    assert transaction_from(transaction_to_dict(paid)) == paid
    assert open_item_from(open_item_to_dict(OLD)) == OLD

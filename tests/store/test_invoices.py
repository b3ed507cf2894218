"""One invoice per account and run, issued whole, never changed, seen only by its owner."""

from datetime import date

import pytest

from billing.core.invoicing import canonical, digest
from billing.store import accounts, invoices, ledger, outbox, timeline
from billing.store.access import EVERY_ACCOUNT, only
from billing.store.invoices import DraftNotFound, InvoiceNotFound, UnknownPayLink
from billing.store.outbox import Message
from billing.store.transactions import EntryConflict
from tests.examples import (
    OCTOBER,
    SEPTEMBER,
    at,
    charge,
    customer,
    draft,
    eur,
    event,
    invoice,
)
from tests.faults import calls_of, deaths, killed, meanwhile

ISSUED_AT = at("2026-11-01 09:00")


@pytest.fixture
def ada(tables):
    accounts.save_new_customer(**customer())


def issue(bill=None, when: str = "2026-11-01 09:00") -> bool:
    bill = bill or invoice()
    message = Message(f"mail:{bill.id}", "invoice.issued", bill.account_id, ISSUED_AT)
    return invoices.issue(bill, event("invoice.issued", bill.id, when), messages=[message])


def test_an_issued_invoice_is_owed_open_told_announced_and_payable(ada):
    assert issue()

    assert ledger.balance("acc_1", EVERY_ACCOUNT) == eur("35.70")
    (item,) = invoices.open_items("acc_1", EVERY_ACCOUNT)
    assert (item.number, item.open, item.due_on) == (
        "N-2026-0001",
        eur("35.70"),
        date(2026, 11, 15),
    )
    assert invoices.invoice_of_token(invoice().pay_token) == invoice()
    assert timeline.list_events("acc_1", EVERY_ACCOUNT).items[0].object == invoice().id
    assert [one.kind for one in outbox.due(ISSUED_AT)] == ["invoice.issued"]


def test_an_invoice_is_found_by_id_by_number_and_in_the_list_to_the_byte(ada):
    issue()

    found = invoices.load_invoice(invoice().id, EVERY_ACCOUNT)
    assert canonical(found) == canonical(invoice())
    assert invoices.invoice_by_number("N-2026-0001", EVERY_ACCOUNT) == found
    assert invoices.list_invoices("acc_1", EVERY_ACCOUNT).items == (found,)


def test_issued_again_later_it_is_the_same_invoice(ada):
    assert issue()
    assert not issue(when="2026-11-02 12:00")

    assert ledger.balance("acc_1", EVERY_ACCOUNT) == eur("35.70")
    assert len(outbox.due(ISSUED_AT)) == 1


def test_another_content_or_number_for_the_same_account_and_run_is_refused(ada):
    issue()

    for other in (invoice(charge("31.00")), invoice(number="N-2026-0002")):
        with pytest.raises(EntryConflict):
            issue(other)
    assert invoices.list_invoices("acc_1", EVERY_ACCOUNT).items == (invoice(),)


def test_a_number_is_never_given_twice(ada):
    accounts.save_new_customer(**customer("Eve", 2))
    issue()

    with pytest.raises(EntryConflict, match="NUM#N-2026-0001"):
        issue(invoice(n=2))
    assert ledger.balance("acc_2", EVERY_ACCOUNT) == eur("0.00")


def test_two_invoices_issued_at_once_are_both_in_the_balance(ada):
    """The balance moves between reading it and writing it: it is read again."""
    with meanwhile(2, lambda: issue(invoice(number="N-2026-0002", run_id="run_2"))):
        assert issue()

    position = ledger.position("acc_1")
    assert (position.balance, position.version) == (eur("71.40"), 3)


def test_issuing_is_two_calls(ada):
    assert calls_of(issue) == 2  # the position, the transaction


@pytest.mark.parametrize(("call", "when"), deaths(2))
def test_killed_anywhere_and_started_again_an_invoice_is_issued_once(ada, call, when):
    assert killed(issue, call, when)
    issue(when="2026-11-01 09:10")

    position = ledger.position("acc_1")
    assert (position.balance, position.version) == (eur("35.70"), 2)
    assert len(invoices.list_invoices("acc_1", EVERY_ACCOUNT).items) == 1
    assert len(outbox.due(ISSUED_AT)) == 1
    kinds = [one.kind for one in timeline.list_events("acc_1", EVERY_ACCOUNT).items]
    assert kinds.count("invoice.issued") == 1


def test_a_customer_never_sees_the_invoice_of_another(ada):
    issue()
    eve = only(["acc_2"])

    with pytest.raises(InvoiceNotFound):
        invoices.load_invoice(invoice().id, eve)
    with pytest.raises(InvoiceNotFound):
        invoices.invoice_by_number("N-2026-0001", eve)


def test_a_pay_link_that_opens_nothing_says_so(ada):
    with pytest.raises(UnknownPayLink):
        invoices.invoice_of_token("guessed")


def test_the_first_draft_of_a_revision_stays(tables):
    assert invoices.put_drafts([draft(n=1), draft(n=2)]) == 2
    assert invoices.put_drafts([draft(charge("31.00", n=1), n=1)]) == 0

    assert invoices.load_draft("run_1", 1, "acc_1") == draft(n=1)


def test_a_revision_lists_its_own_drafts_with_their_digests(tables):
    invoices.put_drafts([draft(n=1), draft(n=2), draft(n=1, revision=2)])

    listed = sorted(one.account_id for one in invoices.list_drafts("run_1", 1))
    assert listed == ["acc_1", "acc_2"]
    assert invoices.draft_digests("run_1", 1) == [
        ("acc_1", digest(canonical(draft(n=1)))),
        ("acc_2", digest(canonical(draft(n=2)))),
    ]
    with pytest.raises(DraftNotFound, match="revision 2 of run_1 has no draft for account acc_2"):
        invoices.load_draft("run_1", 2, "acc_2")


def test_a_bill_is_compared_with_the_one_of_the_cycle_before(ada):
    issue(invoice(number="N-1", run_id="run_9", period=SEPTEMBER))
    issue(invoice(number="N-2", run_id="run_10", period=OCTOBER))

    assert invoices.last_invoice("acc_1", OCTOBER.start).number == "N-1"
    assert invoices.last_invoice("acc_1", OCTOBER.end).number == "N-2"
    assert invoices.last_invoice("acc_1", SEPTEMBER.start) is None


def test_an_invoice_is_overdue_from_the_day_after_its_due_day(ada):
    issue()

    assert invoices.overdue(date(2026, 11, 15)) == []
    (late,) = invoices.overdue(date(2026, 11, 16))
    assert late.number == "N-2026-0001"

"""Drafts and invoices: put once, found by account, id, number and pay link, never changed."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from billing.core.errors import BillingError
from billing.core.invoicing import Draft, Invoice, canonical, digest, draft_from, invoice_from
from billing.core.ledger import OpenItem, invoice_transaction, open_item, open_item_from
from billing.core.period import Period
from billing.store import ledger, outbox, timeline
from billing.store.access import Access, AccountNotFound
from billing.store.outbox import Message
from billing.store.pages import Page, page_of
from billing.store.rows import body_of, find, find_document
from billing.store.tables import (
    DRAFT_SHARDS,
    AccountRow,
    LedgerRow,
    draft_key,
    draft_shard,
    invoice_key,
    invoice_pointer_key,
    number_pointer_key,
    open_index,
    open_key,
    token_key,
)
from billing.store.timeline import Event
from billing.store.transactions import (
    ATTEMPTS_MAX,
    EditConflict,
    Put,
    commit,
    put_first,
    put_new,
)


class InvoiceNotFound(BillingError):
    """There is no such invoice, or it is not the caller's: the answer does not tell which."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"invoice {reference} was not found; check its id or number")
        self.reference = reference


class DraftNotFound(BillingError):
    """The revision of the run has no draft for the account."""

    def __init__(self, run_id: str, revision: int, account_id: str) -> None:
        super().__init__(f"revision {revision} of {run_id} has no draft for account {account_id}")
        self.run_id, self.revision, self.account_id = run_id, revision, account_id


class UnknownPayLink(BillingError):
    """The link opens no bill."""

    def __init__(self) -> None:
        super().__init__("this pay link opens no bill; use the link of your latest message")


def put_drafts(drafts: Iterable[Draft]) -> int:
    """Keep the drafts of a revision; returns how many are new.

    The first draft of an account in a revision stays, whatever a second attempt makes of later
    facts: what was compared and shown is what is issued.
    """
    return sum(_put_draft(draft) for draft in drafts)


def load_draft(run_id: str, revision: int, account_id: str) -> Draft:
    row = find(draft_key(run_id, revision, account_id))
    if row is None:
        raise DraftNotFound(run_id, revision, account_id)
    return draft_from(body_of(row))


def list_drafts(run_id: str, revision: int) -> Iterator[Draft]:
    """All drafts of a revision, in no order a person would choose."""
    return (draft_from(body_of(row)) for row in _draft_rows(run_id, revision))


def drafts_of(run_id: str, revision: int, account_ids: Iterable[str]) -> dict[str, Draft]:
    """The drafts of some accounts, by account, a hundred in a call; who has none is left out."""
    keys = [draft_key(run_id, revision, one) for one in account_ids]
    rows = AccountRow.batch_get(keys, consistent_read=True) if keys else ()
    return {row.sk: draft_from(body_of(row)) for row in rows}


def draft_digests(run_id: str, revision: int) -> list[tuple[str, str]]:
    """(account id, digest of its draft) of a revision, by account, for `invoicing.digest_of`."""
    rows = _draft_rows(run_id, revision)
    return sorted((row.sk, digest((row.body or "").encode())) for row in rows)


def issue(
    invoice: Invoice, event: Event, *, messages: Sequence[Message] = (), also: Sequence[Put] = ()
) -> bool:
    """Issue an invoice: document, posting, open item, timeline, messages and pay link, at once.

    False: it was issued before. Another document under its id or number is an EntryConflict.
    """
    marker = _invoice_row(invoice)
    transaction = invoice_transaction(invoice)
    for attempt in range(1, ATTEMPTS_MAX + 1):
        position = ledger.position(invoice.account_id)
        puts = [
            put_new(marker),
            *_pointer_puts(invoice),
            ledger.posting_put(transaction),
            ledger.balance_put(position, transaction),
            # The first version of an open item; from then on postings move it.
            put_new(ledger.item_put(open_item(invoice)).row),
            timeline.put_of(invoice.account_id, event),
            *(outbox.put_of(message) for message in messages),
            *also,
        ]
        try:
            return commit(puts)
        except EditConflict:
            # Only the balance moved: what an invoice says does not depend on it, so read again.
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def load_invoice(invoice_id: str, access: Access) -> Invoice:
    """One invoice. InvoiceNotFound also when it is not the caller's."""
    pointer = _pointer(invoice_pointer_key(invoice_id))
    if pointer is None or not access.allows(pointer["account_id"]):
        raise InvoiceNotFound(invoice_id)
    return _load(pointer["account_id"], invoice_id)


def invoice_by_number(number: str, access: Access) -> Invoice:
    """One invoice by the number on it."""
    pointer = _pointer(number_pointer_key(number))
    if pointer is None or not access.allows(pointer["account_id"]):
        raise InvoiceNotFound(number)
    return _load(pointer["account_id"], pointer["invoice_id"])


def invoice_of_token(token: str) -> Invoice:
    """The bill that a pay link opens; the token itself is the right to see it."""
    row = find(token_key(token))
    if row is None:
        raise UnknownPayLink
    pointer = body_of(row)
    return _load(pointer["account_id"], pointer["invoice_id"])


def list_invoices(
    account_id: str, access: Access, *, cursor: str | None = None, limit: int = 25
) -> Page[Invoice]:
    """An account's invoices, newest first."""
    access.check(account_id)

    def query(**kwargs: Any) -> Any:
        return LedgerRow.query(
            invoice_key(account_id, "")[0],
            LedgerRow.sk.startswith("INV#"),
            scan_index_forward=False,
            consistent_read=True,
            **kwargs,
        )

    return page_of(query, lambda row: invoice_from(json.loads(row.body)), cursor, limit)


def invoices_until(account_id: str, day: date) -> Iterator[Invoice]:
    """An account's invoices for periods that ended on or before a local day, newest first."""
    rows = LedgerRow.query(
        invoice_key(account_id, "")[0],
        LedgerRow.sk.startswith("INV#"),
        scan_index_forward=False,
        consistent_read=True,
        page_size=5,
    )
    invoices = (invoice_from(json.loads(row.body)) for row in rows)
    return (invoice for invoice in invoices if invoice.period.end <= day)


def last_invoice(account_id: str, until: date) -> Invoice | None:
    """The newest invoice whose period ended on or before a local day: what a draft is held to."""
    return next(invoices_until(account_id, until), None)


def last_billed_period(account_id: str) -> Period | None:
    """The newest period that a cycle has billed; None: there is none yet.

    Bills outside of the cycle close no period: their lines belong to no subscription.
    """
    of_cycles = (
        invoice.period
        for invoice in invoices_until(account_id, date.max)
        if any(line.subscription_id for line in invoice.lines)
    )
    return next(of_cycles, None)


def open_items(account_id: str, access: Access) -> tuple[OpenItem, ...]:
    """What an account has not paid yet, oldest due first."""
    access.check(account_id)
    try:
        return ledger.position(account_id).open_items
    except AccountNotFound:
        return ()


def load_item(invoice: Invoice) -> OpenItem | None:
    """What is open of one invoice; None: it was not issued."""
    row = find(open_key(invoice.account_id, invoice.id))
    return None if row is None else open_item_from(body_of(row))


def overdue(on: date) -> list[OpenItem]:
    """Open items due before a local day, oldest first, over all accounts."""
    candidates = AccountRow.gsi1.query("OPEN", AccountRow.gsi1sk < open_index(on, "")[1])
    keys = [(row.pk, row.sk) for row in candidates]
    rows = AccountRow.batch_get(keys, consistent_read=True) if keys else ()
    items = [open_item_from(body_of(row)) for row in rows]
    late = [item for item in items if not item.settled and item.due_on < on]
    return sorted(late, key=lambda item: (item.due_on, item.number))


def _put_draft(draft: Draft) -> bool:
    key = draft_key(draft.run_id, draft.revision, draft.account_id)
    row = AccountRow(*key, body=canonical(draft).decode())
    return put_first(row)


def _draft_rows(run_id: str, revision: int) -> Iterator[AccountRow]:
    for shard in range(DRAFT_SHARDS):
        yield from AccountRow.query(draft_shard(run_id, revision, shard), consistent_read=True)


def _invoice_row(invoice: Invoice) -> LedgerRow:
    key = invoice_key(invoice.account_id, invoice.id)
    return LedgerRow(*key, body=canonical(invoice).decode())


def _pointer_puts(invoice: Invoice) -> list[Put]:
    body = json.dumps({"account_id": invoice.account_id, "invoice_id": invoice.id}, sort_keys=True)
    return [
        put_new(LedgerRow(*invoice_pointer_key(invoice.id), body=body)),
        put_new(LedgerRow(*number_pointer_key(invoice.number), body=body)),
        put_new(AccountRow(*token_key(invoice.pay_token), body=body)),
    ]


def _pointer(key: tuple[str, str]) -> dict[str, str] | None:
    row = find_document(key)
    return None if row is None else body_of(row)


def _load(account_id: str, invoice_id: str) -> Invoice:
    row = find_document(invoice_key(account_id, invoice_id))
    if row is None:
        raise InvoiceNotFound(invoice_id)
    return invoice_from(body_of(row))

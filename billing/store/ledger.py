"""Postings: a ledger transaction with all that follows from it, once, in one DynamoDB transaction.

Where an account stands (balance, credit, open items) moves under one version, that of its BALANCE
row. A decision is made on a position that was read; if another posting came first, post raises
EditConflict and the caller reads and decides again. Nothing is ever added blindly.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from billing.core.errors import BillingError
from billing.core.ledger import (
    Allocation,
    OpenItem,
    Transaction,
    credit,
    open_item_from,
    open_item_to_dict,
    receivable,
    same_fact,
    transaction_from,
    transaction_to_dict,
)
from billing.core.money import Money
from billing.store import outbox, timeline
from billing.store.access import Access, AccountNotFound
from billing.store.outbox import Message
from billing.store.pages import Page, page_of
from billing.store.rows import body_of, find, find_document, of_prefix, version_of
from billing.store.tables import (
    AccountRow,
    LedgerRow,
    balance_key,
    open_index,
    open_key,
    transaction_key,
)
from billing.store.timeline import Event
from billing.store.transactions import EntryConflict, Put, commit, put_new, put_version


class OverAllocated(BillingError):
    """More would be settled, or opened again, than the invoice has."""

    def __init__(self, item: OpenItem, allocation: Allocation) -> None:
        super().__init__(
            f"invoice {item.number} has {item.open} open of {item.total}:"
            f" {allocation.amount} cannot be allocated to it"
        )
        self.item, self.allocation = item, allocation


class NotEnoughCredit(BillingError):
    """The account has less credit than would be used."""

    def __init__(self, account_id: str, has: Money, wanted: Money) -> None:
        super().__init__(f"account {account_id} has {has} of credit, not {wanted}")
        self.account_id, self.has, self.wanted = account_id, has, wanted


class UnknownOpenItem(BillingError):
    """The account has no such invoice to settle."""

    def __init__(self, account_id: str, invoice_id: str) -> None:
        super().__init__(f"account {account_id} has no invoice {invoice_id} to allocate to")
        self.account_id, self.invoice_id = account_id, invoice_id


@dataclass(frozen=True, slots=True)
class Position:
    """Where an account stands: what a posting is decided on."""

    account_id: str
    balance: Money  # what is owed, credit subtracted
    credit: Money  # paid and not used yet
    items: tuple[OpenItem, ...]  # every invoice, settled ones too, oldest due first
    version: int

    @property
    def open_items(self) -> tuple[OpenItem, ...]:
        """What is not settled, oldest due first."""
        return tuple(item for item in self.items if not item.settled)


def position(account_id: str) -> Position:
    """Where the account stands now. Decide on it, then give it to `post`."""
    rows = AccountRow.query(
        balance_key(account_id)[0], AccountRow.sk.between("BALANCE", "OPEN$"), consistent_read=True
    )
    return position_of(account_id, list(rows))


def position_of(account_id: str, partition: Iterable[AccountRow]) -> Position:
    """The same from the rows of the account's partition that were read already."""
    partition = list(partition)
    head = next((row for row in partition if row.sk == balance_key(account_id)[1]), None)
    if head is None:
        raise AccountNotFound(account_id)
    currency = body_of(head)["currency"]
    items = [open_item_from(body_of(row)) for row in of_prefix(partition, "OPEN#")]
    return Position(
        account_id,
        Money(int(head.minor or 0), currency),
        Money(int(head.credit or 0), currency),
        tuple(sorted(items, key=lambda item: (item.due_on, item.number))),
        version_of(head),
    )


def with_credit(account_ids: Iterable[str]) -> list[str]:
    """Those of the accounts that have credit to use, in the order given; a hundred in a call."""
    keys = {balance_key(one): one for one in account_ids}
    rows = AccountRow.batch_get(list(keys), consistent_read=True) if keys else ()
    having = {keys[row.pk, row.sk] for row in rows if int(row.credit or 0) > 0}
    return [one for one in keys.values() if one in having]


def post(
    transaction: Transaction,
    position: Position,
    event: Event,
    *,
    messages: Sequence[Message] = (),
    also: Sequence[Put] = (),
) -> bool:
    """Post a transaction once. False: it was posted before. Another under its id: EntryConflict.

    position  what it was decided on; EditConflict when the account moved since: read, decide again
    also      further rows that must commit with it (the payment's own record)
    """
    marker = posting_put(transaction)
    if posted(transaction):
        return False
    return commit(
        [
            marker,
            balance_put(position, transaction),
            *(item_put(item) for item in settled_by(transaction, position)),
            timeline.put_of(transaction.account_id, event),
            *(outbox.put_of(message) for message in messages),
            *also,
        ]
    )


def posted(transaction: Transaction) -> bool:
    """Whether this fact is in the ledger, however allocated. Another fact: EntryConflict."""
    stored = load_transaction(transaction.account_id, transaction.id)
    if stored is None:
        return False
    if not same_fact(stored, transaction):
        raise EntryConflict(posting_put(transaction).row)
    return True


def list_transactions(
    account_id: str, access: Access, *, cursor: str | None = None, limit: int = 50
) -> Page[Transaction]:
    """An account's ledger transactions, newest first."""
    access.check(account_id)

    def query(**kwargs: Any) -> Any:
        return LedgerRow.query(
            transaction_key(account_id, "")[0],
            LedgerRow.sk.startswith("TXN#"),
            scan_index_forward=False,
            consistent_read=True,
            **kwargs,
        )

    return page_of(query, lambda row: transaction_from(body_of(row)), cursor, limit)


def load_transaction(account_id: str, transaction_id: str) -> Transaction | None:
    """One transaction of an account (to reverse it); None: it was never posted."""
    row = find_document(transaction_key(account_id, transaction_id))
    return None if row is None else transaction_from(body_of(row))


def balance(account_id: str, access: Access) -> Money:
    """What the account owes, credit subtracted; below zero: what it has to its credit."""
    access.check(account_id)
    row = find(balance_key(account_id))
    if row is None:
        raise AccountNotFound(account_id)
    return Money(int(row.minor or 0), body_of(row)["currency"])


# The rows of a posting, also used by invoices.py


def posting_put(transaction: Transaction) -> Put:
    key = transaction_key(transaction.account_id, transaction.id)
    body = json.dumps(transaction_to_dict(transaction), sort_keys=True, separators=(",", ":"))
    return put_new(LedgerRow(*key, body=body))


def balance_put(position: Position, transaction: Transaction) -> Put:
    """The account's balance after a transaction, if nothing else was posted since the position."""
    account_id, currency = position.account_id, position.balance.currency
    credited = _moved(transaction, credit(account_id), currency)
    owed = _moved(transaction, receivable(account_id), currency)
    left = position.credit - credited
    if transaction.kind == "credit-use" and left.minor < 0:
        raise NotEnoughCredit(account_id, position.credit, credited)
    row = AccountRow(*balance_key(account_id))
    row.body = json.dumps({"currency": currency}, sort_keys=True, separators=(",", ":"))
    row.minor = (position.balance + owed + credited).minor
    row.credit = left.minor
    return put_version(row, position.version, f"the balance of account {account_id}")


def settled_by(transaction: Transaction, position: Position) -> list[OpenItem]:
    """The open items after a transaction's allocations."""
    by_id = {item.invoice_id: item for item in position.items}
    changed: dict[str, OpenItem] = {}
    for allocation in transaction.allocations:
        item = changed.get(allocation.invoice_id) or by_id.get(allocation.invoice_id)
        if item is None:
            raise UnknownOpenItem(position.account_id, allocation.invoice_id)
        left = item.open - allocation.amount
        if left.minor < 0 or item.total < left:
            raise OverAllocated(item, allocation)
        changed[item.invoice_id] = replace(item, open=left)
    return list(changed.values())


def item_put(item: OpenItem) -> Put:
    """An open item as it stands now. Its version is the account's: written beside BALANCE only."""
    row = AccountRow(*open_key(item.account_id, item.invoice_id))
    row.body = json.dumps(open_item_to_dict(item), sort_keys=True)
    row.minor = item.open.minor
    if not item.settled:
        row.gsi1pk, row.gsi1sk = open_index(item.due_on, item.invoice_id)
    return Put(row)


def _moved(transaction: Transaction, account: str, currency: str) -> Money:
    return Money.total(
        (entry.amount for entry in transaction.entries if entry.account == account), currency
    )

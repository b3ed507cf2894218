"""What is issued: asked for many invoices at once, by their keys, without loading one by one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billing.core.invoicing import Invoice, invoice_from
from billing.core.ledger import credit, invoice_transaction, receivable, transaction_from
from billing.core.money import Money
from billing.store.rows import body_of
from billing.store.tables import (
    Key,
    LedgerRow,
    invoice_key,
    invoice_pointer_key,
    transaction_key,
)


@dataclass(frozen=True, slots=True)
class Issued:
    """One invoice as it was stored, and what the ledger says it owes (None: not in the ledger)."""

    invoice: Invoice
    owed: Money | None


def issued_of(invoice_ids: Iterable[str]) -> set[str]:
    """Those of the invoices that are issued, read consistently, a hundred in a call."""
    rows = _rows(invoice_pointer_key(one) for one in sorted(set(invoice_ids)))
    return {row.pk.removeprefix("INV#") for row in rows}


def load_issued(invoice_ids: Mapping[str, str]) -> dict[str, Issued]:
    """By account, the invoice of that id with its posting; who has none (yet) is left out.

    Two calls for a hundred accounts.
    """
    found = {
        row.pk.removeprefix("ACC#"): invoice_from(json.loads(row.body))
        for row in _rows(invoice_key(*one) for one in invoice_ids.items())
    }
    wanted = {
        account_id: transaction_key(account_id, invoice_transaction(invoice).id)
        for account_id, invoice in found.items()
    }
    posted = {(row.pk, row.sk): row for row in _rows(wanted.values())}
    return {
        account_id: Issued(invoice, _owed(account_id, invoice, posted.get(wanted[account_id])))
        for account_id, invoice in found.items()
    }


def _owed(account_id: str, invoice: Invoice, row: LedgerRow | None) -> Money | None:
    if row is None:
        return None
    ours = (receivable(account_id), credit(account_id))
    entries = transaction_from(body_of(row)).entries
    return Money.total((one.amount for one in entries if one.account in ours), invoice.currency)


def _rows(keys: Iterable[Key]) -> Iterable[LedgerRow]:
    wanted = list(keys)
    return LedgerRow.batch_get(wanted, consistent_read=True) if wanted else ()

"""Invoices: list, show, explain, as PDF and by pay link."""

import os
from dataclasses import dataclass
from datetime import date

from billing.core.invoicing import Difference, Invoice, compare
from billing.core.ledger import OpenItem
from billing.core.money import Money
from billing.store import invoices
from billing.store.access import Access
from billing.store.pages import Page


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice with what is still open of it."""

    invoice: Invoice
    open: Money
    state: str  # settled, partly paid, open, overdue

    @property
    def id(self) -> str:
        return self.invoice.id

    @property
    def pay_path(self) -> str:
        """The path of its pay link on the portal; "" when nothing is open."""
        return f"/pay/{self.invoice.pay_token}" if self.open.minor > 0 else ""


def list_bills(
    account_id: str, sees: Access, *, today: date, cursor: str | None = None, limit: int = 25
) -> Page[Bill]:
    """An account's invoices, newest first."""
    items = {item.invoice_id: item for item in invoices.open_items(account_id, sees)}
    found = invoices.list_invoices(account_id, sees, cursor=cursor, limit=limit)
    return Page(tuple(_bill(one, items.get(one.id), today) for one in found.items), found.cursor)


def overdue(today: date) -> list[OpenItem]:
    """Open items whose due day is over, oldest first, over all accounts."""
    return invoices.overdue(today)


def bill(invoice_id: str, sees: Access, today: date) -> Bill:
    """One invoice. InvoiceNotFound also for an invoice of somebody else."""
    found = invoices.load_invoice(invoice_id, sees)
    return _bill(found, invoices.load_item(found), today)


def bill_of_number(number: str, sees: Access, today: date) -> Bill:
    """One invoice by the number printed on it."""
    found = invoices.invoice_by_number(number, sees)
    return _bill(found, invoices.load_item(found), today)


def bill_of_token(token: str, today: date) -> Bill:
    """The invoice a pay link opens. Raises UnknownPayLink."""
    found = invoices.invoice_of_token(token)
    return _bill(found, invoices.load_item(found), today)


def difference_from_last(bill: Bill) -> Difference | None:
    """How a bill differs from the one before, and why; None: not at all, or it is the first."""
    now = bill.invoice
    before = invoices.last_invoice(now.account_id, now.period.start)
    if before is None:
        return None
    return next(iter(compare([now], {now.account_id: before})), None)


def pdf(bill: Bill) -> bytes:
    """The stored document. Raises DocumentNotFound while it is not made yet."""
    from billing.adapters import documents  # typst comes with it: only this pays for the import

    return documents.get(os.environ["DOCUMENTS_BUCKET"], pdf_key(bill.invoice))


def pdf_key(invoice: Invoice) -> str:
    return f"invoices/{invoice.id}.pdf"


def _bill(invoice: Invoice, item: OpenItem | None, today: date) -> Bill:
    """Where there is no open item any more, all of it is settled."""
    left = item.open if item is not None else Money.zero(invoice.currency)
    if left.minor <= 0:
        state = "settled"
    elif invoice.due_on < today:
        state = "overdue"
    else:
        state = "open" if left == invoice.total else "partly paid"
    return Bill(invoice, left, state)

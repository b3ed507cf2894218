"""Invoices: list, show, explain, as PDF, by pay link, and one outside the cycle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.config import Isp
from billing.core.invoicing import Invoice
from billing.core.ledger import OpenItem
from billing.core.money import Money
from billing.store.access import Access
from billing.store.pages import Page
from functions.portal_api.operation import Operation


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice with what is still open of it."""

    invoice: Invoice
    open: Money
    state: str  # settled, partly paid, open, overdue
    pay_path: str  # "/pay/<token>"; "" when nothing is open

    @property
    def id(self) -> str:
        return self.invoice.id


@dataclass(frozen=True, slots=True)
class AdHocLine:
    text: str
    quantity: str
    unit: str
    amount: Money
    tax_category: str


def list_bills(
    account_id: str,
    sees: Access,
    *,
    today: date,
    cursor: str | None = None,
    limit: int = 25,
) -> Page[Bill]:
    """An account's invoices, newest first."""
    raise NotImplementedError


def overdue(today: date, *, cursor: str | None = None, limit: int = 25) -> Page[OpenItem]:
    """Open items whose due day is over, oldest first, of all accounts."""
    raise NotImplementedError


def bill(invoice_id: str, sees: Access, today: date) -> Bill:
    """One invoice. Raises NotFound also for an invoice of somebody else."""
    raise NotImplementedError


def bill_of_token(token: str, today: date) -> Bill:
    """The invoice a pay link opens. Raises NotFound."""
    raise NotImplementedError


def changes_since_last(bill: Bill, sees: Access) -> tuple[str, ...]:
    """At most three sentences: why this bill differs from the one before; empty without one."""
    raise NotImplementedError


def pdf(bill: Bill) -> bytes:
    """The stored document. Raises DocumentNotFound while it is not rendered yet."""
    raise NotImplementedError


def issue_ad_hoc(op: Operation, account_id: str, lines: Sequence[AdHocLine], isp: Isp) -> Invoice:
    """An invoice outside the cycle, with the next number of the seller's series."""
    raise NotImplementedError


def begin_checkout(token: str, portal_url: str, now: datetime) -> str:
    """The address of the processor's hosted page for what is open of a bill."""
    raise NotImplementedError

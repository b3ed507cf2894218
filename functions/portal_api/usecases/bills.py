"""Invoices: list, show, explain, as PDF, by pay link, and one outside of the cycle."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing.adapters.secrets import load_secret
from billing.config import Isp
from billing.core.charging import Charge
from billing.core.errors import BillingError
from billing.core.invoicing import Difference, Invoice, compare
from billing.core.ledger import OpenItem
from billing.core.money import CurrencyMismatch, Money
from billing.core.period import local_day
from billing.store import accounts, invoices
from billing.store.access import EVERY_ACCOUNT, Access
from billing.store.pages import Page
from billing.store.transactions import commit
from functions.portal_api.operation import Operation


class TooSmallToPayOnline(BillingError):
    """The processor collects no such small amount."""

    def __init__(self, invoice: Invoice, amount: Money, least: Money) -> None:
        super().__init__(
            f"{amount} cannot be paid online, where payments begin at {least}:"
            f" please transfer it with the number {invoice.number}, or with your next bill"
        )
        self.amount, self.least = amount, least


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


@dataclass(frozen=True, slots=True)
class AdHocLine:
    """A line that staff enter by hand; the amount is net, for the whole quantity."""

    text: str
    quantity: str
    unit: str
    amount: Money
    tax_category: str


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
    from billing.adapters import documents  # typst comes with it: only who needs it pays for it

    return documents.get(os.environ["DOCUMENTS_BUCKET"], documents.document_key(bill.invoice))


def begin_checkout(token: str, portal_url: str, now: datetime, isp: Isp) -> str:
    """The address of the processor's page for what is open of a bill: the same while it stands."""
    from billing.adapters.checkout import PageUrls, open_checkout_for

    urls = PageUrls(success=f"{portal_url}/paid/{token}", cancel=f"{portal_url}/pay/{token}")
    invoice = invoices.invoice_of_token(token)
    item, least = invoices.load_item(invoice), isp.payments.least
    # The processor's least is known in one currency; in others its own refusal has to do.
    if item and not item.settled and item.open.currency == least.currency and item.open < least:
        raise TooSmallToPayOnline(invoice, item.open, least)
    return open_checkout_for(invoice, now, urls)


def issue_ad_hoc(
    op: Operation, account_id: str, lines: Sequence[AdHocLine], isp: Isp, portal_url: str
) -> Bill:
    """An invoice outside of the cycle, with the next number of the seller's series."""
    from billing.adapters.issuing import Office, ad_hoc_invoice

    account = accounts.load_account(account_id, EVERY_ACCOUNT)
    today = local_day(op.at, isp.isp.zone)
    for line in lines:
        if line.amount.currency != account.currency:
            raise CurrencyMismatch(account.currency, line.amount.currency)
    issued = ad_hoc_invoice(
        account_id,
        [_charge(op, line, rank, today) for rank, line in enumerate(lines, start=1)],
        op.lasting_id("run", account_id),
        actor=op.actor,
        now=op.at,
        isp=isp,
        office=Office(os.environ["DOCUMENTS_BUCKET"], portal_url),
        token_secret=load_secret(os.environ["PAY_TOKEN_SECRET"]),
    )
    made = bill(issued.id, EVERY_ACCOUNT, today)
    commit(op.keep(made))
    return made


def _charge(op: Operation, line: AdHocLine, rank: int, today: date) -> Charge:
    return Charge(
        subscription_id="",
        service_id="",
        code="one-off",
        kind="one-off",
        description=line.text,
        price_ref=("", 0),
        span=(today, today + timedelta(days=1)),
        quantity=line.quantity,
        unit=line.unit,
        amount=line.amount,
        tax_category=line.tax_category,
        key=f"{op.lasting_id('run')}:{rank}",
        facts={"rule": "entered", "by": op.actor, "amount": line.amount.to_wire()},
    )


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

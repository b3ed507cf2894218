"""Issuing one invoice: its document first, then everything else in one transaction.

The document is a function of the draft and its number, so it may be stored before the invoice is
issued: whoever dies in between finds the same bytes. Used by the bill cycle and for single bills.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from billing.adapters import documents
from billing.adapters.sheet import invoice_pdf
from billing.config import Isp
from billing.core.charging import Charge
from billing.core.errors import BillingError
from billing.core.invoicing import (
    Draft,
    Invoice,
    Refusal,
    canonical,
    draft,
    invoice_id,
    number,
    validate,
)
from billing.core.party import address_to_dict
from billing.core.period import local_day, period_containing
from billing.core.tax import taxes, with_net
from billing.store import customers, invoices, series
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import Customer
from billing.store.outbox import Message
from billing.store.series import Allocation, Series
from billing.store.timeline import Event

# An item of DynamoDB holds 409,600 bytes; number, dates and key come on top of the draft.
DOCUMENT_BYTES_MAX = 380_000

INVOICE = "invoice"  # the document type of number series, and the kind of mail "invoice.issued"


class CannotBeIssued(BillingError):
    """Something that a document must carry is missing or does not add up."""

    def __init__(self, account_id: str, refusals: Sequence[Refusal]) -> None:
        super().__init__(f"account {account_id}: " + "; ".join(one.text for one in refusals))
        self.account_id, self.refusals = account_id, tuple(refusals)


class OperationDiffers(BillingError):
    """One operation charges once; its repeat must charge the same."""

    def __init__(self, operation_id: str) -> None:
        super().__init__(
            f"operation {operation_id} was billed with other charges: use a new operation for them"
        )
        self.operation_id = operation_id


@dataclass(frozen=True, slots=True)
class Office:
    """Where documents are kept and where their pay links lead."""

    bucket: str
    portal_url: str


def seller_of(isp: Isp, seller_id: str) -> dict[str, Any]:
    """The seller as it stands in documents from now on."""
    seller = isp.seller(seller_id)
    return {
        "id": seller.id,
        "name": seller.name,
        "address": seller.address.model_dump(mode="json"),
        "vat_id": seller.vat_id,
        "iban": seller.iban,
        "registration": seller.registration,
    }


def buyer_of(customer: Customer) -> dict[str, Any]:
    """The buyer as it stands in documents from now on, with the names of the services billed."""
    address = customer.account.billing_address
    return {
        "name": customer.subject.name,
        "address": None if address is None else address_to_dict(address),
        "vat_id": customer.subject.vat_id,
        "services": {service.id: service.name for service in customer.services},
    }


def pay_token(secret: str, invoice_id: str) -> str:
    """The secret part of a pay link: 256 bits that only we can derive from the invoice's id."""
    mac = hmac.new(secret.encode(), invoice_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def number_text(isp: Isp, allocation: Allocation, rank: int) -> str:
    """A number as printed: "MF-2026-000123". Unique over series: sellers differ in their prefix."""
    prefix = isp.seller(allocation.series.seller_id).prefix
    return f"{prefix}{allocation.series.year}-{allocation.number_of(rank):06d}"


def numbered(made: Draft, allocation: Allocation, rank: int, isp: Isp) -> Invoice:
    """The invoice a draft becomes; all of an allocation bear its date."""
    due_on = allocation.issued_on + timedelta(days=isp.cycles.due_days)
    return number(made, number_text(isp, allocation, rank), allocation.issued_on, due_on)


def issue_invoice(
    made: Draft,
    allocation: Allocation,
    rank: int,
    isp: Isp,
    *,
    office: Office,
    actor: str,
    now: datetime,
) -> Invoice:
    """Draw and store the document, then issue it: ledger, open item, pay link, timeline, mail.

    May be repeated: the document is found, and the invoice was issued before.
    """
    invoice = numbered(made, allocation, rank, isp)
    pdf = invoice_pdf(invoice, isp, office.portal_url)
    key = documents.document_key(invoice)
    # The key says what the document says. One drawn by the release before stays as it is.
    documents.put_first(office.bucket, key, pdf, "application/pdf")
    event = Event(
        "invoice.issued",
        actor,
        invoice.id,
        f"Invoice {invoice.number} over {invoice.total} issued, due {invoice.due_on}",
        now,
        {"number": invoice.number, "run": invoice.run_id},
    )
    mail = Message(
        f"mail:{invoice.id}",
        "invoice.issued",
        invoice.account_id,
        now,
        {"invoice_id": invoice.id},
    )
    invoices.issue(invoice, event, messages=[mail])
    return invoice


def ad_hoc_invoice(
    account_id: str,
    charges: Sequence[Charge],
    operation_id: str,
    *,
    actor: str,
    now: datetime,
    isp: Isp,
    office: Office,
    token_secret: str,
) -> Invoice:
    """A single invoice outside of a bill cycle, numbered in the same series with k = 1.

    operation_id  names what is charged, for ever: repeating it gives the same invoice. Its first
                  draft stays, whenever the repeat comes.
    """
    customer = customers.load_customer(account_id, EVERY_ACCOUNT)
    wanted = _ad_hoc_draft(customer, charges, operation_id, now, isp, token_secret)
    refuse_unless_valid(wanted)
    invoices.put_drafts([wanted])
    made = invoices.load_draft(operation_id, wanted.revision, account_id)
    if _as_priced(made.lines) != _as_priced(wanted.lines):
        raise OperationDiffers(operation_id)
    today = local_day(now, isp.isp.zone)
    event = Event("number.allocated", actor, made.id, "One invoice number taken", now)
    allocation = series.allocate(
        Series(made.seller["id"], INVOICE, today.year), 1, today, series.ad_hoc_key(made.id), event
    )
    return issue_invoice(made, allocation, 0, isp, office=office, actor=actor, now=now)


def refuse_unless_valid(made: Draft) -> None:
    """CannotBeIssued if anything forbids a number: once it is given there is no way back."""
    refusals = [*validate(made)]
    if (size := len(canonical(made))) > DOCUMENT_BYTES_MAX:
        text = (
            f"{len(made.lines)} lines make a document of {size:,} bytes, above the"
            f" {DOCUMENT_BYTES_MAX:,} that are kept; share them among several accounts or invoices"
        )
        refusals.append(Refusal("lines", text))
    if refusals:
        raise CannotBeIssued(made.account_id, refusals)


def _as_priced(lines: Sequence[Charge]) -> list[Charge]:
    """The lines as they were priced: the net share of a tax-included one goes by the day's rate."""
    return [replace(line, amount=line.priced) for line in lines]


def _ad_hoc_draft(
    customer: Customer,
    charges: Sequence[Charge],
    operation_id: str,
    now: datetime,
    isp: Isp,
    token_secret: str,
) -> Draft:
    account, zone = customer.account, isp.isp.zone
    today = local_day(now, zone)
    period = period_containing(today, account.cycle_anchor, zone)
    document_id = invoice_id(account.id, operation_id, period)
    lines = with_net(charges, account.tax_place.country, today, isp.tax_rates)
    return draft(
        account_id=account.id,
        run_id=operation_id,
        revision=1,
        period=period,
        currency=account.currency,
        language=account.language,
        seller=seller_of(isp, account.seller_id),
        buyer=buyer_of(customer),
        charges=lines,
        taxes=taxes(lines, account.tax_place.country, today, isp.tax_rates),
        counted=(),
        pay_token=pay_token(token_secret, document_id),
    )

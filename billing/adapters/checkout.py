"""What a click on "pay" leads to: the hosted page of an invoice, one at a time.

The slot of an attempt is claimed in the store before the processor is asked, and the attempt's id
is the idempotency key there: a double click, a killed function, a lost answer all end on one page.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.adapters.processor import Processor, ProcessorRefused, connected
from billing.core.errors import BillingError
from billing.core.invoicing import Invoice
from billing.core.money import Money
from billing.core.payment import (
    PAGE_OPEN,
    Attempt,
    AttemptState,
    NothingToPay,
    PaymentUnderWay,
    Step,
    next_step,
    to_processor,
)
from billing.store import invoices, payments
from billing.store.transactions import EditConflict

TRIES_MAX = 5  # others may click at the same time; each try reads again


class CheckoutBusy(BillingError):
    """Several requests moved the attempt at the same time."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"the payment page of invoice {number} is being opened by another request; try again"
        )
        self.number = number


@dataclass(frozen=True, slots=True)
class PageUrls:
    """Where the processor sends the payer back to."""

    success: str
    cancel: str


def open_checkout_for(
    invoice: Invoice, now: datetime, urls: PageUrls, processor: Processor | None = None
) -> str:
    """The address of the page where what is open of the invoice is paid.

    The same address as long as that page can be paid. NothingToPay, PaymentUnderWay: there is no
    page; AmountNotChargeable, ProcessorRefused, ProcessorUnreachable: there could be none now.
    """
    processor = processor or connected()
    for _ in range(TRIES_MAX):
        latest = payments.latest_attempt(invoice.id)
        owed = _owed(invoice)
        try:
            url = _page(invoice, owed, latest, now, urls, processor)
        except EditConflict:
            continue
        if url:
            return url
    raise CheckoutBusy(invoice.number)


def _owed(invoice: Invoice) -> Money:
    """What is open of the invoice, if the processor can collect it."""
    item = invoices.load_item(invoice)
    if item is None or item.settled:
        raise NothingToPay(invoice.number)
    to_processor(item.open)  # refused before a slot is taken
    return item.open


def _page(
    invoice: Invoice,
    owed: Money,
    latest: Attempt | None,
    now: datetime,
    urls: PageUrls,
    processor: Processor,
) -> str:
    """The page's address after one try; "": somebody else moved the attempt, so read it again."""
    step = next_step(latest, owed, now)
    if latest is None or step is Step.CLAIM:
        attempt = _next_attempt(invoice, owed, latest, now, urls)
        return _opened(replace(attempt, version=1), processor) if payments.claim(attempt) else ""
    if step is Step.RESUME:
        return _opened(latest, processor)
    if step is Step.REPLACE:
        _close(latest, processor)
        return ""
    return latest.url


def _next_attempt(
    invoice: Invoice, owed: Money, latest: Attempt | None, now: datetime, urls: PageUrls
) -> Attempt:
    return Attempt(
        invoice_id=invoice.id,
        n=1 if latest is None else latest.n + 1,
        account_id=invoice.account_id,
        number=invoice.number,
        amount=owed,
        claimed_at=now,
        expires_at=now + PAGE_OPEN,
        success_url=urls.success,
        cancel_url=urls.cancel,
    )


def _opened(attempt: Attempt, processor: Processor) -> str:
    """Ask for the page of a claimed attempt and keep its address.

    An answer that never came leaves the slot claimed: the next click asks again under the same key.
    A refusal frees it, for then there is no page.
    """
    try:
        session = processor.open_checkout(attempt)
    except ProcessorRefused:
        payments.save_attempt(replace(attempt, state=AttemptState.EXPIRED))
        raise
    payments.save_attempt(
        replace(attempt, state=AttemptState.OPEN, session_id=session.id, url=session.url)
    )
    return session.url


def _close(attempt: Attempt, processor: Processor) -> None:
    """Close the page of an attempt, for what is owed has changed; not if it was paid meanwhile."""
    try:
        processor.expire_checkout(attempt.session_id)
    except ProcessorRefused:
        if processor.load_session(attempt.session_id).status == "complete":
            raise PaymentUnderWay(attempt.number) from None
    payments.save_attempt(replace(attempt, state=AttemptState.EXPIRED))

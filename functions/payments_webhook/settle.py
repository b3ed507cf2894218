"""From a hint to our books: read the processor's object again, decide, write once.

Shared by the worker, which is told by webhooks, and the janitor, which looks by itself. Both may
meet on one payment: whoever finds the record changed reads everything again.
"""

from dataclasses import replace
from datetime import datetime

from billing.adapters.processor import Processor
from billing.core.payment import (
    UNRESOLVED,
    Attempt,
    AttemptState,
    Event,
    Hint,
    Reading,
    State,
    attempt_after,
    report_of,
    settle,
)
from billing.store import invoices, ledger, payments
from billing.store.access import EVERY_ACCOUNT
from billing.store.invoices import InvoiceNotFound
from billing.store.ledger import Position
from billing.store.transactions import EditConflict, EntryConflict

TRIES_MAX = 5
FINAL = frozenset({State.SUCCEEDED, State.REVERSED})


def settle_hint(hint: Hint, processor: Processor, now: datetime) -> bool:
    """Settle what an event is about. False: we knew it all, or it is nothing of ours."""
    settled = False
    if hint.object_id.startswith("cs_"):
        settled = settle_session(hint.object_id, processor, now)
    elif hint.payment_id:
        settled = settle_payment(hint.payment_id, processor, now)
    report = report_of(hint)
    if report is not None:
        payment = payments.load_payment(hint.payment_id) if hint.payment_id else None
        return payments.put_report(payment, report) or settled
    return settled


def settle_session(session_id: str, processor: Processor, now: datetime) -> bool:
    """Settle the payment of a hosted page, or close the attempt if the page expired unpaid."""
    session = processor.load_session(session_id)
    settled = bool(session.payment_id) and settle_payment(session.payment_id, processor, now)
    attempt = payments.load_attempt(session.attempt_id)
    if session.status == "expired" and attempt is not None and attempt.state in UNRESOLVED:
        return payments.save_attempt(replace(attempt, state=AttemptState.EXPIRED)) or settled
    return settled


def settle_payment(payment_id: str, processor: Processor, now: datetime) -> bool:
    """Bring one payment to where the processor says it is. False: it stood there already."""
    for attempt in range(1, TRIES_MAX + 1):
        try:
            return _settle_once(payment_id, processor, now)
        except (EditConflict, EntryConflict):
            if attempt == TRIES_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _settle_once(payment_id: str, processor: Processor, now: datetime) -> bool:
    # Our record first, the processor second: what is saved under the version read here was then
    # also read at the processor later than whatever that version says.
    before = payments.load_payment(payment_id)
    if before is not None and before.state in FINAL:
        return False
    reading = processor.load_payment(payment_id)
    attempt = payments.load_attempt(reading.attempt_id)
    position = _position_for(reading)

    settlement = settle(
        before,
        reading,
        "" if position is None else position.account_id,
        "" if position is None else position.balance.currency,
        () if position is None else position.open_items,
    )
    moved = _attempt_moved(attempt, reading, processor)

    if settlement is not None:
        return payments.post(settlement, position, moved, now)
    return moved is not None and payments.save_attempt(moved)


def _position_for(reading: Reading) -> Position | None:
    """Where the account stands whose invoice is paid; None: no invoice of ours."""
    try:
        invoice = invoices.load_invoice(reading.invoice_id, EVERY_ACCOUNT)
    except InvoiceNotFound:
        return None
    return ledger.position(invoice.account_id)


def _attempt_moved(
    attempt: Attempt | None, reading: Reading, processor: Processor
) -> Attempt | None:
    """The attempt as it stands after the reading; None if it stays as it is."""
    if attempt is None:
        return None
    page_open = True
    if reading.event is Event.DECLINED and attempt.session_id:
        page_open = processor.load_session(attempt.session_id).status == "open"
    state = attempt_after(attempt.state, reading.event, page_open)
    return None if state is attempt.state else replace(attempt, state=state)

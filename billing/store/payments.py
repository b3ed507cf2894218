"""Payments: webhook events that arrived, attempts to collect, and what became of each payment.

A payment's record moves under its version, in one transaction with its posting, its timeline event
and its receipt. It is read before the processor is asked and saved under the version that was read:
so what was read from the processor later is also saved later, however many workers are at it.

    HOOK#event / EVENT            one event, kept 35 days       put if absent
    CHK#invoice / n               attempt n at an invoice       put if absent, then version
      index CHECKOUTS / claimed   attempts that may bring money yet
    PMT#object / PAYMENT          one payment                   version
      index HELD / at             received, needs a person
    ACC#account / PMT#payment     the same, by account          beside PMT#
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import PutError

from billing.core.payment import (
    UNRESOLVED,
    Attempt,
    Hint,
    Payment,
    Report,
    Settlement,
    State,
    attempt_from,
    attempt_place,
    attempt_to_dict,
    payment_from,
    payment_to_dict,
)
from billing.store import ledger, timeline
from billing.store.access import Access
from billing.store.outbox import Message
from billing.store.pages import Page, page_of
from billing.store.rows import body_of, find, version_of
from billing.store.tables import AccountRow, Key, millis
from billing.store.timeline import Event
from billing.store.transactions import Put, commit, put_same, put_version

EVENTS_KEPT = timedelta(days=35)
ACTOR = "system:payments"


# Webhook events


def put_event(hint: Hint, received_at: datetime) -> bool:
    """Keep that an event arrived. False: it arrived before."""
    row = AccountRow(*_event_key(hint.event_id), body=_json(hint.to_dict()))
    row.expires = int((received_at + EVENTS_KEPT).timestamp())
    return _saved_if_absent(row)


# Attempts to collect


def claim(attempt: Attempt) -> bool:
    """Take the next slot of an invoice. False: it is taken; read who has it."""
    row = _attempt_row(attempt)
    row.version = 1
    return _saved_if_absent(row)


def save_attempt(attempt: Attempt) -> bool:
    """Save what became of an attempt. False: it was saved before. EditConflict: read it again."""
    return commit([_attempt_put(attempt)])


def latest_attempt(invoice_id: str) -> Attempt | None:
    """The last attempt at an invoice; None: nobody has clicked on "pay" yet."""
    rows = AccountRow.query(
        _attempt_key(invoice_id, 0)[0], scan_index_forward=False, limit=1, consistent_read=True
    )
    return next((_attempt(row) for row in rows), None)


def load_attempt(attempt_id: str) -> Attempt | None:
    """One attempt by its id; None: we made no such attempt."""
    place = attempt_place(attempt_id)
    row = None if place is None else find(_attempt_key(*place))
    return None if row is None else _attempt(row)


def unresolved_attempts(claimed_before: datetime) -> Iterator[Attempt]:
    """Attempts that may still bring money, the oldest first."""
    for row in AccountRow.gsi1.query("CHECKOUTS", AccountRow.gsi1sk < millis(claimed_before)):
        attempt = load_attempt(row.gsi1sk.partition("#")[2])
        if attempt is not None and attempt.state in UNRESOLVED:
            yield attempt


# Payments


def load_payment(object_id: str) -> Payment | None:
    """Our record of the processor's payment; None: we have not seen it yet."""
    row = find(_payment_key(object_id))
    return None if row is None else _payment(row)


def list_payments(
    account_id: str, access: Access, *, cursor: str | None = None, limit: int = 25
) -> Page[Payment]:
    """An account's payments, newest first."""
    access.check(account_id)

    def query(**kwargs: Any) -> Any:
        return AccountRow.query(
            _account_payment_key(account_id, "")[0],
            AccountRow.sk.startswith("PMT#"),
            scan_index_forward=False,
            consistent_read=True,
            **kwargs,
        )

    return page_of(query, _payment, cursor, limit)


def list_held(*, cursor: str | None = None, limit: int = 25) -> Page[Payment]:
    """Money that was received and that a person must place, oldest first."""

    def query(**kwargs: Any) -> Any:
        return AccountRow.gsi1.query("HELD", **kwargs)

    def read(row: AccountRow) -> Payment | None:
        payment = load_payment(row.pk.removeprefix("PMT#"))
        return payment if payment is not None and payment.state is State.HELD else None

    return page_of(query, read, cursor, limit)


def post(
    settlement: Settlement,
    position: ledger.Position | None,
    attempt: Attempt | None,
    now: datetime,
) -> bool:
    """Write what a reading changes, all at once. False: it was written before.

    position  of the account, what the posting was decided on; None if nothing is posted
    attempt   as it stands after the reading; None if it stays as it is
    EditConflict, EntryConflict: somebody else wrote meanwhile; read everything again.
    """
    payment = settlement.payment
    facts = {"object_id": payment.object_id, "invoice_id": payment.invoice_id}
    event = Event(settlement.kind, ACTOR, payment.id, settlement.text, now, facts)
    puts = [*_payment_puts(payment), *([] if attempt is None else [_attempt_put(attempt)])]
    if settlement.transaction is None or position is None:
        return commit([*puts, timeline.put_of(payment.account_id or None, event)])
    receipts = [_receipt(payment, now)] if payment.state is State.SUCCEEDED else []
    return ledger.post(settlement.transaction, position, event, messages=receipts, also=puts)


def put_report(payment: Payment | None, report: Report) -> bool:
    """Tell of a refund or dispute on the timeline. False: it was told before."""
    account_id = None if payment is None else payment.account_id or None
    about = report.object_id if payment is None else payment.id
    facts = {"object_id": report.object_id, "event_id": report.event_id}
    return timeline.put(account_id, Event(report.kind, ACTOR, about, report.text, report.at, facts))


def _receipt(payment: Payment, now: datetime) -> Message:
    """Tells the payer that the money arrived. One for each payment."""
    data = {"payment_id": payment.id, "invoice_id": payment.invoice_id}
    data |= {"object_id": payment.object_id, "amount": payment.amount.to_wire()}
    return Message(f"mail:{payment.id}", "payment.received", payment.account_id, now, data)


# Keys and rows


def _event_key(event_id: str) -> Key:
    return f"HOOK#{event_id}", "EVENT"


def _attempt_key(invoice_id: str, n: int) -> Key:
    return f"CHK#{invoice_id}", f"{n:04d}"


def _payment_key(object_id: str) -> Key:
    return f"PMT#{object_id}", "PAYMENT"


def _account_payment_key(account_id: str, payment_id: str) -> Key:
    return f"ACC#{account_id}", f"PMT#{payment_id}"


def _attempt_put(attempt: Attempt) -> Put:
    return put_version(_attempt_row(attempt), attempt.version, f"checkout attempt {attempt.id}")


def _attempt_row(attempt: Attempt) -> AccountRow:
    row = AccountRow(*_attempt_key(attempt.invoice_id, attempt.n), state=attempt.state.value)
    row.body = _json(attempt_to_dict(attempt))
    if attempt.state in UNRESOLVED:
        row.gsi1pk, row.gsi1sk = "CHECKOUTS", f"{millis(attempt.claimed_at)}#{attempt.id}"
    return row


def _payment_puts(payment: Payment) -> list[Put]:
    """The record and its copy in the account's partition, which the record's version guards."""
    body = _json(payment_to_dict(payment))
    row = AccountRow(*_payment_key(payment.object_id), body=body, state=payment.state.value)
    if payment.state is State.HELD:
        row.gsi1pk, row.gsi1sk = "HELD", f"{millis(payment.at)}#{payment.object_id}"
    puts = [put_version(row, payment.version, f"payment {payment.object_id}")]
    if payment.account_id:
        copy = AccountRow(*_account_payment_key(payment.account_id, payment.id), body=body)
        puts.append(put_same(copy))
    return puts


def _attempt(row: AccountRow) -> Attempt:
    return attempt_from(body_of(row), version_of(row))


def _payment(row: AccountRow) -> Payment:
    return payment_from(body_of(row), version_of(row))


def _saved_if_absent(row: AccountRow) -> bool:
    try:
        row.save(condition=AccountRow.pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

"""What one reading of a payment does to our books.

Posted is a function of what the processor's object says now, never of how many events told us to
look or in which order: the transaction's id follows from the object's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from billing.core.ids import derived_id
from billing.core.ledger import Entry, OpenItem, Transaction, allocate, payment_transaction
from billing.core.money import Money
from billing.core.payment.attempt import UNRESOLVED, AttemptState
from billing.core.payment.states import Event, State, next_state
from billing.core.payment.webhook import Hint
from billing.core.period import instant_from, rfc3339

SOURCE = "stripe"
ITEMS_SETTLED_MAX = 80  # by one payment; a transaction holds 100 rows, the rest becomes credit
SUSPENSE = "suspense:payments"  # received in a currency that the account does not have

Told = Literal[
    "payment.received",
    "payment.pending",
    "payment.failed",
    "payment.expired",
    "payment.held",
    "payment.refund-reported",
    "payment.dispute-reported",
]

TOLD_BY_STATE: Mapping[State, Told] = {
    State.PENDING: "payment.pending",
    State.FAILED: "payment.failed",
    State.EXPIRED: "payment.expired",
    State.SUCCEEDED: "payment.received",
    State.HELD: "payment.held",
}

# One event for each refund (refund.* repeat it), one for each step of a dispute.
REPORTS: Mapping[str, tuple[Told, str]] = {
    "charge.refunded": ("payment.refund-reported", "a refund"),
    "charge.dispute.created": ("payment.dispute-reported", "a dispute"),
    "charge.dispute.closed": ("payment.dispute-reported", "the end of a dispute"),
}

ATTEMPT_BY_EVENT = {
    Event.PROCESSING: AttemptState.PAYING,
    Event.CANCELLED: AttemptState.EXPIRED,
    Event.PAID: AttemptState.PAID,
    Event.UNPLACED: AttemptState.PAID,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the processor says of a payment at the moment it was asked."""

    payment_id: str  # the payment intent
    event: Event
    amount: Money  # received if it was paid, else asked for
    created_at: datetime
    at: datetime  # when it was paid, else `created_at`; the processor's clock
    invoice_id: str = ""  # what we wrote on it when we opened the page
    attempt_id: str = ""
    reason: str = ""  # why the last try was declined, the processor's code


@dataclass(frozen=True, slots=True)
class Payment:
    """Our record of a payment. `account_id` is "" as long as nobody knows whose it is."""

    id: str  # pmt_…
    object_id: str  # the processor's id, its identity
    account_id: str
    invoice_id: str
    amount: Money
    state: State
    created_at: datetime
    at: datetime
    reason: str = ""
    version: int = 0  # the number the store loaded, 0 for what was never stored


@dataclass(frozen=True, slots=True)
class Settlement:
    """A payment's next state and what is posted and told with it."""

    payment: Payment
    transaction: Transaction | None
    kind: Told
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """Something the processor did to a payment that is told to people and not booked yet."""

    kind: Told
    object_id: str  # the charge or dispute
    event_id: str
    text: str
    at: datetime


def report_of(hint: Hint) -> Report | None:
    """What an event about a refund or a dispute tells people; None for every other event."""
    if hint.type not in REPORTS:
        return None
    kind, what = REPORTS[hint.type]
    text = f"The processor reports {what} ({hint.object_id}). It is not booked and needs a person."
    return Report(kind, hint.object_id, hint.event_id, text, hint.created_at)


def settle(
    before: Payment | None,
    reading: Reading,
    account_id: str,
    currency: str,
    open_items: Sequence[OpenItem],
) -> Settlement | None:
    """What a reading changes; None if we knew it all.

    open_items            of the account, the oldest due first
    account_id, currency  of the account whose invoice it pays; "" if there is no such invoice
    """
    held = reading.event is Event.PAID and _unplaced_because(reading, account_id, currency)
    event = Event.UNPLACED if held else reading.event
    known = State.CREATED if before is None else before.state
    state = next_state(known, event)
    if state == known:
        return None
    payment = Payment(
        derived_id("pmt", reading.created_at, reading.payment_id),
        reading.payment_id,
        account_id,
        reading.invoice_id,
        reading.amount,
        state,
        reading.created_at,
        reading.at,
        held or reading.reason,
        0 if before is None else before.version,
    )
    transaction = None
    if state is State.SUCCEEDED:
        transaction = _posting(payment, open_items)
    elif state is State.HELD and account_id:
        transaction = _suspense_posting(payment)
    return Settlement(payment, transaction, TOLD_BY_STATE[state], _text(payment))


def attempt_after(state: AttemptState, event: Event, page_open: bool) -> AttemptState:
    """Where the attempt stands after a reading of its payment.

    page_open  whether its hosted page can still be paid: after a declined card it can, after a
               returned debit it cannot
    """
    if event is Event.DECLINED and not page_open and state in UNRESOLVED:
        return AttemptState.FAILED
    if state is AttemptState.PAID:
        return state
    return ATTEMPT_BY_EVENT.get(event, state)


def _unplaced_because(reading: Reading, account_id: str, currency: str) -> str:
    if not account_id:
        return "no invoice of ours is named on it"
    if reading.amount.currency != currency:
        return f"the account is kept in {currency}"
    return ""


def _posting(payment: Payment, open_items: Sequence[OpenItem]) -> Transaction:
    first = [item for item in open_items if item.invoice_id == payment.invoice_id]
    others = [item for item in open_items if item.invoice_id != payment.invoice_id]
    items = [*first, *others][:ITEMS_SETTLED_MAX]
    allocations, surplus = allocate(payment.amount, items, payment.invoice_id)
    return payment_transaction(
        account_id=payment.account_id,
        object_id=payment.object_id,
        at=payment.at,
        allocations=allocations,
        surplus=surplus,
        source=SOURCE,
    )


def _suspense_posting(payment: Payment) -> Transaction:
    """Money that is ours to account for and nobody's to spend, until a person decides."""
    return Transaction(
        derived_id("txn", payment.at, "payment", payment.object_id),
        payment.account_id,
        payment.at,
        "payment",
        payment.object_id,
        (Entry(f"cash:{SOURCE}", payment.amount), Entry(SUSPENSE, -payment.amount)),
    )


def _text(payment: Payment) -> str:
    amount = str(payment.amount)
    match payment.state:
        case State.SUCCEEDED:
            return f"Payment of {amount} received."
        case State.PENDING:
            return f"Payment of {amount} accepted; the money is on its way."
        case State.FAILED:
            return f"Payment of {amount} declined ({payment.reason or 'no reason given'})."
        case State.HELD:
            return f"Payment of {amount} received and held: {payment.reason}. It needs a person."
        case _:
            return f"Payment of {amount} {payment.state}."


def payment_to_dict(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "object_id": payment.object_id,
        "account_id": payment.account_id,
        "invoice_id": payment.invoice_id,
        "amount": payment.amount.to_wire(),
        "state": payment.state.value,
        "created_at": rfc3339(payment.created_at),
        "at": rfc3339(payment.at),
        "reason": payment.reason,
    }


def payment_from(data: Mapping[str, Any], version: int = 0) -> Payment:
    return Payment(
        data["id"],
        data["object_id"],
        data["account_id"],
        data["invoice_id"],
        Money.from_wire(data["amount"]),
        State(data["state"]),
        instant_from(data["created_at"]),
        instant_from(data["at"]),
        data["reason"],
        version,
    )

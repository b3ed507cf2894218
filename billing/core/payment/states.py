"""The states of a payment, and what one reading of the processor's object does to them.

A payment is what the processor calls a payment intent; its id there is its identity here. Webhooks
are hints: the object is read again, and that reading moves our record along `TRANSITIONS`.
"""

from enum import StrEnum


class State(StrEnum):
    CREATED = "created"  # known, nothing paid yet
    PENDING = "pending"  # money is on its way (SEPA: up to 14 days) and may still fail
    FAILED = "failed"  # the last attempt was declined; another may follow
    EXPIRED = "expired"  # cancelled by the processor, nothing paid
    SUCCEEDED = "succeeded"  # received and posted
    HELD = "held"  # received, but a person must say what it is for
    REVERSED = "reversed"  # received and given back


class Event(StrEnum):
    """What one reading of the processor's object says."""

    OPENED = "opened"
    PROCESSING = "processing"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    PAID = "paid"
    UNPLACED = "unplaced"  # paid, and no account of ours can take it
    GIVEN_BACK = "given back"


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.CREATED: {
        Event.PROCESSING: State.PENDING,
        Event.DECLINED: State.FAILED,
        Event.CANCELLED: State.EXPIRED,
        Event.PAID: State.SUCCEEDED,
        Event.UNPLACED: State.HELD,
    },
    State.PENDING: {
        Event.DECLINED: State.FAILED,
        Event.CANCELLED: State.EXPIRED,
        Event.PAID: State.SUCCEEDED,
        Event.UNPLACED: State.HELD,
    },
    State.FAILED: {
        Event.PROCESSING: State.PENDING,
        Event.CANCELLED: State.EXPIRED,
        Event.PAID: State.SUCCEEDED,
        Event.UNPLACED: State.HELD,
    },
    State.EXPIRED: {Event.PAID: State.SUCCEEDED, Event.UNPLACED: State.HELD},
    State.HELD: {Event.PAID: State.SUCCEEDED, Event.GIVEN_BACK: State.REVERSED},
    State.SUCCEEDED: {Event.GIVEN_BACK: State.REVERSED},
    State.REVERSED: {},
}


def next_state(state: State, event: Event) -> State:
    """Where a payment stands after a reading; what the table does not hold moves nothing.

    Monotone where it matters: money that was received is never un-received by a late reading.
    """
    return TRANSITIONS[state].get(event, state)

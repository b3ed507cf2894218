"""What must be said to the world: a message is a row beside the effect that it announces.

Delivery is at least once: a message stays due until `save_sent`. No personal data is kept here; the
address is looked up when it is sent. Sent messages leave by their TTL, unsent ones never.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from billing.core.period import instant_from
from billing.store.rows import body_of, find, version_of
from billing.store.tables import (
    OUTBOX_SHARDS,
    AccountRow,
    millis,
    outbox_index,
    outbox_key,
)
from billing.store.transactions import Put, commit, put_new, put_version

KEPT_AFTER_SENT = timedelta(days=90)

State = Literal["pending", "sent", "failed"]


@dataclass(frozen=True, slots=True)
class Message:
    """Something to send. `id` follows from its cause, so that a cause sends one message."""

    id: str  # "mail:inv_…"
    kind: str  # "invoice.issued"
    account_id: str
    at: datetime  # not before
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])  # ids, never addresses
    state: State = "pending"
    attempts: int = 0
    last_error: str = ""
    version: int = 0


def put_of(message: Message) -> Put:
    """The row of a message, for the transaction of what it announces."""
    row = _row(message)
    row.version = 1
    return put_new(row)


def load(message_id: str, at: datetime) -> Message | None:
    """One message by its id and time; None: it was sent so long ago that it expired."""
    row = find(outbox_key(message_id, at))
    return None if row is None else _message(row)


def due(now: datetime, limit: int = 100) -> list[Message]:
    """Messages to send now, oldest first in each shard."""
    found: list[Message] = []
    until = millis(now + timedelta(milliseconds=1))
    for shard in range(OUTBOX_SHARDS):
        candidates = AccountRow.gsi1.query(
            f"OUTBOX#{shard:02d}", AccountRow.gsi1sk < until, limit=limit
        )
        keys = [(row.pk, row.sk) for row in candidates]
        messages = [_message(row) for row in AccountRow.batch_get(keys, consistent_read=True)]
        found += [one for one in messages if one.state == "pending"]
    return sorted(found, key=lambda one: (one.at, one.id))[:limit]


def save_sent(message: Message, at: datetime) -> bool:
    """Done: it leaves the due list, and the table after 90 days. False: it was saved before."""
    sent = replace(message, state="sent", attempts=message.attempts + 1, last_error="")
    return _save(sent, at)


def save_attempt(message: Message, error: str, at: datetime, *, again: bool = True) -> bool:
    """A try that failed: it stays due, or (again=False) waits as failed for a person."""
    state: State = "pending" if again else "failed"
    return _save(replace(message, state=state, attempts=message.attempts + 1, last_error=error), at)


def _save(message: Message, at: datetime) -> bool:
    row = _row(message)
    if message.state == "sent":
        row.expires = int((at + KEPT_AFTER_SENT).timestamp())
    return commit([put_version(row, message.version, f"message {message.id}")])


def _row(message: Message) -> AccountRow:
    row = AccountRow(*outbox_key(message.id, message.at), state=message.state)
    row.body = json.dumps(
        {
            "id": message.id,
            "kind": message.kind,
            "account_id": message.account_id,
            "at": millis(message.at),
            "data": dict(message.data),
            "attempts": message.attempts,
            "last_error": message.last_error,
        },
        sort_keys=True,
    )
    if message.state == "pending":
        row.gsi1pk, row.gsi1sk = outbox_index(message.id, message.at)
    return row


def _message(row: AccountRow) -> Message:
    body = body_of(row)
    body["at"] = instant_from(body["at"])
    return Message(
        **body,
        state=row.state,  # pyright: ignore[reportArgumentType]
        version=version_of(row),
    )

"""Requests that may be sent twice: the answer is kept beside the effect, in one transaction.

A door asks `load` first. If there is nothing, it adds `put_of(answer)` to the rows of the effect;
two equal requests at once then meet in that row, and the loser (KeyClaimed) loads the answer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.core.errors import BillingError
from billing.store.rows import body_of, find
from billing.store.tables import AccountRow, idempotency_key
from billing.store.transactions import Put, commit, put_new

KEPT = timedelta(days=2)


class KeyReused(BillingError):
    """The key was sent before with another request."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Idempotency-Key {key!r} was used for another request: use a new key for a new request"
        )
        self.key = key


class KeyClaimed(BillingError):
    """The same request is being answered elsewhere at this moment."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Idempotency-Key {key!r} is being answered: ask again in a moment")
        self.key = key


@dataclass(frozen=True, slots=True)
class Answer:
    """What a principal was told for a key. `request` is a digest of the method, path and body."""

    principal: str
    key: str
    request: str
    status: int
    body: Mapping[str, Any]
    at: datetime


def load(principal: str, key: str, request: str, now: datetime) -> Answer | None:
    """The answer given before; None: this is the first time. KeyReused for another request."""
    row = find(idempotency_key(principal, key))
    if row is None:
        return None
    if row.expires <= now.timestamp():
        return None  # past its TTL: it must not decide anything, though it is still stored
    answer = _answer(row)
    if answer.request != request:
        raise KeyReused(key)
    return answer


def put_of(answer: Answer) -> Put:
    """The row of an answer, for the transaction of its effect."""
    put = put_new(_row(answer), KeyClaimed(answer.key))
    expired = AccountRow.expires <= int(answer.at.timestamp())
    return Put(put.row, AccountRow.pk.does_not_exist() | expired, put.refusal)


def claim(answer: Answer) -> bool:
    """Keep an answer that has no effect of its own. False: it was kept before."""
    return commit([put_of(answer)])


def _row(answer: Answer) -> AccountRow:
    row = AccountRow(*idempotency_key(answer.principal, answer.key))
    row.expires = int((answer.at + KEPT).timestamp())
    row.body = json.dumps(
        {
            "principal": answer.principal,
            "key": answer.key,
            "request": answer.request,
            "status": answer.status,
            "body": dict(answer.body),
            "at": int(answer.at.timestamp()),
        },
        sort_keys=True,
    )
    return row


def _answer(row: AccountRow) -> Answer:
    body = body_of(row)
    body["at"] = datetime.fromtimestamp(body["at"], UTC)
    return Answer(**body)

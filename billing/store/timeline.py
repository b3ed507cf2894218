"""The timeline: one event for every effect, with its actor, in the same transaction.

Kinds are written as the events of the product: "invoice.issued", "payment.received",
"account.changed", "note". Actors are "staff:<login>", "customer:<login>" or "system:<part>".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from billing.core.ids import derived_id
from billing.core.period import instant_from
from billing.store.access import Access
from billing.store.pages import Page, page_of
from billing.store.rows import find_document
from billing.store.tables import LedgerRow, event_key, millis
from billing.store.transactions import Put, commit, put_new, put_told


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: kind, who did it, the id of what it was done to, a sentence, more facts."""

    kind: str
    actor: str
    object: str
    text: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def id(self) -> str:
        """Follows from the content: the same event told twice is one row."""
        facts = (self.kind, self.actor, self.object, self.text, _json(self.data))
        return derived_id("evt", self.at, *facts)


def put_of(account_id: str | None, event: Event) -> Put:
    """The row of an event, for the transaction of its effect. Account None: of the ISP."""
    return put_told(_row(account_id, event))


def put(account_id: str | None, event: Event) -> bool:
    """Write an event that has no other effect (a note). False: it was written before."""
    return commit([put_new(_row(account_id, event))])


def was_told(account_id: str | None, event: Event) -> bool:
    """Whether this very event stands on the timeline, so that what it tells has happened."""
    return find_document(event_key(account_id, event.at, event.id)) is not None


def list_events(
    account_id: str, access: Access, *, cursor: str | None = None, limit: int = 50
) -> Page[Event]:
    """An account's events, newest first."""
    access.check(account_id)
    return _list(f"ACC#{account_id}", cursor, limit)


def list_isp_events(*, cursor: str | None = None, limit: int = 50) -> Page[Event]:
    """Events that belong to no account (runs, catalogue), newest first."""
    return _list("ISP", cursor, limit)


def _list(place: str, cursor: str | None, limit: int) -> Page[Event]:
    def query(**kwargs: Any) -> Any:
        return LedgerRow.query(
            place,
            LedgerRow.sk.startswith("EVT#"),
            scan_index_forward=False,
            consistent_read=True,
            **kwargs,
        )

    return page_of(query, _event, cursor, limit)


def _row(account_id: str | None, event: Event) -> LedgerRow:
    body = {
        "kind": event.kind,
        "actor": event.actor,
        "object": event.object,
        "text": event.text,
        "at": millis(event.at),
        "data": dict(event.data),
    }
    return LedgerRow(*event_key(account_id, event.at, event.id), body=_json(body))


def _event(row: LedgerRow) -> Event:
    body: dict[str, Any] = json.loads(row.body)
    body["at"] = instant_from(body["at"])
    return Event(**body)


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(dict(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

"""Usage records that cannot be counted as they are: list, correct, send through again."""

import json
import os
from collections.abc import Mapping
from typing import Any

from billing.adapters import queues
from billing.core.errors import BillingError
from billing.store import collectors, suspense, timeline
from billing.store.collectors import Completeness
from billing.store.suspense import State, Suspense
from billing.store.timeline import Event
from billing.store.transactions import commit
from functions.portal_api.operation import Operation


class NotRecyclable(BillingError):
    """What is no JSON needs a correction before it can go through again."""

    def __init__(self, record_id: str, problem: str) -> None:
        super().__init__(f"suspended record {record_id} {problem}: send a corrected record")
        self.record_id = record_id


def list_suspended(state: State = "open", limit: int = 200) -> list[Suspense]:
    """Suspended records, those of the newest day first."""
    return suspense.list_suspense(state, limit)


def list_collectors() -> list[Completeness]:
    """How complete what each collector sent is, with the holes."""
    return collectors.list_collectors()


def recycle(
    op: Operation, record_id: str, record: Mapping[str, Any] | None, reason: str
) -> Suspense:
    """Send a record through mediation again, corrected or as it is.

    The correction is kept beside what came. It is sent at least once: counting it twice changes
    nothing, so a repeat after a cut is harmless.
    """
    found = suspense.load(record_id)
    if found.state != "open":
        raise NotRecyclable(record_id, f"is {found.state} already")
    if record is not None:
        found = suspense.save_correction(
            record_id, json.dumps(record, sort_keys=True), found.version, op.actor, op.at
        )
    content = _content(found)
    part = "record" if found.seq is not None else "pack"
    message = {"suspense": record_id, part: content, "actor": op.actor}
    queues.send(os.environ["RECYCLE_QUEUE_URL"], message)
    event = Event("usage.recycled", op.actor, record_id, f"Sent through again: {reason}", op.at)
    commit([timeline.put_of(None, event), *op.keep(found)])
    return found


def _content(found: Suspense) -> dict[str, Any]:
    if found.reason == "unreadable" and not found.corrected:
        raise NotRecyclable(found.id, "is not JSON")
    try:
        content = json.loads(found.recyclable)
    except (ValueError, RecursionError):
        raise NotRecyclable(found.id, "is not JSON") from None
    if not isinstance(content, dict):
        raise NotRecyclable(found.id, "is not a JSON object")
    return content

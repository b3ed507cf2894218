"""Usage records that cannot be counted as they are: list, correct, send through again."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from billing.adapters import queues
from billing.store import collectors, suspense, timeline
from billing.store.collectors import Completeness
from billing.store.suspense import State, Suspense
from billing.store.timeline import Event
from billing.store.transactions import commit
from functions.portal_api.operation import Operation


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
    try:
        correction = "" if record is None else json.dumps(record, sort_keys=True)
    except RecursionError:  # nested deeper than it can be written
        raise suspense.NotCorrected(record_id) from None
    # Refused before the correction is kept, if it is refused at all.
    message = suspense.message_of(replace(found, corrected=correction or found.corrected), op.actor)
    if correction:
        found = suspense.save_correction(record_id, correction, found.version, op.actor, op.at)
    queues.send(os.environ["RECYCLE_QUEUE_URL"], message)
    event = Event("usage.recycled", op.actor, record_id, f"Sent through again: {reason}", op.at)
    commit([timeline.put_of(None, event), *op.keep(found)])
    return found

"""Usage by queue: packs from files, and suspended records that were corrected or only recycled.

A message is a pack, or {"suspense": <id>, "actor": <who>}. What mediation refuses again stays open
in suspense with the reason of now; the rest is marked recycled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.core.usage import (
    UNPROVEN,
    Pack,
    Suspended,
    mediate,
    pack_from,
    proven_pack,
    unreadable,
)
from billing.store import suspense
from functions.ingest_usage import shared
from functions.runtime import clock, logger, metrics

_RECYCLED = "recycled"  # stands for the collector of what comes out of suspense


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `suspense_id` is "" for a pack from a file."""

    suspense_id: str
    actor: str
    pack: Pack | Suspended


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    now = clock()
    messages = [found for one in SQSEvent(event).records if (found := _message(one)) is not None]

    batch = mediate([message.pack for message in messages], shared.settings())
    again = {one.boot: one for one in batch.suspended if one.collector == _RECYCLED}
    others = tuple(one for one in batch.suspended if one.collector != _RECYCLED)

    shared.store(replace(batch, suspended=others))
    for message in messages:
        if message.suspense_id:
            _mark(message, again.get(message.suspense_id), now)
    return {"batchItemFailures": []}


def _message(record: Any) -> Message | None:
    """What one message holds; None for a name of suspense that nothing has."""
    arrived = datetime.fromtimestamp(int(record.attributes.sent_timestamp) / 1000, UTC).date()
    try:
        content = json.loads(record.body)
    except (ValueError, RecursionError) as error:
        return Message(
            "", "", unreadable(record.body.encode("utf-8", "surrogatepass"), str(error), arrived)
        )
    if not isinstance(content, dict):
        return Message(
            "",
            "",
            unreadable(record.body.encode("utf-8", "surrogatepass"), "not an object", arrived),
        )
    id = content.get("suspense")
    if not isinstance(id, str):
        return Message("", "", _pack(content, arrived))
    try:
        known = suspense.load(id)
    except suspense.SuspenseNotFound:
        logger.warning("nothing to recycle")
        return None
    return Message(id, str(content.get("actor") or "mediation"), _recycled(known, arrived))


def _recycled(known: suspense.Suspense, arrived: date) -> Pack | Suspended:
    """What holds records is a pack; one that nobody proved and nobody corrected needs its proof."""
    try:
        inner: Any = json.loads(known.recyclable)
    except (ValueError, RecursionError):
        inner = known.recyclable
    if not isinstance(inner, dict) or not isinstance(inner.get("records"), list):
        return Pack(_RECYCLED, known.id, None, (inner,), arrived)
    unproven = known.reason in UNPROVEN and not known.corrected
    if "first_seq" not in inner and not unproven:  # records of one pack, kept together
        return Pack(_RECYCLED, known.id, None, tuple(inner["records"]), arrived)
    found = (
        proven_pack(inner, shared.collector_keys(), arrived) if unproven else _pack(inner, arrived)
    )
    is_refused = isinstance(found, Suspended)
    return replace(found, collector=_RECYCLED, boot=known.id) if is_refused else found


def _pack(content: Mapping[str, Any], arrived: date) -> Pack | Suspended:
    """A signature is checked where there is one; the queue itself lets in only our own roles."""
    if "hmac" in content:
        return proven_pack(content, shared.collector_keys(), arrived)
    return pack_from(content, arrived)


def _mark(message: Message, refused: Suspended | None, now: datetime) -> None:
    try:
        if refused is None:
            suspense.save_recycled(message.suspense_id, message.actor, now)
        else:
            suspense.save_refused(message.suspense_id, refused.reason, refused.problem, now)
    except suspense.SuspenseNotFound as error:
        logger.warning("nothing to mark", problem=str(error))

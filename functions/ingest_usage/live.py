"""Live usage: packs of the collectors, by Kinesis. A batch is one decision and a few blind puts.

Delivering any of it again changes nothing. A bad record never raises: it goes into suspense and the
stream moves on. Only faults of the infrastructure rise, and then the stream delivers again.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from aws_lambda_powertools.utilities.data_classes import KinesisStreamEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.core.usage import Pack, Suspended, mediate, open_pack
from functions.ingest_usage import shared
from functions.runtime import clock, logger, metrics

Arrival = tuple[bytes, date]


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    packs = _opened(_arrivals(event), clock())

    batch = mediate(packs, shared.settings())

    shared.store(batch)
    return {"batchItemFailures": []}


def _arrivals(event: dict[str, Any]) -> list[Arrival]:
    return [
        (
            record.kinesis.data_as_bytes(),
            datetime.fromtimestamp(record.kinesis.approximate_arrival_timestamp, UTC).date(),
        )
        for record in KinesisStreamEvent(event).records
    ]


def _opened(arrivals: Sequence[Arrival], now: datetime) -> list[Pack | Suspended]:
    """What the records hold; a signature is refused only by keys that are fresh."""
    keys = shared.collector_keys()
    packs = [open_pack(data, keys, arrived) for data, arrived in arrivals]
    if any(isinstance(pack, Suspended) and pack.unproven for pack in packs):
        keys = shared.fresh_collector_keys(now) or keys
        packs = [open_pack(data, keys, arrived) for data, arrived in arrivals]
    return packs

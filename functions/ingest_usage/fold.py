"""Folding, on a schedule: the segments of closed hours become one item per identity and day.

An event may name {"days": ["2026-10-01"], "buckets": [0]}: then all segments of those days, closed
or not. It changes no figure, so it may stop anywhere, and the next run goes on.
"""

from datetime import date
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.core.usage import bucket_of
from billing.store import collectors, folding
from functions.ingest_usage import shared
from functions.runtime import clock, logger, metrics

_LEFT_MILLISECONDS_MIN = 30_000


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    settings, now = shared.settings(), clock()
    named = event.get("days")
    days = None if named is None else [date.fromisoformat(day) for day in named]
    # Each run begins somewhere else, so that none is always the one there was no time for.
    first = bucket_of(now.isoformat(), settings.buckets)
    in_turn = [*range(first, settings.buckets), *range(first)]
    buckets: list[int] = list(event.get("buckets") or in_turn)
    before = now if days is None else None

    items = segments = 0
    while buckets and context.get_remaining_time_in_millis() > _LEFT_MILLISECONDS_MIN:
        done = folding.fold(buckets.pop(0), settings, before=before, days=days)
        items, segments = items + done.items, segments + done.segments
    spared = collectors.fold(settings)

    metrics.add_metric("UsageSegmentsFolded", MetricUnit.Count, segments)
    logger.info("folded", items=items, segments=segments, intervals=spared, buckets_left=buckets)
    return {
        "items": items,
        "segments": segments,
        "intervals": spared,
        "buckets_left": sorted(buckets),
    }

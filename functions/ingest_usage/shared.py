"""What the doors for usage share: their settings, the collectors' keys, and how a batch is kept."""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

from aws_lambda_powertools.metrics import MetricUnit

from billing.adapters.secrets import load_json_secret
from billing.config import load_isp
from billing.core.usage import Batch, Settings
from billing.store import collectors, suspense, usage
from functions.runtime import logger, metrics

_FRESH_AGAIN_AFTER = timedelta(minutes=1)
_read_at: list[datetime] = []


@cache
def settings() -> Settings:
    """From isp.toml, which travels with the code."""
    return usage.settings_of(load_isp())


def collector_keys(fresh: bool = False) -> Mapping[str, bytes]:
    """The HMAC key of each collector; at most five minutes old."""
    found = load_json_secret(os.environ["COLLECTOR_KEYS_SECRET"], fresh)
    return {collector: bytes.fromhex(key) for collector, key in found.items()}


def fresh_collector_keys(now: datetime) -> Mapping[str, bytes] | None:
    """The keys read anew; None if that was done less than a minute ago: forgeries cost no calls."""
    if _read_at and now - _read_at[-1] < _FRESH_AGAIN_AFTER:
        return None
    _read_at[:] = [now]
    return collector_keys(fresh=True)


def forget_keys() -> None:
    """Begin like a new process: the next refused signature asks for the keys at once."""
    _read_at.clear()


def store(batch: Batch) -> None:
    """Keep all of a batch. Each write may be repeated, so a fault in between needs no care."""
    usage.put(batch.segments, settings(), calls=batch.calls, levels=batch.levels)
    suspense.put(batch.suspended, settings())
    collectors.put(batch.received, settings())
    metrics.add_metric("UsageRecordsStored", MetricUnit.Count, batch.stored)
    metrics.add_metric("CallReportsStored", MetricUnit.Count, len(batch.calls))
    metrics.add_metric("LevelReportsStored", MetricUnit.Count, len(batch.levels))
    metrics.add_metric("UsageRecordsSuspended", MetricUnit.Count, len(batch.suspended))
    logger.info(
        "usage batch",
        stored=batch.stored,
        suspended=len(batch.suspended),
        reasons=sorted({one.reason for one in batch.suspended}),
        segments=len(batch.segments),
        calls=len(batch.calls),
        levels=len(batch.levels),
    )

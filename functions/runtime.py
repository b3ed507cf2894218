"""What every door shares: its logger, its metrics and the only clock of the product."""

import os
from datetime import UTC, datetime

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Demarc"))


def clock() -> datetime:
    """The present instant in UTC. Handlers call it once and pass it on."""
    return datetime.now(UTC)

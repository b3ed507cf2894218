"""On a schedule: what may still bring money is read again, whatever webhooks were lost."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.processor import (
    Processor,
    ProcessorUnreachable,
    UnknownObject,
    connected,
)
from billing.core.payment import Attempt, AttemptState
from billing.store import payments
from billing.store.transactions import EditConflict
from functions.payments_webhook.settle import settle_session
from functions.runtime import clock, logger, metrics

LOOK_AFTER = timedelta(minutes=10)  # until then the webhooks have their turn
STOP_MILLISECONDS = 30_000  # what is left then is read by the next run


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    now = clock()
    looked, settled = 0, 0
    for attempt in payments.unresolved_attempts(now - LOOK_AFTER):
        if context.get_remaining_time_in_millis() < STOP_MILLISECONDS:
            break
        looked += 1
        settled += _look_at(attempt, connected(), now)
    metrics.add_metric("PaymentsFoundByJanitor", MetricUnit.Count, settled)
    return {"looked": looked, "settled": settled}


def _look_at(attempt: Attempt, processor: Processor, now: datetime) -> bool:
    """Settle one attempt; one that cannot be read now must not keep the others waiting."""
    try:
        if attempt.session_id and settle_session(attempt.session_id, processor, now):
            return True
        if attempt.state is AttemptState.CLAIMED and now >= attempt.expires_at:
            # Whether the page ever existed is not known; that nobody can pay it any more is.
            return payments.save_attempt(replace(attempt, state=AttemptState.EXPIRED))
    except (ProcessorUnreachable, UnknownObject, EditConflict) as error:
        extra = {"attempt": attempt.id, "reason": type(error).__name__}
        logger.warning("attempt not read", extra=extra)
    return False

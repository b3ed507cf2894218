"""Queued hints, settled: each names an object that is read again at the processor and posted once.

A hint that cannot be settled now (the processor is away, or does not know the object yet) goes back
to the queue alone; the others of its batch are done.
"""

import json
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.processor import connected
from billing.core.payment import hint_from
from functions.payments_webhook.settle import settle_hint
from functions.runtime import clock, logger, metrics

batch = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return dict(
        process_partial_response(
            event=event, record_handler=settle_record, processor=batch, context=context
        )
    )


def settle_record(record: SQSRecord) -> None:
    hint = hint_from(json.loads(record.body))

    settled = settle_hint(hint, connected(), clock())
    metrics.add_metric("PaymentsSettled", MetricUnit.Count, int(settled))
    if settled:
        logger.info("settled", extra={"event_id": hint.event_id, "payment": hint.payment_id})

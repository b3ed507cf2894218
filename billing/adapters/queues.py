"""Sending to a queue. At least once: whoever reads it must not mind a message twice."""

import json
from collections.abc import Mapping
from typing import Any

from billing.adapters import aws


def send(queue_url: str, message: Mapping[str, Any]) -> None:
    """Put one message on the queue; when this returns, the queue has it."""
    aws.client("sqs").send_message(
        QueueUrl=queue_url, MessageBody=json.dumps(message, sort_keys=True)
    )

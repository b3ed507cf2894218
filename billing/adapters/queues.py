"""Sending to a queue. At least once: whoever reads it must not mind a message twice."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3


def send(queue_url: str, message: Mapping[str, Any]) -> None:
    """Put one message on the queue; when this returns, the queue has it."""
    _client().send_message(QueueUrl=queue_url, MessageBody=json.dumps(message, sort_keys=True))


@cache
def _client() -> Any:
    return boto3.client("sqs")

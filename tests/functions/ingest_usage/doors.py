"""Events as Kinesis and SQS hand them to a function, and the context of a call."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Context:
    function_name: str = "ingest-usage"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:ingest-usage"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def kinesis(*data: bytes) -> dict[str, Any]:
    """A batch of a stream, field for field as Lambda delivers it."""
    return {"Records": [_kinesis_record(number, one) for number, one in enumerate(data)]}


def sqs(*bodies: str) -> dict[str, Any]:
    """A batch of a queue, field for field as Lambda delivers it."""
    return {"Records": [_sqs_record(number, body) for number, body in enumerate(bodies)]}


def batches(deliveries: Sequence[Sequence[bytes]]) -> list[dict[str, Any]]:
    return [kinesis(*one) for one in deliveries]


def _kinesis_record(number: int, data: bytes) -> dict[str, Any]:
    sequence = f"49590338271490256608559692538361571095921575989136588{number:03d}"
    arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/usage-records"
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "col-1-1",
            "sequenceNumber": sequence,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": 1790850600.087,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000006:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/ingest-usage",
        "awsRegion": "eu-west-1",
        "eventSourceARN": arn,
    }


def _sqs_record(number: int, body: str) -> dict[str, Any]:
    return {
        "messageId": f"059f36b4-87a3-44ab-83d2-6619757{number:05d}",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1790850600087",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1790850600092",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:recycled",
        "awsRegion": "eu-west-1",
    }

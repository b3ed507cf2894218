"""Lambda's event source mappings for Kinesis and SQS, as its documentation says they behave.

A model in one thread on a clock of its own: every poll of a shard or queue is a call, so a test
decides what happens between any two. Settings are those of the template. An invocation is a
function from event to response; whatever it raises is a function error.

Kinesis  "Using Lambda to process records from Amazon Kinesis Data Streams", "Configuring partial
         batch response", "Retain discarded batch records", "Parent and child shards"
SQS      "Using Lambda with Amazon SQS", "Handling errors for an SQS event source"
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests.faults import Killed

Json = dict[str, Any]
Invoke = Callable[[Json], Any]

PAYLOAD_MAX = 6 * 1024 * 1024  # of one synchronous invocation
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/usage-records"
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:queue"


# What a function's response says


def failures(response: Any, ids: Sequence[str]) -> list[str]:
    """The identifiers that a response gives back, of those delivered.

    Nothing, or no list: all of them succeeded. An identifier that is empty, missing, under another
    name or not of this batch: all of them failed.
    """
    listed = response.get("batchItemFailures") if isinstance(response, dict) else None
    if not listed:
        return []
    if not isinstance(listed, list):
        return list(ids)
    named = [one.get("itemIdentifier") if isinstance(one, dict) else None for one in listed]
    return named if set(named) <= set(ids) else list(ids)


def invoked(invoke: Invoke, event: Json) -> tuple[Any, bool]:
    """The response as JSON carries it, and whether the function ended without an error."""
    try:
        return json.loads(json.dumps(invoke(json.loads(json.dumps(event))))), True
    except (Exception, Killed):  # noqa: BLE001 - a function error, whatever it is
        return None, False


# Kinesis


@dataclass(frozen=True)
class StreamSettings:
    """Of an AWS::Lambda::EventSourceMapping on a stream."""

    batch_size: int = 100
    window_seconds: int = 0
    partial_responses: bool = False
    bisect: bool = False
    retries_max: int = -1  # -1: until the record is too old
    age_max_seconds: int = -1  # -1: until the stream drops it
    set_aside_in: str = ""  # the bucket of what is given up; "": it is lost
    from_start: bool = True

    @classmethod
    def of(cls, properties: Mapping[str, Any], bucket: str) -> "StreamSettings":
        """bucket  the name for that which the template refers to"""
        on_failure = properties.get("DestinationConfig", {}).get("OnFailure", {})
        return cls(
            properties.get("BatchSize", 100),
            properties.get("MaximumBatchingWindowInSeconds", 0),
            "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
            properties.get("BisectBatchOnFunctionError", False),
            properties.get("MaximumRetryAttempts", -1),
            properties.get("MaximumRecordAgeInSeconds", -1),
            bucket if on_failure else "",
            properties["StartingPosition"] == "TRIM_HORIZON",
        )


@dataclass(frozen=True)
class Record:
    sequence: str
    key: str
    data: bytes
    arrived: float  # seconds since 1970


@dataclass
class Shard:
    """Records in order. One that was split or merged takes no more, and is read to its end."""

    id: str
    low: int  # of the 128-bit hashes of partition keys, both inclusive
    high: int
    parents: tuple[str, ...] = ()
    records: list[Record] = field(default_factory=list)
    closed: bool = False


class Stream:
    """Shards over the whole range of hashes."""

    def __init__(self, shards: int = 1) -> None:
        self.shards: dict[str, Shard] = {}
        self._sequence = 49590338271490256608559692538361571095921575989136588898
        step = 2**128 // shards
        for n in range(shards):
            self._open(n * step, 2**128 - 1 if n == shards - 1 else (n + 1) * step - 1)

    def put(self, data: bytes, key: str, now: float) -> str:
        """Add a record to the open shard of its key; its sequence number."""
        hashed = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        [shard] = [one for one in self.open if one.low <= hashed <= one.high]
        self._sequence += 1
        shard.records.append(Record(str(self._sequence), key, data, now))
        return str(self._sequence)

    @property
    def open(self) -> list[Shard]:
        return [shard for shard in self.shards.values() if not shard.closed]

    def split(self, shard: Shard) -> None:
        middle = (shard.low + shard.high) // 2
        shard.closed = True
        self._open(shard.low, middle, shard.id)
        self._open(middle + 1, shard.high, shard.id)

    def merge(self, one: Shard, other: Shard) -> None:
        """Two neighbours become one."""
        assert one.high + 1 == other.low
        one.closed = other.closed = True
        self._open(one.low, other.high, one.id, other.id)

    def _open(self, low: int, high: int, *parents: str) -> None:
        id = f"shardId-{len(self.shards):012d}"
        self.shards[id] = Shard(id, low, high, parents)


@dataclass(frozen=True)
class Batch:
    """Records start .. end of a shard; tries that failed so far."""

    start: int
    end: int
    tries: int = 0


@dataclass
class Reader:
    """How far a shard is done, and the batches in hand, the next one on top."""

    checkpoint: int = 0
    stack: list[Batch] = field(default_factory=list)


class StreamMapping:
    """Reads a stream for one function, a batch of a shard at a time."""

    def __init__(
        self,
        settings: StreamSettings,
        stream: Stream,
        invoke: Invoke,
        set_aside: Callable[[str, bytes], None],
    ) -> None:
        self.settings, self.stream, self.invoke = settings, stream, invoke
        self._put = set_aside
        self.readers = {
            id: Reader(0 if settings.from_start else len(shard.records))
            for id, shard in stream.shards.items()
        }
        self.invocations: list[tuple[str, int, int]] = []  # shard, records, failed tries before
        self._kept = 0

    def poll(self, shard: Shard, now: float) -> bool:
        """Invoke the function once for a shard. False: there is nothing (yet) to invoke it for."""
        reader = self.readers.setdefault(shard.id, Reader())
        if not all(self._finished(parent) for parent in shard.parents):
            return False  # a child waits until its parents are read to their end
        if not reader.stack:
            self._fetch(reader, shard, now)
        if not reader.stack:
            return False
        batch = self._young(reader, shard, reader.stack.pop(), now)
        if batch is None:
            return True
        records = shard.records[batch.start : batch.end]
        self.invocations.append((shard.id, len(records), batch.tries))
        response, returned = invoked(self.invoke, event_of(shard, records))
        ids = [record.sequence for record in records]
        failed = ids if not returned else self._reported(response, ids)
        if not failed:
            reader.checkpoint = batch.end
            return True
        done = min(ids.index(one) for one in failed)
        # What is below the lowest failed number is done; what is left is another batch.
        left = Batch(batch.start + done, batch.end, 0 if done else batch.tries)
        reader.checkpoint = left.start
        self._again(reader, shard, left, split_here=done > 0, now=now)
        return True

    def restart(self) -> None:
        """The poller begins anew from its checkpoints: what was in hand is delivered again."""
        for reader in self.readers.values():
            reader.stack.clear()

    def waiting(self) -> list[Shard]:
        """Shards that are not read to their end."""
        return [one for one in self.stream.shards.values() if not self._at_end(one)]

    def _at_end(self, shard: Shard) -> bool:
        reader = self.readers.setdefault(shard.id, Reader())
        return not reader.stack and reader.checkpoint == len(shard.records)

    def _finished(self, shard_id: str) -> bool:
        shard = self.stream.shards[shard_id]
        parents = all(self._finished(parent) for parent in shard.parents)
        return parents and shard.closed and self._at_end(shard)

    def _fetch(self, reader: Reader, shard: Shard, now: float) -> None:
        """Fill a batch: up to its size, its window, or what an invocation carries."""
        start, octets, end = reader.checkpoint, 0, reader.checkpoint
        for record in shard.records[start : start + self.settings.batch_size]:
            octets += len(record.data) * 4 // 3 + 500
            if octets > PAYLOAD_MAX:
                break
            end += 1
        full = end - start == self.settings.batch_size or octets > PAYLOAD_MAX or shard.closed
        aged = end > start and now - shard.records[start].arrived >= self.settings.window_seconds
        if end > start and (full or aged):
            reader.stack.append(Batch(start, end))

    def _young(self, reader: Reader, shard: Shard, batch: Batch, now: float) -> Batch | None:
        """The batch without the records at its head that are too old; those are given up."""
        age_max, start = self.settings.age_max_seconds, batch.start
        if age_max < 0:
            return batch
        while start < batch.end and now - shard.records[start].arrived > age_max:
            start += 1
        if start > batch.start:
            old = Batch(batch.start, start, batch.tries)
            self._give_up(shard, old, "RecordAgeExceeded", now)
            reader.checkpoint = start
        return Batch(start, batch.end, batch.tries) if start < batch.end else None

    def _reported(self, response: Any, ids: Sequence[str]) -> list[str]:
        return failures(response, ids) if self.settings.partial_responses else []

    def _again(
        self, reader: Reader, shard: Shard, batch: Batch, *, split_here: bool, now: float
    ) -> None:
        """What follows a failure: halves, another try, or giving up.

        Where a response named the record that failed, the batch is split there and nowhere else.
        Splitting is no retry.
        """
        size, tries = batch.end - batch.start, batch.tries
        if self.settings.bisect and size > 1 and not split_here:
            middle = batch.start + size // 2
            reader.stack += [Batch(middle, batch.end), Batch(batch.start, middle)]
        elif 0 <= self.settings.retries_max <= tries:
            self._give_up(shard, batch, "RetryAttemptsExhausted", now)
            reader.checkpoint = batch.end
        else:
            reader.stack.append(Batch(batch.start, batch.end, tries if split_here else tries + 1))

    def _give_up(self, shard: Shard, batch: Batch, condition: str, now: float) -> None:
        """Keep the whole invocation in S3, as Lambda does; without a bucket it is gone."""
        if not self.settings.set_aside_in:
            return
        records, at = shard.records[batch.start : batch.end], datetime.fromtimestamp(now, UTC)
        document = {
            "requestContext": {
                "requestId": str(UUID(int=self._kept)),
                "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:live",
                "condition": condition,
                "approximateInvokeCount": batch.tries + 1,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "version": "1.0",
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "KinesisBatchInfo": {
                "shardId": shard.id,
                "startSequenceNumber": records[0].sequence,
                "endSequenceNumber": records[-1].sequence,
                "approximateArrivalOfFirstRecord": records[0].arrived,
                "approximateArrivalOfLastRecord": records[-1].arrived,
                "batchSize": len(records),
                "streamArn": ARN,
            },
            "payload": json.dumps(event_of(shard, records)),
        }
        stamp = f"{at:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{UUID(int=self._kept)}"
        key = f"aws/lambda/{UUID(int=1)}/{shard.id}/{stamp}"
        self._put(f"{self.settings.set_aside_in}/{key}", json.dumps(document).encode())
        self._kept += 1


def event_of(shard: Shard, records: Sequence[Record]) -> Json:
    """A batch, field for field as Lambda delivers it."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record.key,
                    "sequenceNumber": record.sequence,
                    "data": base64.b64encode(record.data).decode(),
                    "approximateArrivalTimestamp": record.arrived,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard.id}:{record.sequence}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::123456789012:role/live",
                "awsRegion": "us-east-1",
                "eventSourceARN": ARN,
            }
            for record in records
        ]
    }


# SQS


@dataclass(frozen=True)
class QueueSettings:
    """Of a queue, and of the AWS::Lambda::EventSourceMapping that reads it."""

    batch_size: int = 10
    partial_responses: bool = False
    visibility_seconds: int = 30
    receives_max: int = 0  # 0: there are no dead letters

    @classmethod
    def of(
        cls, mapping: Mapping[str, Any], queue: Mapping[str, Any], timeout: int
    ) -> "QueueSettings":
        """timeout  of the function; Lambda refuses a queue that hides messages for less"""
        visibility = queue.get("VisibilityTimeout", 30)
        if visibility < timeout:
            raise ValueError(f"visibility timeout {visibility} is less than function's {timeout}")
        return cls(
            mapping.get("BatchSize", 10),
            "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []),
            visibility,
            queue.get("RedrivePolicy", {}).get("maxReceiveCount", 0),
        )


@dataclass
class Message:
    nth: int  # of its queue, from 1
    id: str
    body: str
    sent: float
    visible_at: float
    receives: int = 0


class QueueMapping:
    """A queue, its dead letters, and the poller that hands messages to one function."""

    def __init__(self, settings: QueueSettings, invoke: Invoke) -> None:
        self.settings, self.invoke = settings, invoke
        self.messages: list[Message] = []
        self.dead: list[Message] = []
        self._sent = 0

    def send(self, body: str, now: float) -> None:
        self._sent += 1
        self.messages.append(Message(self._sent, f"{UUID(int=self._sent)}", body, now, now))

    def poll(self, now: float, order: Callable[[list[Message]], Any] = list) -> bool:
        """One invocation with what is visible. False: nothing is.

        order  a standard queue delivers in any order: puts the visible ones as they come
        """
        self._bury(now)
        visible = list(order([one for one in self.messages if one.visible_at <= now]))
        batch = visible[: self.settings.batch_size]
        if not batch:
            return False
        for message in batch:
            message.receives += 1
            message.visible_at = now + self.settings.visibility_seconds
        response, returned = invoked(self.invoke, {"Records": [*_messages(batch)]})
        ids = [one.id for one in batch]
        failed = ids if not returned else self._reported(response, ids)
        self.messages = [one for one in self.messages if one.id not in {*ids} - {*failed}]
        return True

    def redrive(self, now: float) -> None:
        """What `start-message-move-task` does: the dead letters are sent anew."""
        for message in self.dead:
            self.send(message.body, now)
        self.dead = []

    def _reported(self, response: Any, ids: Sequence[str]) -> list[str]:
        return failures(response, ids) if self.settings.partial_responses else []

    def _bury(self, now: float) -> None:
        """A message received so often without being deleted goes to the dead letters."""
        limit = self.settings.receives_max
        for message in list(self.messages):
            if limit and message.visible_at <= now and message.receives >= limit:
                self.messages.remove(message)
                self.dead.append(message)


def _messages(batch: Sequence[Message]) -> Iterator[Json]:
    for one in batch:
        yield {
            "messageId": one.id,
            "receiptHandle": f"{one.id}/{one.receives}",
            "body": one.body,
            "attributes": {
                "ApproximateReceiveCount": str(one.receives),
                "SentTimestamp": str(int(one.sent * 1000)),
                "SenderId": "AROAEXAMPLE:receive",
                "ApproximateFirstReceiveTimestamp": str(int(one.sent * 1000)),
            },
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(one.body.encode()).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": QUEUE_ARN,
            "awsRegion": "us-east-1",
        }

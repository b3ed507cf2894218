"""Kinesis event source mappings as AWS runs them.

One reader for each shard, retries, bisecting, and the batch that cannot be processed kept in S3
with its payload. The emulator's own mapping loses what a handler reports as failed, blocks for
ever on a poison record, and lets one slow handler stop all others.
"""

import base64
import contextvars
import json
import os
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass
class ShardReader:
    """How far a mapping has read a shard; the stack holds the batches to do, the next on top."""

    position: int
    stack: list[tuple[int, int, int]] = field(default_factory=list)  # start, end, tries so far
    busy: bool = False


class KinesisMappings:
    """Takes the place of the emulator's poller, which calls `poll` all the time."""

    def __init__(self, functions: Any, streams: Any) -> None:
        self.functions, self.streams = functions, streams
        self.readers: dict[tuple[str, str], ShardReader] = {}
        self.lock = threading.Lock()

    def poll(self) -> bool:
        """Start a reader wherever records wait. False: nothing was read in this thread."""
        for account, region, mapping in self.functions._iter_all_esms():
            if mapping.get("Enabled", True) and ":kinesis:" in mapping.get("EventSourceArn", ""):
                scope = contextvars.copy_context()
                scope.run(self._poll_mapping, account, region, mapping)
        return False

    def _poll_mapping(self, account: str, region: str, mapping: dict[str, Any]) -> None:
        self.functions._request_account_id.set(account)
        self.functions._request_region.set(region)
        function, _ = self.functions._get_func_record_for_qualifier(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        source = self.functions.parse_arn(mapping["EventSourceArn"])
        name = self.functions._kinesis_stream_name_from_arn_spec(source)
        stream = self.streams._streams.get_scoped(source.account_id, source.region, name)
        if function is None or not stream or stream["StreamStatus"] != "ACTIVE":
            return
        for shard_id, shard in list(stream["shards"].items()):
            reader = self._reader(mapping, shard_id, shard)
            with self.lock:
                waiting = reader.stack or reader.position < len(shard["records"])
                if reader.busy or not waiting:
                    continue
                reader.busy = True
            scope = contextvars.copy_context()
            threading.Thread(
                target=scope.run,
                daemon=True,
                args=(self._read, reader, mapping, function, shard_id, shard["records"]),
            ).start()

    def _reader(self, mapping: dict[str, Any], shard_id: str, shard: dict[str, Any]) -> ShardReader:
        from_start = mapping.get("StartingPosition") == "TRIM_HORIZON"
        return self.readers.setdefault(
            (mapping["UUID"], shard_id), ShardReader(0 if from_start else len(shard["records"]))
        )

    def _read(
        self,
        reader: ShardReader,
        mapping: dict[str, Any],
        function: Any,
        shard_id: str,
        records: list[dict[str, Any]],
    ) -> None:
        """Hand one batch to the function and decide what comes next."""
        try:
            if not reader.stack:
                end = min(len(records), reader.position + mapping.get("BatchSize", 100))
                reader.stack.append((reader.position, end, 0))
            start, end, tries = reader.stack.pop()
            event = {"Records": [self._event(mapping, shard_id, r) for r in records[start:end]]}
            result = self.functions._execute_function(function, event)
            failed = first_failure(mapping, result, records[start:end])
            if failed is None:
                reader.position = end
                mapping["LastProcessingResult"] = f"OK - {end - start} records"
                return
            mapping["LastProcessingResult"] = "FAILED"
            reader.position = start + failed
            if failed:  # what is below the lowest number that failed is done; the rest comes again
                reader.stack.append((start + failed, end, 0))
                return
            self._again(reader, mapping, shard_id, records, end, tries)
        finally:
            reader.busy = False
            self.functions._esm_wake.set()

    def _again(
        self,
        reader: ShardReader,
        mapping: dict[str, Any],
        shard_id: str,
        records: list[dict[str, Any]],
        end: int,
        tries: int,
    ) -> None:
        """Halve a failed batch, or try it again, or give it up to the on-failure destination."""
        start = reader.position
        tries_max = mapping.get("MaximumRetryAttempts")
        age_max = mapping.get("MaximumRecordAgeInSeconds") or -1
        age = time.time() - float(records[start]["ApproximateArrivalTimestamp"])
        if end - start > 1 and mapping.get("BisectBatchOnFunctionError"):
            middle = (start + end) // 2
            reader.stack += [(middle, end, 0), (start, middle, 0)]
        elif 0 < age_max < age:
            self._give_up(mapping, shard_id, records[start:end], "RecordAgeExceeded", tries)
            reader.position = end
        elif tries_max is not None and 0 <= tries_max <= tries:
            self._give_up(mapping, shard_id, records[start:end], "RetryAttemptsExhausted", tries)
            reader.position = end
        else:
            reader.stack.append((start, end, tries + 1))
            time.sleep(min(2.0, 0.1 * 2**tries))

    def _give_up(
        self,
        mapping: dict[str, Any],
        shard_id: str,
        records: list[dict[str, Any]],
        condition: str,
        tries: int,
    ) -> None:
        """Keep the batch in S3, where AWS puts it: metadata, and the event itself as `payload`."""
        on_failure = (mapping.get("DestinationConfig") or {}).get("OnFailure") or {}
        destination = on_failure.get("Destination", "")
        if not destination.startswith("arn:aws:s3:::"):
            return
        now = datetime.now(UTC)
        event = {"Records": [self._event(mapping, shard_id, record) for record in records]}
        document = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": mapping.get("FunctionArn", mapping["FunctionName"]),
                "condition": condition,
                "approximateInvokeCount": tries + 1,
            },
            "version": "1.0",
            "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "KinesisBatchInfo": {
                "shardId": shard_id,
                "startSequenceNumber": records[0]["SequenceNumber"],
                "endSequenceNumber": records[-1]["SequenceNumber"],
                "batchSize": len(records),
                "streamArn": mapping["EventSourceArn"],
            },
            "payload": json.dumps(event),
        }
        stamp = f"{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        key = f"aws/lambda/{mapping['UUID']}/{shard_id}/{stamp}"
        _s3().put_object(
            Bucket=destination.removeprefix("arn:aws:s3:::"), Key=key, Body=json.dumps(document)
        )

    def _event(
        self, mapping: dict[str, Any], shard_id: str, record: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": _base64(record["Data"]),
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "awsRegion": mapping["EventSourceArn"].split(":")[3],
            "eventSourceARN": mapping["EventSourceArn"],
        }


def first_failure(
    mapping: dict[str, Any], result: dict[str, Any], records: list[dict[str, Any]]
) -> int | None:
    """Index of the first record to deliver again; None when all were taken."""
    if result.get("error"):
        return 0
    body = result.get("body")
    if isinstance(body, str) and body.startswith("{"):
        body = json.loads(body)
    if not isinstance(body, dict) or "ReportBatchItemFailures" not in (
        mapping.get("FunctionResponseTypes") or []
    ):
        return None
    listed = body.get("batchItemFailures")
    if not listed:
        return None
    if not isinstance(listed, list):
        return 0
    named = {item.get("itemIdentifier") if isinstance(item, dict) else None for item in listed}
    numbers = [record["SequenceNumber"] for record in records]
    # One that names nothing of the batch: all of it failed.
    return min(map(numbers.index, named)) if named <= set(numbers) else 0


def _base64(data: str | bytes) -> str:
    """The emulator keeps what it was sent: base64 text by the JSON protocol, else bytes."""
    if isinstance(data, bytes):
        return base64.b64encode(data).decode()
    try:
        base64.b64decode(data, validate=True)
    except ValueError:
        return base64.b64encode(data.encode()).decode()
    return data


def _s3() -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        region_name="us-east-1",
        aws_access_key_id=os.environ["MINISTACK_ACCOUNT_ID"],
        aws_secret_access_key="local",
    )

"""The emulator as we run it: what the patches change, seen from outside."""

import io
import json
import socket
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.ports import LocalPorts
from local import context as at
from local.context import Context
from local.emulator import with_cookies, with_error_type
from local.processes import Processes
from local.system import start_emulator

# Takes records that are JSON; a poison one kills the batch; what was taken goes to a bucket.
HANDLER = """
import base64, json, os, boto3
def handler(event, context):
    taken = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    s3 = boto3.client("s3")
    if "poison" in taken:
        raise ValueError("cannot take this")
    for one in taken:
        s3.put_object(Bucket="taken", Key=one, Body=b"")
    return {"batchItemFailures": []}
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        context = Context(replace(LocalPorts.at(0), emulator=probe.getsockname()[1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(at, "HOME", tmp_path_factory.mktemp("demarc"))
        with Processes(context.directory / "log") as processes:
            start_emulator(context, processes)
            yield context


@pytest.mark.emulator
def test_a_poison_record_ends_in_s3_with_its_payload_and_stops_nobody_else(
    emulator: Context,
) -> None:
    stream = deploy_consumer(emulator)
    names = [f"record-{number}" for number in range(9)] + ["poison"]
    names.insert(4, names.pop())

    emulator.client("kinesis").put_records(
        StreamName=stream,
        Records=[{"Data": name.encode(), "PartitionKey": "one"} for name in names],
    )

    s3 = emulator.client("s3")
    taken = eventually(lambda: keys(s3, "taken"), 9)
    [lost] = eventually(lambda: keys(s3, "lost"), 1)
    kept = json.loads(s3.get_object(Bucket="lost", Key=lost)["Body"].read())
    assert sorted(taken) == sorted(set(names) - {"poison"})
    assert kept["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert kept["KinesisBatchInfo"]["batchSize"] == 1
    assert len(json.loads(kept["payload"])["Records"]) == 1


@pytest.mark.emulator
def test_it_listens_on_loopback_only(emulator: Context) -> None:
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    port = f"{emulator.ports.emulator:04X}"
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}

    assert {a for a in addresses if a.endswith(f":{port}")} == {f"0100007F:{port}"}


def test_an_event_of_payload_two_carries_its_cookies_as_a_list() -> None:
    seen: list[dict[str, Any]] = []
    execute = with_cookies(lambda function, event: seen.append(event))

    execute("f", {"version": "2.0", "headers": {"cookie": "a=1; b=2"}})
    execute("f", {"Records": []})

    assert seen == [
        {"version": "2.0", "headers": {"cookie": "a=1; b=2"}, "cookies": ["a=1", "b=2"]},
        {"Records": []},
    ]


def test_an_error_bears_the_name_of_its_class() -> None:
    log = (
        'Traceback (most recent call last):\n  File "x"\nbilling.core.errors.RunNotFound: no run\n'
    )
    execute = with_error_type(
        lambda function, event: {
            "error": True,
            "body": {"errorType": "Runtime.HandlerError"},
            "log": log,
        }
    )

    assert execute("f", {})["body"]["errorType"] == "RunNotFound"


def deploy_consumer(emulator: Context) -> str:
    """A stream and a function that reads it as ours do: bisecting, two retries, S3 at the end."""
    s3, functions = emulator.client("s3"), emulator.client("lambda")
    for bucket in ("taken", "lost"):
        s3.create_bucket(Bucket=bucket)
    emulator.client("kinesis").create_stream(StreamName="usage", ShardCount=1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("consume.py", HANDLER)
    functions.create_function(
        FunctionName="consume",
        Runtime="python3.11",
        Handler="consume.handler",
        Role=role_that_may(emulator, "s3:PutObject"),
        Code={"ZipFile": packed.getvalue()},
        Timeout=10,
    )
    functions.create_event_source_mapping(
        FunctionName="consume",
        EventSourceArn=f"arn:aws:kinesis:{at.REGION}:{at.ACCOUNT}:stream/usage",
        StartingPosition="TRIM_HORIZON",
        BatchSize=100,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::lost"}},
    )
    return "usage"


def role_that_may(emulator: Context, *actions: str) -> str:
    """Roles are enforced: a function without the right one fails here as it would on AWS."""
    iam = emulator.client("iam")
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    role = iam.create_role(RoleName="consume", AssumeRolePolicyDocument=document(trust))["Role"]
    iam.put_role_policy(RoleName="consume", PolicyName="own", PolicyDocument=document(allowed))
    return role["Arn"]


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def keys(s3: Any, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def eventually(look: Any, count: int, seconds: float = 20) -> list[str]:
    """What is seen once there is so much of it."""
    deadline = time.monotonic() + seconds
    while len(seen := look()) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(seen) == count
    return seen

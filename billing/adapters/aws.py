"""Clients of AWS services. boto3 makes them at run time and ships no types: they are Any."""

from functools import cache
from typing import Any, cast

import boto3  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import ClientError


@cache
def client(service: str) -> Any:
    """The process's one client, e.g. of "s3"; region and endpoint from the environment."""
    return cast("Any", boto3).client(service)


def code_of(error: ClientError) -> str:
    """The service's code of an error, e.g. "ExecutionAlreadyExists"."""
    return str(cast("Any", error.response)["Error"]["Code"])


def message_of(error: ClientError) -> str:
    """What the service says of an error, to people."""
    return str(cast("Any", error.response)["Error"].get("Message", error))

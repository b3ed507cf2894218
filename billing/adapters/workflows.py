"""Starting a workflow under a name, so that asking twice starts it once."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from billing.adapters import aws


def running(machine_arn: str, begins: str) -> set[str]:
    """Names of the executions that run now and begin so. One just started may not show yet."""
    pages = aws.client("stepfunctions").get_paginator("list_executions")
    return {
        one["name"]
        for page in pages.paginate(stateMachineArn=machine_arn, statusFilter="RUNNING")
        for one in page["executions"]
        if one["name"].startswith(begins)
    }


def start_execution(machine_arn: str, name: str, payload: Mapping[str, Any]) -> bool:
    """Start the machine once under this name. False: the name is taken, so it was started before.

    Asking again while it runs with the same input is answered with the running one. A name stays
    taken for 90 days after its execution ended; a wanted repeat needs the next attempt's name.
    Uniqueness of what the machine does rests on its data, never on the name.
    """
    try:
        aws.client("stepfunctions").start_execution(
            stateMachineArn=machine_arn, name=name, input=json.dumps(payload, sort_keys=True)
        )
    except ClientError as error:
        if aws.code_of(error) != "ExecutionAlreadyExists":
            raise
        return False
    return True

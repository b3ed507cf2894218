"""A workflow is started once under its name."""

import json

import boto3

from billing.adapters.workflows import start_execution

DEFINITION = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


def test_an_execution_asked_for_twice_is_started_once(aws):
    client = boto3.client("stepfunctions")
    arn = client.create_state_machine(
        name="prepare", definition=DEFINITION, roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]

    assert start_execution(arn, "cycle-01-2026-10-01-1", {"attempt": 1}) is True
    start_execution(arn, "cycle-01-2026-10-01-1", {"attempt": 1})  # while it runs: the same one
    assert start_execution(arn, "cycle-01-2026-10-01-1", {"attempt": 2}) is False
    assert len(client.list_executions(stateMachineArn=arn)["executions"]) == 1

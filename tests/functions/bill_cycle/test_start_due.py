"""Which cycles are due is what the data says; asking every hour starts each one once."""

import json
import os

import boto3
import pytest
import time_machine

from functions.bill_cycle import open_run, start_due
from tests.functions.bill_cycle.world import Context, at, new_customer, prepare

pytestmark = pytest.mark.usefixtures("isp")
SCHEDULED = {"version": "0", "detail-type": "Scheduled Event", "detail": {}}


def asked() -> list[str]:
    return start_due.lambda_handler(dict(SCHEDULED), Context())["started"]


def executions() -> dict[str, dict]:
    client = boto3.client("stepfunctions")
    found = client.list_executions(stateMachineArn=os.environ["PREPARE_MACHINE_ARN"])
    return {
        one["name"]: json.loads(
            client.describe_execution(executionArn=one["executionArn"])["input"]
        )
        for one in found["executions"]
    }


def test_a_cycle_that_ended_and_has_no_run_is_started():
    new_customer("Ada", anchor=1)
    new_customer("Ben", anchor=15)

    # 34 hours after midnight of 1 November in Dublin; the 15th's period ended on 15 October.
    assert asked() == ["cycle-01-2026-10-01-34", "cycle-15-2026-09-15-443"]
    assert executions()["cycle-01-2026-10-01-34"] == {
        "cycle": {"anchor": 1, "period": "2026-10-01"},
        "attempt": 34,
        "actor": "system:bill-cycle",
        "supplementary": False,
    }


def test_a_cycle_without_accounts_is_not_started():
    assert asked() == []


def test_a_cycle_that_has_a_run_is_left_alone():
    new_customer("Ada")
    prepare()

    assert asked() == []


def test_a_preparation_that_died_is_started_again_when_it_cannot_be_running_any_more():
    new_customer("Ada")
    (started,) = asked()
    open_run.lambda_handler(executions()[started], Context())

    with time_machine.travel(at("2026-11-02 14:30")):
        assert asked() == []
    with time_machine.travel(at("2026-11-02 15:30")):
        assert asked() == ["cycle-01-2026-10-01-40"]


def test_the_same_hour_asked_twice_starts_one_execution():
    new_customer("Ada")

    asked()
    asked()

    assert len(executions()) == 1

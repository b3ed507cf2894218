"""The two state machines: their order, their patience, and that nobody is waited for."""

import json
from typing import Any

import pytest

from billing.config import load_isp
from tests.infra.conftest import Templates, of_type


def machine(templates: Templates, name: str) -> dict[str, Any]:
    [properties] = [
        resource["Properties"]
        for id, resource in of_type(templates, "AWS::StepFunctions::StateMachine").items()
        if name in id
    ]
    parts = properties["DefinitionString"]["Fn::Join"][1]
    return json.loads("".join(part if isinstance(part, str) else "reference" for part in parts))


def order(definition: dict[str, Any]) -> list[str]:
    """The states from first to last; choices are left by their default."""
    states, name = [], definition["StartAt"]
    while name:
        state = definition["States"][name]
        if state["Type"] != "Choice":
            states.append(name)
        name = state.get("Next") or state.get("Default")
    return states


def tasks(definition: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for state in definition["States"].values():
        if state["Type"] == "Map":
            found += tasks(state["ItemProcessor"])
        elif state["Type"] == "Task":
            found.append(state)
    return found


def test_prepare_opens_a_run_drafts_each_partition_and_compares(templates: Templates) -> None:
    assert order(machine(templates, "Prepare")) == ["OpenRun", "Draft", "Compare"]


def test_issue_numbers_before_it_issues_and_sends_at_the_end(templates: Templates) -> None:
    assert order(machine(templates, "Issue")) == [
        "Freeze",
        "Number",
        "IssueAll",
        "Collect",
        "CloseRun",
        "Deliver",
    ]


def test_a_state_that_walks_a_long_list_is_invoked_again_until_it_is_done(
    templates: Templates,
) -> None:
    states = machine(templates, "Issue")["States"]

    for name in ("Freeze", "Collect", "CloseRun"):
        [choice] = states[states[name]["Next"]]["Choices"]
        assert choice == {"Variable": "$.at", "IsPresent": True, "Next": name}


@pytest.mark.parametrize(("name", "map_state"), [("Prepare", "Draft"), ("Issue", "IssueAll")])
def test_each_partition_of_the_plan_in_s3_is_a_child_of_a_distributed_map(
    name: str, map_state: str, prod: Templates
) -> None:
    state = machine(prod, name)["States"][map_state]

    assert state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert state["ItemReader"]["Resource"].endswith("s3:getObject")
    assert state["ItemReader"]["Parameters"]["Key.$"] == "$.partitions.key"
    assert state["MaxConcurrency"] == load_isp().cycles.max_concurrency
    assert state["ResultPath"] is None
    assert "ItemBatcher" not in state
    assert "ResultWriter" not in state


def test_throttling_is_waited_out_and_nobody_is_waited_for(templates: Templates) -> None:
    for name in ("Prepare", "Issue"):
        for task in tasks(machine(templates, name)):
            busy, crashed = task["Retry"]
            assert "Lambda.TooManyRequestsException" in busy["ErrorEquals"]
            assert busy["MaxAttempts"] >= 8
            assert crashed["ErrorEquals"] == ["States.TaskFailed"]
            assert "waitForTaskToken" not in task["Resource"]


def test_an_account_parked_by_an_unforeseen_fault_raises_an_alarm(templates: Templates) -> None:
    [alarm] = [
        one["Properties"]
        for one in of_type(templates, "AWS::CloudWatch::Alarm").values()
        if one["Properties"].get("MetricName") == "AccountParkedUnexpectedly"
    ]
    [drafting] = [
        one["Properties"]["Environment"]["Variables"]
        for id, one in of_type(templates, "AWS::Lambda::Function").items()
        if "DraftPartition" in id
    ]

    assert alarm["Namespace"] == drafting.get("POWERTOOLS_METRICS_NAMESPACE", "Demarc")
    [dimension] = alarm["Dimensions"]
    assert dimension == {"Name": "service", "Value": drafting["POWERTOOLS_SERVICE_NAME"]}
    assert alarm["Threshold"] == 0
    assert len(alarm["AlarmActions"]) == 1

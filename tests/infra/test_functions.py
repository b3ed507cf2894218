"""What every function must have, and that what it names exists."""

from importlib import import_module

from infra.review.words import words
from tests.infra.conftest import Templates, of_type, properties


def ours(templates: Templates) -> dict[str, dict]:
    functions = of_type(templates, "AWS::Lambda::Function")
    return {
        id: function["Properties"]
        for id, function in functions.items()
        if function["Properties"].get("Handler", "").startswith("functions.")
    }


def test_every_handler_can_be_imported(templates: Templates) -> None:
    for function in ours(templates).values():
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(import_module(module), name)), function["Handler"]


def test_every_function_has_a_role_of_its_own(templates: Templates) -> None:
    roles = [str(function["Role"]) for function in ours(templates).values()]

    assert len(roles) == len(set(roles)) == 18


def test_every_function_says_how_long_it_may_take_and_is_traced(templates: Templates) -> None:
    for id, function in ours(templates).items():
        assert function["Timeout"] <= 600, id
        assert function["MemorySize"] >= 512, id
        assert function["TracingConfig"] == {"Mode": "Active"}, id
        assert function["LoggingConfig"]["LogGroup"], id


def test_all_functions_are_one_asset_of_our_code(templates: Templates) -> None:
    assert len({str(function["Code"]) for function in ours(templates).values()}) == 1


def test_every_function_knows_the_tables_the_bucket_and_the_stage(templates: Templates) -> None:
    for id, function in ours(templates).items():
        assert {
            "USAGE_TABLE",
            "LEDGER_TABLE",
            "ACCOUNTS_TABLE",
            "DOCUMENTS_BUCKET",
            "STAGE",
            "POWERTOOLS_SERVICE_NAME",
            "POWERTOOLS_METRICS_NAMESPACE",
        } <= function["Environment"]["Variables"].keys(), id


def test_nothing_of_the_template_is_a_secret_in_clear(templates: Templates) -> None:
    for id, function in ours(templates).items():
        for name, value in function["Environment"]["Variables"].items():
            if name.endswith("SECRET"):
                assert value == "" or "Fn::GetStackOutput" in value, f"{id} {name}"


def test_a_message_stays_hidden_for_six_times_the_consumers_timeout(templates: Templates) -> None:
    queues = of_type(templates, "AWS::SQS::Queue")
    functions = ours(templates)
    mappings = of_type(templates, "AWS::Lambda::EventSourceMapping").values()
    checked = 0
    for mapping in mappings:
        source = mapping["Properties"]["EventSourceArn"].get("Fn::GetAtt", [""])[0]
        if source in queues:
            function = functions[mapping["Properties"]["FunctionName"]["Ref"]]
            hidden = queues[source]["Properties"]["VisibilityTimeout"]
            assert hidden >= 6 * function["Timeout"]
            assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            checked += 1
    assert checked == 2


def test_live_usage_is_retried_halved_and_at_last_kept_with_its_payload(prod: Templates) -> None:
    [mapping] = [
        mapping["Properties"]
        for mapping in of_type(prod, "AWS::Lambda::EventSourceMapping").values()
        if "BisectBatchOnFunctionError" in mapping["Properties"]
    ]

    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 5
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "Archive" in str(mapping["DestinationConfig"]["OnFailure"]["Destination"])


def test_every_queue_gives_up_after_five_times_to_one_that_keeps_it_for_two_weeks(
    templates: Templates,
) -> None:
    queues = properties(templates, "AWS::SQS::Queue")
    gives_up_to = {
        id[:-8]: words(queue["RedrivePolicy"]["deadLetterTargetArn"])
        for id, queue in queues.items()
        if "RedrivePolicy" in queue
    }

    assert gives_up_to == {
        "IngestUsageRecycle": "<IngestUsageRecycleDead.Arn>",
        "PaymentsWebhookEvents": "<PaymentsWebhookEventsDead.Arn>",
    }
    for id, queue in queues.items():
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600, id
        if "RedrivePolicy" in queue:
            assert queue["RedrivePolicy"]["maxReceiveCount"] == 5, id


def test_what_nobody_waits_for_is_kept_when_it_fails(templates: Templates) -> None:
    functions = {f"<{id[:-8]}.Arn>": one for id, one in ours(templates).items()}
    schedules = properties(templates, "AWS::Scheduler::Schedule").values()
    by_the_clock = {words(schedule["Target"]["Arn"]) for schedule in schedules}

    assert by_the_clock == {
        name
        for name, function in functions.items()
        if words(function.get("DeadLetterConfig", {}).get("TargetArn", "")) == "<Missed.Arn>"
    }
    # Other than by the clock, functions are invoked by a door, a state machine or an event source,
    # which wait for the answer; and no bucket, topic or rule of the account sends them events.
    invokers = {
        permission["Principal"]
        for permission in properties(templates, "AWS::Lambda::Permission").values()
    }
    assert invokers == {"apigateway.amazonaws.com"}


def test_a_flood_at_a_door_or_in_a_queue_leaves_the_others_their_turn(
    templates: Templates,
) -> None:
    at_once_max = {
        id[:-8]: one["ReservedConcurrentExecutions"]
        for id, one in ours(templates).items()
        if "ReservedConcurrentExecutions" in one
    }
    mappings = properties(templates, "AWS::Lambda::EventSourceMapping").values()
    readers_max = sorted(
        one["ScalingConfig"]["MaximumConcurrency"] for one in mappings if "ScalingConfig" in one
    )

    assert at_once_max == {
        "PortalApiCustomer": 100,
        "PortalApiStaff": 50,
        "PaymentsWebhookReceive": 50,
    }
    assert sum(at_once_max.values()) <= 1000 - 100  # an account's usual, but what AWS keeps free
    assert readers_max == [5, 10]


def test_the_only_way_to_a_function_from_outside_is_its_door(templates: Templates) -> None:
    assert not of_type(templates, "AWS::Lambda::Url")
    for id, permission in properties(templates, "AWS::Lambda::Permission").items():
        assert words(permission["SourceArn"]).startswith("arn:aws:execute-api:"), id

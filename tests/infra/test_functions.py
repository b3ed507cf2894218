"""What every function must have, and that what it names exists."""

from importlib import import_module

import pytest

from tests.infra.conftest import Templates, of_type


def ours(templates: Templates) -> dict[str, dict]:
    functions = of_type(templates, "AWS::Lambda::Function")
    return {
        id: function["Properties"]
        for id, function in functions.items()
        if function["Properties"].get("Handler", "").startswith("functions.")
    }


def test_every_handler_can_be_imported(templates: Templates) -> None:
    for properties in ours(templates).values():
        module, _, function = properties["Handler"].rpartition(".")
        assert callable(getattr(import_module(module), function)), properties["Handler"]


def test_every_function_has_a_role_of_its_own(templates: Templates) -> None:
    roles = [str(properties["Role"]) for properties in ours(templates).values()]

    assert len(roles) == len(set(roles)) == 18


def test_every_function_says_how_long_it_may_take_and_is_traced(templates: Templates) -> None:
    for id, properties in ours(templates).items():
        assert properties["Timeout"] <= 600, id
        assert properties["MemorySize"] >= 512, id
        assert properties["TracingConfig"] == {"Mode": "Active"}, id
        assert properties["LoggingConfig"]["LogGroup"], id


def test_all_functions_are_one_asset_of_our_code(templates: Templates) -> None:
    assert len({str(properties["Code"]) for properties in ours(templates).values()}) == 1


def test_every_function_knows_the_tables_the_bucket_and_the_stage(templates: Templates) -> None:
    for id, properties in ours(templates).items():
        assert {
            "USAGE_TABLE",
            "LEDGER_TABLE",
            "ACCOUNTS_TABLE",
            "DOCUMENTS_BUCKET",
            "STAGE",
            "POWERTOOLS_SERVICE_NAME",
            "POWERTOOLS_METRICS_NAMESPACE",
        } <= properties["Environment"]["Variables"].keys(), id


def test_nothing_of_the_template_is_a_secret_in_clear(templates: Templates) -> None:
    for id, properties in ours(templates).items():
        for name, value in properties["Environment"]["Variables"].items():
            if name.endswith("SECRET"):
                assert value == "" or "Fn::GetStackOutput" in value, f"{id} {name}"


@pytest.mark.parametrize("stage", ["local", "prod"])
def test_a_message_stays_hidden_for_six_times_the_consumers_timeout(
    stage: str, request: pytest.FixtureRequest
) -> None:
    templates: Templates = request.getfixturevalue(stage)
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


def test_every_queue_gives_up_to_a_queue_somebody_is_told_about(templates: Templates) -> None:
    queues = of_type(templates, "AWS::SQS::Queue")
    dead = {
        queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for queue in queues.values()
        if "RedrivePolicy" in queue["Properties"]
    }
    watched = str([a["Properties"] for a in of_type(templates, "AWS::CloudWatch::Alarm").values()])

    assert len(dead) == 2
    assert len(queues) == 4
    for queue in dead:
        assert queue in watched

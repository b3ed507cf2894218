"""Whatever is lost, stuck or late is told to a person."""

from billing.config import ROOT
from infra.ingest_usage import STALE
from infra.review.words import words
from tests.infra.conftest import Templates, properties


def alarms(templates: Templates) -> dict[str, dict]:
    return properties(templates, "AWS::CloudWatch::Alarm")


def test_every_alarm_says_what_is_wrong_and_goes_to_the_topic(templates: Templates) -> None:
    [topic] = properties(templates, "AWS::SNS::Topic")

    for id, alarm in alarms(templates).items():
        assert alarm["AlarmActions"] == [{"Ref": topic}], id
        assert alarm.get("ActionsEnabled", True) is True, id
        assert len(alarm["AlarmDescription"].split()) >= 4, id
        assert alarm["TreatMissingData"] == "notBreaching", id


def test_the_topic_takes_alarms_and_somebody_reads_them(prod: Templates) -> None:
    [policy] = properties(prod, "AWS::SNS::TopicPolicy").values()
    allowed = [
        (one["Principal"], one["Action"], one["Condition"])
        for one in policy["PolicyDocument"]["Statement"]
        if one["Effect"] == "Allow"
    ]
    [subscription] = properties(prod, "AWS::SNS::Subscription").values()

    assert allowed == [
        (
            {"Service": "cloudwatch.amazonaws.com"},
            "sns:Publish",
            {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        )
    ]
    assert subscription["Protocol"] == "email"
    assert subscription["Endpoint"] == "operations@meridian.example"


def test_the_first_dead_letter_is_told(templates: Templates) -> None:
    queues = properties(templates, "AWS::SQS::Queue")
    watched = {
        words(alarm["Dimensions"][0]["Value"]).strip("<>").removesuffix(".QueueName")
        for alarm in alarms(templates).values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        and alarm["Threshold"] == 0
        and alarm["ComparisonOperator"] == "GreaterThanThreshold"
    }
    dead = {id[:-8] for id, queue in queues.items() if "RedrivePolicy" not in queue}

    assert watched == dead == {"IngestUsageRecycleDead", "PaymentsWebhookEventsDead", "Missed"}


def test_usage_that_is_late_or_given_up_is_told(templates: Templates) -> None:
    of_ingest = {
        alarm["MetricName"]: alarm
        for id, alarm in alarms(templates).items()
        if id.startswith("IngestUsage")
    }
    [mapping] = [
        one
        for one in properties(templates, "AWS::Lambda::EventSourceMapping").values()
        if "BisectBatchOnFunctionError" in one
    ]

    age = of_ingest["IteratorAge"]
    assert (age["Threshold"], age["Statistic"]) == (STALE.to_milliseconds(), "Maximum")
    assert STALE.to_minutes() <= 15
    for metric in ("OnFailureDestinationDeliveredEventCount", "DroppedEventCount"):
        assert of_ingest[metric]["Threshold"] == 0
        assert of_ingest[metric]["Dimensions"][0]["Name"] == "EventSourceMappingUUID"
    assert mapping["MetricsConfig"] == {"Metrics": ["EventCount"]}  # or there is nothing to count


def test_every_function_that_the_clock_starts_and_every_machine_is_watched_for_failure(
    templates: Templates,
) -> None:
    started = {
        words(one["Target"]["Arn"])
        for one in properties(templates, "AWS::Scheduler::Schedule").values()
    }
    machines = {f"<{id[:-8]}>" for id in properties(templates, "AWS::StepFunctions::StateMachine")}
    watched = {
        words(alarm["Dimensions"][0]["Value"])
        for alarm in alarms(templates).values()
        if alarm.get("MetricName") in ("Errors", "ExecutionsFailed")
    }

    assert len(started) == 4
    assert {one.replace(".Arn", "") for one in started} | machines == watched


def test_whoever_gets_an_alarm_finds_its_sentence_in_the_operators_page(prod: Templates) -> None:
    page = (ROOT / "docs" / "operate.md").read_text()
    told = {alarm["AlarmDescription"] for alarm in alarms(prod).values()}

    assert told
    assert [sentence for sentence in told if f"| {sentence} |" not in page] == []

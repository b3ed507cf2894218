"""A queue as every function gets it: with a dead-letter queue, and somebody who is told."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, Metric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from constructs import Construct

from infra.stage import Stage


def work_queue(
    scope: Construct, id: str, *, stage: Stage, alarms: Topic, consumer_timeout: Duration
) -> Queue:
    """Delivered up to five times, then kept for a person, who is told.

    consumer_timeout  of the function that reads it: a message stays hidden for six times as long,
                      so that a throttled batch is not delivered twice at once (Lambda's rule)
    """
    dead = Queue(
        scope,
        f"{id}Dead",
        encryption=QueueEncryption.SQS_MANAGED,
        enforce_ssl=stage.tls_only,
        retention_period=Duration.days(14),
    )
    alarm(
        scope,
        f"{id}DeadAlarm",
        dead.metric_approximate_number_of_messages_visible(),
        alarms,
        f"Messages in {id} could not be handled and wait for a person",
    )
    return Queue(
        scope,
        id,
        encryption=QueueEncryption.SQS_MANAGED,
        enforce_ssl=stage.tls_only,
        visibility_timeout=Duration.seconds(6 * consumer_timeout.to_seconds()),
        retention_period=Duration.days(14),
        dead_letter_queue=DeadLetterQueue(queue=dead, max_receive_count=5),
    )


def alarm(
    scope: Construct, id: str, metric: Metric, alarms: Topic, what: str, *, above: float = 0
) -> Alarm:
    """Tell the operators as soon as one evaluation of the metric is above the bound."""
    made = Alarm(
        scope,
        id,
        metric=metric,
        threshold=above,
        evaluation_periods=1,
        alarm_description=what,
        comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
        treat_missing_data=TreatMissingData.NOT_BREACHING,
    )
    made.add_alarm_action(SnsAction(alarms))
    return made

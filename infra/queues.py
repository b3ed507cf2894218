"""A queue as every function gets it: with dead letters, an alarm, and somebody who is told."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from aws_cdk import Duration, Stack
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, Metric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from constructs import Construct

from infra.accepted import accept
from infra.stage import Stage


def work_queue(
    scope: Construct, id: str, *, stage: Stage, alarms: Topic, consumer_timeout: Duration
) -> Queue:
    """Delivered up to five times, then kept for a person, who is told.

    consumer_timeout  of the function that reads it: a message stays hidden for six times as long,
                      so that a throttled batch is not delivered twice at once (Lambda's rule)
    """
    return Queue(
        scope,
        id,
        encryption=QueueEncryption.SQS_MANAGED,
        enforce_ssl=stage.tls_only,
        visibility_timeout=Duration.seconds(6 * consumer_timeout.to_seconds()),
        retention_period=Duration.days(14),
        dead_letter_queue=DeadLetterQueue(
            queue=dead_letters(
                scope,
                f"{id}Dead",
                stage=stage,
                alarms=alarms,
                what=f"Messages in {id} could not be handled and wait for a person",
            ),
            max_receive_count=5,
        ),
    )


def dead_letters(scope: Construct, id: str, *, stage: Stage, alarms: Topic, what: str) -> Queue:
    """Where something waits for a person for two weeks, who is told at the first one."""
    dead = Queue(
        scope,
        id,
        encryption=QueueEncryption.SQS_MANAGED,
        enforce_ssl=stage.tls_only,
        retention_period=Duration.days(14),
    )
    accept(dead, "Serverless-SQSRedrivePolicy", "It is where others give up; a person empties it")
    alarm(scope, f"{id}Alarm", dead.metric_approximate_number_of_messages_visible(), alarms, what)
    return dead


def read_by(function: Function, queue: Queue, *, at_once_max: int) -> None:
    """Batches of ten, each message judged alone; never more than `at_once_max` batches at once."""
    function.add_event_source(
        SqsEventSource(
            queue, batch_size=10, max_concurrency=at_once_max, report_batch_item_failures=True
        )
    )
    accept(
        function,
        "Serverless-LambdaEventSourceMappingDestination",
        "A queue has no failure destination; what fails five times goes to its dead letters",
    )


def alarms_topic(scope: Construct, stage: Stage) -> Topic:
    """Where every alarm goes, and from there by mail to whoever operates the system."""
    topic = Topic(scope, "Alarms", enforce_ssl=stage.tls_only)
    # A topic with a policy of its own takes alarms only from whom the policy names.
    topic.add_to_resource_policy(
        PolicyStatement(
            actions=["sns:Publish"],
            principals=[ServicePrincipal("cloudwatch.amazonaws.com")],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    if stage.alarms_to:
        topic.add_subscription(EmailSubscription(stage.alarms_to))
        accept(
            topic,
            "Serverless-SNSRedrivePolicy",
            "A mail that could not be delivered is no loss: the alarm stays on in CloudWatch",
        )
    return topic


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

"""Usage comes in: live records by Kinesis, files and recycled ones by SQS; folded on a schedule."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from aws_cdk import Duration
from aws_cdk.aws_lambda import StartingPosition
from aws_cdk.aws_lambda_event_sources import (
    KinesisEventSource,
    S3OnFailureDestination,
    SqsEventSource,
)
from aws_cdk.aws_scheduler import Schedule, ScheduleExpression
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from aws_cdk.aws_sns import Topic
from constructs import Construct

from infra.data import Data
from infra.queues import alarm, work_queue
from infra.runtime import Runtime, billing_function

RECYCLED_TIMEOUT = Duration.seconds(60)
STALE = Duration.minutes(15)


class IngestUsage(Construct):
    """Every write may be repeated, so that a retried batch harms nobody."""

    def __init__(
        self, scope: Construct, id: str, *, runtime: Runtime, data: Data, alarms: Topic
    ) -> None:
        super().__init__(scope, id)
        keys = {"COLLECTOR_KEYS_SECRET": data.collector_keys_secret.secret_arn}

        self.live = billing_function(
            self,
            "Live",
            runtime,
            "functions.ingest_usage.live.lambda_handler",
            timeout=Duration.seconds(60),
            memory_size=1024,
            environment={**keys, "ARCHIVE_BUCKET": data.archive.bucket_name},
        )
        self.live.add_event_source(
            KinesisEventSource(
                data.stream,
                starting_position=StartingPosition.TRIM_HORIZON,
                batch_size=100,
                max_batching_window=Duration.seconds(5),
                report_batch_item_failures=True,
                bisect_batch_on_error=True,
                retry_attempts=5,
                max_record_age=Duration.days(1),
                on_failure=S3OnFailureDestination(data.archive),  # keeps the payload
            )
        )
        data.may_add(self.live, data.usage)
        data.may_put_batches(self.live, data.usage)
        data.may_read_secret(self.live, data.collector_keys_secret)
        alarm(
            self,
            "IteratorAge",
            self.live.metric("IteratorAge", statistic="max"),
            alarms,
            "Usage is read from the stream more than 15 minutes late",
            above=STALE.to_milliseconds(),
        )

        self.recycle_queue = work_queue(
            self, "Recycle", stage=runtime.stage, alarms=alarms, consumer_timeout=RECYCLED_TIMEOUT
        )
        self.recycled = billing_function(
            self,
            "Recycled",
            runtime,
            "functions.ingest_usage.recycled.lambda_handler",
            timeout=RECYCLED_TIMEOUT,
            environment=keys,
        )
        self.recycled.add_event_source(
            SqsEventSource(self.recycle_queue, batch_size=10, report_batch_item_failures=True)
        )
        data.may_read(self.recycled, data.usage)
        data.may_change(self.recycled, data.usage)
        data.may_put_batches(self.recycled, data.usage)
        data.may_read_secret(self.recycled, data.collector_keys_secret)

        self.fold = billing_function(
            self,
            "Fold",
            runtime,
            "functions.ingest_usage.fold.lambda_handler",
            timeout=Duration.minutes(10),
            memory_size=1024,
        )
        data.may_read(self.fold, data.usage)
        data.may_change(self.fold, data.usage)
        data.may_put_batches(self.fold, data.usage)
        Schedule(
            self,
            "EveryQuarter",
            target=LambdaInvoke(self.fold, retry_attempts=1),
            schedule=ScheduleExpression.rate(Duration.minutes(15)),
            description="Fold the usage of closed hours",
        )
        alarm(self, "FoldErrors", self.fold.metric_errors(), alarms, "Usage could not be folded")

"""Usage comes in: live records by Kinesis, files and recycled ones by SQS; folded on a schedule."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from typing import Any

import jsii
from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Metric
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_lambda import (
    DlqDestinationConfig,
    Function,
    IEventSourceDlq,
    MetricsConfig,
    MetricType,
    StartingPosition,
)
from aws_cdk.aws_lambda_event_sources import KinesisEventSource
from aws_cdk.aws_s3 import Bucket
from aws_cdk.aws_sns import Topic
from constructs import Construct

from infra.accepted import accept_path
from infra.data import Data
from infra.queues import alarm, read_by, work_queue
from infra.runtime import Runtime, billing_function
from infra.schedules import every

RECYCLED_TIMEOUT = Duration.seconds(60)
STALE = Duration.minutes(15)
SET_ASIDE = "aws/lambda/*"  # where Lambda puts batches that it gave up


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
        records = KinesisEventSource(
            data.stream,
            starting_position=StartingPosition.TRIM_HORIZON,
            batch_size=100,
            max_batching_window=Duration.seconds(5),
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            retry_attempts=5,
            max_record_age=Duration.days(1),
            on_failure=SetAside(data.archive),
            metrics_config=MetricsConfig(metrics=[MetricType.EVENT_COUNT]),
        )
        self.live.add_event_source(records)
        data.may_put(self.live, data.usage)
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
        for id, metric in (
            ("SetAside", "OnFailureDestinationDeliveredEventCount"),
            ("Dropped", "DroppedEventCount"),  # which could not even be set aside
        ):
            alarm(
                self,
                id,
                Metric(
                    namespace="AWS/Lambda",
                    metric_name=metric,
                    dimensions_map={"EventSourceMappingUUID": records.event_source_mapping_id},
                    statistic="Sum",
                ),
                alarms,
                "Usage could not be taken in: mend the fault, then send again what lies in the "
                "archive, or what the collectors still have",
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
        read_by(self.recycled, self.recycle_queue, at_once_max=5)
        data.may_read(self.recycled, data.usage)
        data.may_put(self.recycled, data.usage)
        data.may_put_batches(self.recycled, data.usage)
        data.may_read_secret(self.recycled, data.collector_keys_secret)

        self.fold = billing_function(
            self,
            "Fold",
            runtime,
            "functions.ingest_usage.fold.lambda_handler",
            timeout=Duration.minutes(10),
            memory_size=1024,
            scheduled=True,
        )
        data.may_read(self.fold, data.usage)
        data.may_put(self.fold, data.usage)
        data.may_put_batches(self.fold, data.usage)
        every(
            self,
            "EveryQuarter",
            Duration.minutes(15),
            self.fold,
            description="Fold the usage of closed hours",
            retry_attempts=1,
        )
        alarm(self, "FoldErrors", self.fold.metric_errors(), alarms, "Usage could not be folded")


@jsii.implements(IEventSourceDlq)
class SetAside:
    """Batches that could not be processed go to a bucket with their payload, and are only put.

    The CDK's own destination lets the function read and delete what lies there.
    """

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def bind(self, _target: Any, target_handler: Function) -> DlqDestinationConfig:
        target_handler.add_to_role_policy(
            PolicyStatement(
                actions=["s3:PutObject"], resources=[self.bucket.arn_for_objects(SET_ASIDE)]
            )
        )
        target_handler.add_to_role_policy(
            PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn])
        )
        accept_path(
            target_handler.role,
            f"<DataArchive.Arn>/{SET_ASIDE}",
            "Lambda names the batches that it sets aside in the archive, and only puts them",
        )
        return DlqDestinationConfig(destination=self.bucket.bucket_arn)

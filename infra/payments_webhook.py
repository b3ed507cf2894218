"""Payment events: verified and queued by one function, worked off by another; a third looks
after those that no event came for.
"""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from aws_cdk import Duration
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_sns import Topic
from constructs import Construct

from infra.data import Data
from infra.queues import alarm, read_by, work_queue
from infra.runtime import Runtime, billing_function
from infra.schedules import every

WORKER_TIMEOUT = Duration.seconds(60)


class PaymentsWebhook(Construct):
    """Events are hints in any order and number; the worker asks the processor what is true."""

    def __init__(
        self, scope: Construct, id: str, *, runtime: Runtime, data: Data, alarms: Topic
    ) -> None:
        super().__init__(scope, id)
        self.queue = work_queue(
            self, "Events", stage=runtime.stage, alarms=alarms, consumer_timeout=WORKER_TIMEOUT
        )
        processor = {
            "PROCESSOR_SECRET": data.processor_secret.secret_arn,
            "PROCESSOR_API_BASE": runtime.stage.processor_api_base,
        }

        self.receive = billing_function(
            self,
            "Receive",
            runtime,
            "functions.payments_webhook.receive.lambda_handler",
            timeout=Duration.seconds(10),
            at_once_max=50,
            environment={
                **processor,
                "PAYMENTS_QUEUE_URL": self.queue.queue_url,
                "ORIGIN_SECRET": data.origin_secret.secret_arn if runtime.stage.edge else "",
            },
        )
        data.may_read(self.receive, data.accounts)
        data.may_put(self.receive, data.accounts)
        data.may_read_secret(self.receive, data.processor_secret, data.origin_secret)
        self.queue.grant_send_messages(self.receive)

        self.worker = self._settler("Worker", "worker", WORKER_TIMEOUT, runtime, data, processor)
        # Ten at once stay below the processor's limit however many events it sends.
        read_by(self.worker, self.queue, at_once_max=10)

        self.janitor = self._settler(
            "Janitor", "janitor", Duration.minutes(5), runtime, data, processor, scheduled=True
        )
        every(
            self,
            "EveryTenMinutes",
            Duration.minutes(10),
            self.janitor,
            description="Ask the processor about payments that no webhook has settled",
        )
        alarm(
            self,
            "JanitorErrors",
            self.janitor.metric_errors(),
            alarms,
            "Payments whose webhooks were lost are not looked at",
        )

    def _settler(
        self,
        id: str,
        module: str,
        timeout: Duration,
        runtime: Runtime,
        data: Data,
        environment: dict[str, str],
        *,
        scheduled: bool = False,
    ) -> Function:
        """A function that asks the processor and posts what it says."""
        settler = billing_function(
            self,
            id,
            runtime,
            f"functions.payments_webhook.{module}.lambda_handler",
            timeout=timeout,
            environment=environment,
            scheduled=scheduled,
        )
        data.may_read(settler, data.accounts, data.ledger)
        data.may_put(settler, data.accounts, data.ledger)
        data.may_read_secret(settler, data.processor_secret)
        return settler

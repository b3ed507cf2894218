"""Payment events: verified and queued by one function, worked off by another."""

from aws_cdk import Duration
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from infra.data import Data
from infra.queues import work_queue
from infra.runtime import Runtime, billing_function

WORKER_TIMEOUT = Duration.seconds(60)


class PaymentsWebhook(Construct):
    """Events are hints in any order and number; the worker asks the processor what is true."""

    def __init__(
        self, scope: Construct, id: str, *, runtime: Runtime, data: Data, alarms: ITopic
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
            self, "Receive", runtime, "functions.payments_webhook.receive.lambda_handler",
            timeout=Duration.seconds(10),
            environment={
                **processor,
                "PAYMENTS_QUEUE_URL": self.queue.queue_url,
                "ORIGIN_SECRET": data.origin_secret.secret_arn if runtime.stage.edge else "",
            },
        )  # fmt: skip
        data.may_read(self.receive, data.accounts)
        data.may_add(self.receive, data.accounts)
        data.may_read_secret(self.receive, data.processor_secret, data.origin_secret)
        self.queue.grant_send_messages(self.receive)

        self.worker = billing_function(
            self, "Worker", runtime, "functions.payments_webhook.worker.lambda_handler",
            timeout=WORKER_TIMEOUT, environment=processor,
        )  # fmt: skip
        self.worker.add_event_source(
            SqsEventSource(self.queue, batch_size=10, report_batch_item_failures=True)
        )
        data.may_read(self.worker, data.accounts, data.ledger)
        data.may_change(self.worker, data.accounts)
        data.may_add(self.worker, data.ledger)
        data.may_read_secret(self.worker, data.processor_secret)

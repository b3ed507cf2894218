"""The stacks: what keeps data, what computes, and what faces the world."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from typing import Any

from aws_cdk import CfnOutput, Environment, Stack, Tags
from aws_cdk.aws_ses import EmailIdentity, Identity
from constructs import Construct

from billing.config import Isp
from infra.auth import Auth
from infra.bill_cycle import BillCycle
from infra.data import Data
from infra.edge import Collectors, Firewall, FrontDoor
from infra.ingest_usage import IngestUsage
from infra.payments_webhook import PaymentsWebhook
from infra.portal_api import PortalApi
from infra.queues import alarms_topic, dead_letters
from infra.runtime import Runtime, dependencies, our_code
from infra.stage import Stage

REQUESTS_PER_5_MINUTES = 2000  # of one address; a household behind one address stays far below


class DataStack(Stack):
    """Everything that must outlive a deployment."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage, **kwargs: Any) -> None:
        super().__init__(scope, id, termination_protection=stage.keeps_data, **kwargs)
        self.data = Data(self, "Data", stage=stage)
        self.auth = Auth(self, "Auth", stage=stage)
        data, auth = self.data, self.auth
        _outputs(
            self,
            {
                "UsageTable": data.usage.table_name,
                "LedgerTable": data.ledger.table_name,
                "AccountsTable": data.accounts.table_name,
                "DocumentsBucket": data.documents.bucket_name,
                "ArchiveBucket": data.archive.bucket_name,
                "UsageStream": data.stream.stream_name,
                "PayTokenSecret": data.pay_token_secret.secret_arn,
                "ProcessorSecret": data.processor_secret.secret_arn,
                "CollectorKeysSecret": data.collector_keys_secret.secret_arn,
                "StaffPool": auth.staff.user_pool_id,
                "StaffClient": auth.staff_client.user_pool_client_id,
                "CustomersPool": auth.customers.user_pool_id,
                "CustomersClient": auth.customers_client.user_pool_client_id,
            },
        )


class AppStack(Stack):
    """Everything that can be deployed again at any time."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        isp: Isp,
        data: Data,
        auth: Auth,
        bundle: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        alarms = alarms_topic(self, stage)
        runtime = Runtime(
            stage=stage,
            missed=dead_letters(
                self,
                "Missed",
                stage=stage,
                alarms=alarms,
                what="Scheduled work failed three times; the next one tries again, see the log",
            ),
            code=our_code(),
            layers=dependencies(self, stage, bundle=bundle),
            environment={
                "STAGE": stage.name,
                "USAGE_TABLE": data.usage.table_name,
                "LEDGER_TABLE": data.ledger.table_name,
                "ACCOUNTS_TABLE": data.accounts.table_name,
                "DOCUMENTS_BUCKET": data.documents.bucket_name,
                "POWERTOOLS_METRICS_NAMESPACE": "Demarc",
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_LOGGER_LOG_EVENT": "false",  # events hold personal data
            },
        )
        sender = EmailIdentity(self, "Sender", identity=Identity.email(isp.mail.sender))

        ingest_usage = IngestUsage(self, "IngestUsage", runtime=runtime, data=data, alarms=alarms)
        bill_cycle = BillCycle(
            self,
            "BillCycle",
            runtime=runtime,
            data=data,
            alarms=alarms,
            max_concurrency=isp.cycles.max_concurrency,
            sender_identity_arn=sender.email_identity_arn,
        )
        payments_webhook = PaymentsWebhook(
            self, "PaymentsWebhook", runtime=runtime, data=data, alarms=alarms
        )
        self.portal_api = PortalApi(
            self,
            "PortalApi",
            runtime=runtime,
            data=data,
            auth=auth,
            ingest_usage=ingest_usage,
            bill_cycle=bill_cycle,
            payments_webhook=payments_webhook,
        )
        _outputs(
            self,
            {
                "PortalUrl": stage.portal_url,
                "ConsoleUrl": stage.console_url,
                "PortalApiEndpoint": self.portal_api.portal.api_endpoint,
                "ConsoleApiEndpoint": self.portal_api.console.api_endpoint,
                "WebhookUrl": f"{stage.portal_url}/webhooks/stripe",
                "PrepareMachine": bill_cycle.prepare.state_machine_arn,
                "IssueMachine": bill_cycle.issue.state_machine_arn,
                "RecycleQueue": ingest_usage.recycle_queue.queue_url,
                "PaymentsQueue": payments_webhook.queue.queue_url,
                "LiveFunction": ingest_usage.live.function_name,
                "FoldFunction": ingest_usage.fold.function_name,
                "StartDueFunction": bill_cycle.start_due.function_name,
                "DeliverFunction": bill_cycle.deliver.function_name,
                "AlarmsTopic": alarms.topic_arn,
            },
        )


class EdgeStack(Stack):
    """CloudFront before portal and console, and the collectors' keys; not locally."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        data: Data,
        portal_api: PortalApi,
        firewall: Firewall,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        doors = {
            "Portal": (portal_api.portal, stage.portal_url),
            "Console": (portal_api.console, stage.console_url),
        }
        domains = {
            f"{name}Domain": FrontDoor(
                self,
                name,
                api=api,
                web_acl_arn=firewall.arn,
                origin_secret=data.origin_secret,
                access_logs=data.access_logs,
                address=address,
                certificate_arn=stage.certificate_arn,
            ).distribution.distribution_domain_name
            for name, (api, address) in doors.items()
        }
        collectors = Collectors(self, "Collectors", data=data)
        _outputs(
            self,
            {
                **domains,
                "CollectorAccessKeyId": collectors.access_key_id,
                "CollectorCredentialsSecret": collectors.secret.secret_arn,
            },
        )


def demarc(scope: Construct, stage: Stage, isp: Isp, *, bundle: bool = True) -> dict[str, Stack]:
    """All stacks of one ISP at one stage, by name."""
    prefix = f"Demarc-{stage.name}"
    here = Environment(account=stage.account, region=stage.region)
    data = DataStack(scope, f"{prefix}-Data", stage=stage, env=here)
    app = AppStack(
        scope,
        f"{prefix}-App",
        stage=stage,
        isp=isp,
        data=data.data,
        auth=data.auth,
        bundle=bundle,
        env=here,
    )
    stacks: dict[str, Stack] = {"Data": data, "App": app}
    if stage.edge:
        firewall = Stack(
            scope,
            f"{prefix}-Firewall",
            cross_region_references=True,
            env=Environment(account=stage.account, region="us-east-1"),
        )
        stacks["Firewall"] = firewall
        stacks["Edge"] = EdgeStack(
            scope,
            f"{prefix}-Edge",
            stage=stage,
            data=data.data,
            portal_api=app.portal_api,
            env=here,
            firewall=Firewall(firewall, "Firewall", requests_per_5_minutes=REQUESTS_PER_5_MINUTES),
            cross_region_references=True,
        )
    for stack in stacks.values():
        Tags.of(stack).add("app", "demarc")
        Tags.of(stack).add("isp", isp.isp.slug)
        Tags.of(stack).add("stage", stage.name)
    return stacks


def _outputs(stack: Stack, values: dict[str, str]) -> None:
    for name, value in values.items():
        CfnOutput(stack, name, value=value)

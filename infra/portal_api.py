"""Two doors for people and their programs: the portal for customers, the console for staff.

Each has an HTTP API and a function with a role of its own. Who is asking is verified in code, for
bearer tokens and cookies alike; the routes therefore carry no authorizer.
"""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

import json
from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_apigatewayv2 import (
    CfnStage,
    HttpApi,
    HttpMethod,
    HttpRoute,
    HttpStage,
    ThrottleSettings,
)
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from infra.accepted import accept
from infra.auth import Auth
from infra.bill_cycle import BillCycle
from infra.data import INVOICES, Data
from infra.ingest_usage import IngestUsage
from infra.payments_webhook import PaymentsWebhook
from infra.runtime import Runtime, billing_function

# Who asked for what and how it went; no query string, no token, no name.
ACCESS_LOG = json.dumps(
    {
        "request": "$context.requestId",
        "at": "$context.requestTimeEpoch",
        "ip": "$context.identity.sourceIp",
        "method": "$context.httpMethod",
        "route": "$context.routeKey",
        "status": "$context.status",
        "milliseconds": "$context.responseLatency",
        "octets": "$context.responseLength",
    }
)


class PortalApi(Construct):
    """`portal` and `console`: the two APIs."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        runtime: Runtime,
        data: Data,
        auth: Auth,
        ingest_usage: IngestUsage,
        bill_cycle: BillCycle,
        payments_webhook: PaymentsWebhook,
    ) -> None:
        super().__init__(scope, id)
        self.runtime, self.data = runtime, data
        stage = runtime.stage

        self.customer = self._door(
            "Customer",
            "functions.portal_api.customer.lambda_handler",
            {
                **auth.environment(auth.customers, auth.customers_client),
                "PUBLIC_URL": stage.portal_url,
                "PROCESSOR_SECRET": data.processor_secret.secret_arn,
                "PROCESSOR_API_BASE": stage.processor_api_base,
            },
            at_once_max=100,
        )
        data.may_read_secret(self.customer, data.processor_secret)
        data.may_use_documents(self.customer, INVOICES, "s3:GetObject")

        self.staff = self._door(
            "Staff",
            "functions.portal_api.staff.lambda_handler",
            {
                **auth.environment(auth.staff, auth.staff_client),
                "PUBLIC_URL": stage.console_url,
                "PORTAL_URL": stage.portal_url,
                "CUSTOMERS_POOL_ID": auth.customers.user_pool_id,
                "PREPARE_MACHINE_ARN": bill_cycle.prepare.state_machine_arn,
                "ISSUE_MACHINE_ARN": bill_cycle.issue.state_machine_arn,
                "RECYCLE_QUEUE_URL": ingest_usage.recycle_queue.queue_url,
            },
            at_once_max=50,
        )
        data.may_put(self.staff, data.usage)  # the state of a suspended record
        # An invoice outside of the cycle is drawn and kept here.
        data.may_use_documents(self.staff, INVOICES, "s3:GetObject", "s3:PutObject")
        for machine in (bill_cycle.prepare, bill_cycle.issue):
            machine.grant_start_execution(self.staff)
            machine.grant(self.staff, "states:ListExecutions")
        # Each request asks whether this member of staff is still one.
        auth.staff.grant(
            self.staff, "cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser"
        )
        # Staff invite people to the portal.
        auth.customers.grant(self.staff, "cognito-idp:AdminCreateUser", "cognito-idp:AdminGetUser")
        ingest_usage.recycle_queue.grant_send_messages(self.staff)

        self.portal = self._api("Portal", self.customer)
        hooks = self.portal.add_routes(
            path="/webhooks/stripe",
            methods=[HttpMethod.POST],
            integration=HttpLambdaIntegration("Receive", payments_webhook.receive),
        )
        verified_in_code(hooks, "The processor signs its events; the function verifies them")
        self.console = self._api("Console", self.staff)

    def _door(
        self, id: str, handler: str, environment: dict[str, str], *, at_once_max: int
    ) -> Function:
        """A function that reads everything and changes accounts; the ledger it can only add to.

        at_once_max  so that a flood at one door leaves the others, and the usage, their turn
        """
        data, origin = self.data, self.data.origin_secret
        door = billing_function(
            self,
            id,
            self.runtime,
            handler,
            timeout=Duration.seconds(29),
            memory_size=1024,
            at_once_max=at_once_max,
            environment={
                **environment,
                "PAY_TOKEN_SECRET": data.pay_token_secret.secret_arn,
                "ORIGIN_SECRET": origin.secret_arn if self.runtime.stage.edge else "",
            },
        )
        data.may_read(door, data.accounts, data.ledger, data.usage)
        data.may_put(door, data.accounts, data.ledger)
        data.may_read_secret(door, origin, data.pay_token_secret)
        return door

    def _api(self, id: str, door: Function) -> HttpApi:
        api = HttpApi(self, id, create_default_stage=False)
        stage = HttpStage(
            self,
            f"{id}Stage",
            http_api=api,
            stage_name="$default",
            auto_deploy=True,
            throttle=ThrottleSettings(rate_limit=200, burst_limit=400),
            detailed_metrics_enabled=True,
        )
        log_group = LogGroup(
            self,
            f"{id}AccessLog",
            retention=self.runtime.stage.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        resource = stage.node.default_child
        cast(CfnStage, resource).access_log_settings = CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=ACCESS_LOG
        )
        integration = HttpLambdaIntegration(f"{id}Door", door)
        for path in ("/", "/{proxy+}"):
            routes = api.add_routes(path=path, methods=[HttpMethod.ANY], integration=integration)
            verified_in_code(
                routes,
                "Cookies and bearer tokens are verified by one function, and pages of one door "
                "are public: /signin, /pay and what they load",
            )
        return api


def verified_in_code(routes: list[HttpRoute], how: str) -> None:
    """The routes carry no authorizer of API Gateway."""
    for route in routes:
        accept(route, "AwsSolutions-APIG4", how)

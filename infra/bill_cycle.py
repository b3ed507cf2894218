"""The bill cycle: two state machines with a stored review between them, and the outbox.

prepare  OpenRun → DraftPartition, for each partition → Compare; ends in the stored state `review`.
issue    Freeze → Number → IssuePartition, for each partition → Collect → CloseRun → Deliver;
         started by an approval. Freeze, Collect and CloseRun are invoked again until they are done.
         No execution waits for a person, so none outlives a shift.
"""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk.aws_cloudwatch import Metric
from aws_cdk.aws_iam import Policy, PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_stepfunctions import (
    Chain,
    Choice,
    Condition,
    DefinitionBody,
    DistributedMap,
    IChainable,
    JitterType,
    JsonPath,
    LogLevel,
    LogOptions,
    S3JsonItemReader,
    StateMachine,
)
from aws_cdk.aws_stepfunctions_tasks import LambdaInvoke
from constructs import Construct

from infra.accepted import accept, accept_path
from infra.data import INVOICES, MAIL, PLANS, Data
from infra.queues import alarm
from infra.runtime import Runtime, billing_function
from infra.schedules import every

PARTITION_TIMEOUT = Duration.minutes(10)
BUSY = [
    "Lambda.TooManyRequestsException",  # throttled: wait for the others
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
]
# What a state machine needs to write its own log and traces; AWS gives these no resource.
LOG_AND_TRACE = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]


class BillCycle(Construct):
    """Every state may be repeated; a new execution takes up what the last one left."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        runtime: Runtime,
        data: Data,
        alarms: Topic,
        max_concurrency: int,
        sender_identity_arn: str,
    ) -> None:
        super().__init__(scope, id)
        self.runtime, self.data, self.alarms = runtime, data, alarms
        self.max_concurrency = max_concurrency
        self.deliver = self._outbox(sender_identity_arn)
        self.prepare = self._prepare()
        self.issue = self._issue()
        self.start_due = self._start_due()

    def _prepare(self) -> StateMachine:
        open_run = self._state("OpenRun", timeout=PARTITION_TIMEOUT)
        draft = self._state("DraftPartition", timeout=PARTITION_TIMEOUT, memory_size=1769)
        compare = self._state("Compare", timeout=PARTITION_TIMEOUT)
        for function in (open_run, draft, compare):
            self.data.may_read(function, self.data.ledger)
        self.data.may_put(open_run, self.data.ledger)
        self.data.may_put(compare, self.data.ledger)
        self.data.may_put_batches(compare, self.data.accounts)  # the differences it finds
        self.data.may_read(draft, self.data.usage)
        self.data.may_read_secret(draft, self.data.pay_token_secret)
        draft.add_environment("PAY_TOKEN_SECRET", self.data.pay_token_secret.secret_arn)
        self.data.may_use_documents(open_run, PLANS, "s3:PutObject")
        self.data.may_use_documents(compare, PLANS, "s3:PutObject")
        alarm(
            self,
            "ParkedUnexpectedly",
            Metric(
                namespace="Demarc",
                metric_name="AccountParkedUnexpectedly",
                dimensions_map={"service": "bill_cycle"},
                statistic="Sum",
            ),
            self.alarms,
            "An account was parked by a fault nobody foresaw: its reason says where its log is",
        )
        return self._machine(
            "Prepare",
            self._step("OpenRun", open_run)
            .next(self._for_each_partition("Draft", self._step("DraftPartition", draft)))
            .next(self._step("Compare", compare)),
            invokes=[open_run, draft, compare],
        )

    def _issue(self) -> StateMachine:
        freeze = self._state("Freeze", timeout=PARTITION_TIMEOUT, puts=False)
        number = self._state("Number", timeout=PARTITION_TIMEOUT)
        issue = self._state("IssuePartition", timeout=PARTITION_TIMEOUT, memory_size=1769)
        collect = self._state("Collect", timeout=PARTITION_TIMEOUT)
        close_run = self._state("CloseRun", timeout=PARTITION_TIMEOUT)
        for function in (freeze, number, issue, collect, close_run):
            self.data.may_read(function, self.data.ledger)
            if function is not freeze:
                self.data.may_put(function, self.data.ledger)
        self.data.may_use_documents(freeze, PLANS, "s3:GetObject")
        self.data.may_use_documents(number, PLANS, "s3:GetObject", "s3:PutObject")
        self.data.may_use_documents(issue, INVOICES, "s3:PutObject")
        self.data.may_use_documents(collect, PLANS, "s3:GetObject")
        self.data.may_use_documents(close_run, PLANS, "s3:GetObject")
        self.data.may_read_secret(issue, self.data.pay_token_secret)
        issue.add_environment("PAY_TOKEN_SECRET", self.data.pay_token_secret.secret_arn)
        issue.add_environment("PORTAL_URL", self.runtime.stage.portal_url)
        closing = self._until_done("CloseRun", close_run, self._step("Deliver", self.deliver))
        issuing = (
            self._step("Number", number)
            .next(self._for_each_partition("IssueAll", self._step("IssuePartition", issue)))
            .next(self._until_done("Collect", collect, closing))
        )
        return self._machine(
            "Issue",
            self._until_done("Freeze", freeze, issuing),
            invokes=[freeze, number, issue, collect, close_run, self.deliver],
        )

    def _outbox(self, sender_identity_arn: str) -> Function:
        deliver = self._state("Deliver", timeout=Duration.minutes(5), scheduled=True)
        self.data.may_read(deliver, self.data.ledger)
        self.data.may_put(deliver, self.data.ledger)  # the account's timeline
        self.data.may_use_documents(deliver, INVOICES, "s3:GetObject")
        self.data.may_use_documents(deliver, MAIL, "s3:GetObject", "s3:PutObject")
        deliver.add_environment("PORTAL_URL", self.runtime.stage.portal_url)
        deliver.add_to_role_policy(
            PolicyStatement(
                actions=["ses:SendEmail", "ses:SendRawEmail"], resources=[sender_identity_arn]
            )
        )
        every(
            self,
            "EveryMinute",
            Duration.minutes(1),
            deliver,
            description="Send what the outbox holds",
        )
        alarm(self, "DeliverErrors", deliver.metric_errors(), self.alarms, "The outbox is stuck")
        return deliver

    def _start_due(self) -> Function:
        start_due = self._state("StartDue", timeout=Duration.minutes(5), scheduled=True, puts=False)
        start_due.add_environment("PREPARE_MACHINE_ARN", self.prepare.state_machine_arn)
        self.prepare.grant_start_execution(start_due)
        every(
            self,
            "EveryHour",
            Duration.hours(1),
            start_due,
            description="Start the bill cycles that the data says are due",
            retry_attempts=2,
        )
        alarm(
            self,
            "StartDueErrors",
            start_due.metric_errors(),
            self.alarms,
            "Due bill cycles could not be started",
        )
        return start_due

    def _state(
        self,
        id: str,
        *,
        timeout: Duration,
        memory_size: int = 1024,
        scheduled: bool = False,
        puts: bool = True,
    ) -> Function:
        """The function of one state: functions/bill_cycle/<its name in snake case>.py.

        puts  False: it reads and tells, and writes no row
        """
        module = "".join(f"_{c.lower()}" if c.isupper() else c for c in id).lstrip("_")
        function = billing_function(
            self,
            id,
            self.runtime,
            f"functions.bill_cycle.{module}.lambda_handler",
            timeout=timeout,
            memory_size=memory_size,
            scheduled=scheduled,
        )
        self.data.may_read(function, self.data.accounts)
        if puts:
            self.data.may_put(function, self.data.accounts)
        return function

    def _step(self, id: str, function: Function) -> LambdaInvoke:
        """Invoke a function with the whole input; throttling waits, a crash is tried again."""
        step = LambdaInvoke(
            self,
            f"{id}State",
            state_name=id,
            lambda_function=function,
            payload_response_only=True,
            retry_on_service_exceptions=False,
        )
        step.add_retry(
            errors=BUSY,
            interval=Duration.seconds(2),
            backoff_rate=2,
            max_attempts=8,
            max_delay=Duration.minutes(1),
            jitter_strategy=JitterType.FULL,
        )
        step.add_retry(errors=["States.TaskFailed"], interval=Duration.seconds(2), max_attempts=2)
        return step

    def _until_done(self, id: str, function: Function, then: IChainable) -> Chain:
        """A step over a list of any length: it is invoked again while it answers where it is."""
        step = self._step(id, function)
        on_its_way = Condition.is_present("$.at")
        return step.next(Choice(self, f"{id}Done").when(on_its_way, step).otherwise(then))

    def _for_each_partition(self, id: str, step: LambdaInvoke) -> DistributedMap:
        """One child for each partition of the plan in S3; outcomes go to the table."""
        each = DistributedMap(
            self,
            id,
            max_concurrency=self.max_concurrency,
            label=id,
            item_reader=S3JsonItemReader(
                bucket=self.data.documents, key=JsonPath.string_at("$.partitions.key")
            ),
            result_path=JsonPath.DISCARD,
        )
        return each.item_processor(step)

    def _machine(self, id: str, definition: IChainable, *, invokes: list[Function]) -> StateMachine:
        role = self._machine_role(id, invokes)
        machine = StateMachine(
            self,
            f"{id}Machine",
            definition_body=DefinitionBody.from_chainable(definition),
            # Its states would grant it all versions of the functions, and the whole bucket.
            role=role.without_policy_updates(),
            timeout=Duration.hours(6),
            tracing_enabled=True,
            logs=LogOptions(
                destination=LogGroup(
                    self,
                    f"{id}MachineLog",
                    retention=self.runtime.stage.log_retention,
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=LogLevel.ALL,
                include_execution_data=False,  # accounts' ids stay out of the log
            ),
        )
        self._may_run_its_children(id, machine, role)
        alarm(
            self,
            f"{id}Failed",
            machine.metric_failed(),
            self.alarms,
            f"An execution of {id.lower()} failed: start it again, it goes on where it stopped",
        )
        return machine

    def _machine_role(self, id: str, invokes: list[Function]) -> Role:
        """May invoke its functions, read the plans of runs, and write its log and traces."""
        stack = Stack.of(self)
        role = Role(
            self,
            f"{id}MachineRole",
            assumed_by=ServicePrincipal(
                "states.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {
                        "aws:SourceArn": stack.format_arn(
                            service="states",
                            resource="stateMachine",
                            resource_name="*",
                            arn_format=ArnFormat.COLON_RESOURCE_NAME,
                        )
                    },
                },
            ),
        )
        plans, key = self.data.documents.arn_for_objects(PLANS), self.data.key.key_arn
        for actions, resources in (
            (["lambda:InvokeFunction"], [function.function_arn for function in invokes]),
            (["s3:GetObject"], [plans]),
            (["kms:Decrypt"], [key]),
            (LOG_AND_TRACE, ["*"]),
        ):
            role.add_to_policy(PolicyStatement(actions=actions, resources=resources))
        accept_path(role, f"<DataDocuments.Arn>/{PLANS}", "Each run's plan has a name of its own")
        accept(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray, and the delivery of the state machine's own log, know no named resource",
        )
        return role

    def _may_run_its_children(self, id: str, machine: StateMachine, role: Role) -> None:
        """A distributed map starts the machine itself, once for each item.

        A policy of its own: the machine waits for its role's policy, and this one for the machine.
        """
        machine.node.try_remove_child("DistributedMapPolicy")  # which without updates goes nowhere
        executions = Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{machine.state_machine_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        children = Policy(
            self,
            f"{id}Children",
            roles=[role],
            statements=[
                PolicyStatement(
                    actions=["states:StartExecution"], resources=[machine.state_machine_arn]
                ),
                PolicyStatement(
                    actions=["states:DescribeExecution", "states:StopExecution"],
                    resources=[executions],
                ),
            ],
        )
        accept_path(
            children,
            f"arn:aws:states:<region>:<account>:execution:<BillCycle{id}Machine.Name>:*",
            "The executions of this one state machine, which AWS names",
        )

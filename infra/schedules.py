"""A function at regular intervals, started by a role that may start nothing else."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from aws_cdk import Duration, Stack
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_scheduler import Schedule, ScheduleExpression
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from constructs import Construct


def every(
    scope: Construct,
    id: str,
    interval: Duration,
    function: Function,
    *,
    description: str,
    retry_attempts: int = 0,
) -> Schedule:
    """The schedule. What Lambda accepted and the function could not do, goes to its dead letters.

    retry_attempts  when Lambda itself does not take the event; the next one is never far
    """
    stack = Stack.of(scope)
    role = Role(
        scope,
        f"{id}Role",
        assumed_by=ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": stack.account,
                    "aws:SourceArn": stack.format_arn(
                        service="scheduler", resource="schedule-group", resource_name="default"
                    ),
                }
            },
        ),
    )
    role.add_to_policy(
        PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
    )
    return Schedule(
        scope,
        id,
        # The target would grant itself all versions of the function, too.
        target=LambdaInvoke(
            function, retry_attempts=retry_attempts, role=role.without_policy_updates()
        ),
        schedule=ScheduleExpression.rate(interval),
        description=description,
    )

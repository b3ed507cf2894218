"""Composition root of the infrastructure: `cdk synth -c stage=local` or any other stage name."""

import os

import aws_cdk as cdk

from billing.config import load_isp
from infra.stacks import demarc
from infra.stage import Stage, cloud, local


def stage_of(app: cdk.App) -> Stage:
    """The stage that the context names. A stage on AWS needs an account, a region and addresses."""
    name = app.node.get_context("stage")
    if name == "local":
        return local(int(app.node.try_get_context("port") or 8080))
    return cloud(
        name,
        account=app.node.try_get_context("account") or os.environ.get("CDK_DEFAULT_ACCOUNT"),
        region=app.node.try_get_context("region") or os.environ.get("CDK_DEFAULT_REGION"),
        portal_url=app.node.get_context("portal_url"),
        console_url=app.node.get_context("console_url"),
        alarms_to=app.node.get_context("alarms_to"),
        certificate_arn=app.node.get_context("certificate_arn"),
    )


app = cdk.App()
demarc(app, stage_of(app), load_isp())
app.synth()

"""The synthesized templates, deployed to the emulator by the real CDK command line."""

import json
import subprocess
from pathlib import Path
from typing import Any

from local.context import (
    ACCOUNT,
    COLLECTOR,
    COLLECTOR_KEY,
    PROCESSOR_KEY,
    REGION,
    ROOT,
    WEBHOOK_SECRET,
    Context,
)
from local.synth import cdk_environment

QUALIFIER = "hnb659fds"  # of the CDK's bootstrap resources


class DeployFailed(Exception):
    """The CDK refused, in its own words."""


def deploy(context: Context, assembly: Path) -> Context:
    """Deploy every stack and fill the secrets; the context that comes back knows the outputs."""
    bootstrap(context)
    outputs = _cdk_deploy(context, assembly)
    merged = {
        name: value
        for stack in outputs.values()
        for name, value in stack.items()
        if not name.startswith("PublishOutput")  # from stack to stack
    }
    context.outputs_file.write_text(json.dumps(merged, indent=2))
    deployed = Context(context.ports, merged)
    mend(deployed)
    fill_secrets(deployed)
    return deployed


def bootstrap(context: Context) -> None:
    """What a deployment looks at of `cdk bootstrap`: a bucket for assets, and a version."""
    context.client("s3").create_bucket(Bucket=f"cdk-{QUALIFIER}-assets-{ACCOUNT}-{REGION}")
    context.client("ssm").put_parameter(
        Name=f"/cdk-bootstrap/{QUALIFIER}/version", Value="31", Type="String", Overwrite=True
    )


def mend(context: Context) -> None:
    """Give back what the emulator's CloudFormation drops: the expiry of rows."""
    dynamodb = context.client("dynamodb")
    for table in ("UsageTable", "AccountsTable"):
        dynamodb.update_time_to_live(
            TableName=context.outputs[table],
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"},
        )


def fill_secrets(context: Context) -> None:
    """What an ISP would fill in by hand: the processor's keys and those of its collectors."""
    values: dict[str, Any] = {
        "ProcessorSecret": {"api_key": PROCESSOR_KEY, "webhook_secrets": [WEBHOOK_SECRET]},
        "CollectorKeysSecret": {COLLECTOR: COLLECTOR_KEY},
    }
    secrets = context.client("secretsmanager")
    for output, value in values.items():
        secrets.put_secret_value(SecretId=context.outputs[output], SecretString=json.dumps(value))


def _cdk_deploy(context: Context, assembly: Path) -> dict[str, dict[str, str]]:
    answer = context.directory / "cdk-outputs.json"
    finished = subprocess.run(
        [
            "npx",
            "cdk",
            "deploy",
            "--all",
            "--app",
            str(assembly),
            "--require-approval",
            "never",
            "--no-notices",
            "--progress",
            "events",
            "--asset-parallelism",
            "--concurrency",
            "4",
            "--method",
            "direct",
            "--outputs-file",
            str(answer),
        ],
        cwd=ROOT,
        env={**cdk_environment(), **context.aws()},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise DeployFailed(f"{finished.stdout[-3000:]}\n{finished.stderr[-3000:]}")
    return json.loads(answer.read_text())

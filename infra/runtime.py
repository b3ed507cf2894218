"""How every function is run: a role each, one asset of our code, one layer of the rest."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import (
    AssetHashType,
    BundlingOptions,
    DockerImage,
    Duration,
    IgnoreMode,
    ILocalBundling,
    RemovalPolicy,
)
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import Code, Function, LayerVersion, LoggingFormat, Tracing
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_sqs import Queue
from constructs import Construct

from infra.accepted import accept
from infra.stage import Stage

ROOT = Path(__file__).resolve().parent.parent
OURS = ["/*", "!/billing/", "!/functions/", "!/isp.toml", "!/plans.toml", "__pycache__", "*.md"]
LOCALES = {
    "root",
    "en",
    "en_001",
    "en_150",
    "en_GB",
    "en_IE",
    "en_US",
    "de",
    "de_AT",
    "de_CH",
    "de_DE",
    "fr",
    "fr_FR",
    "fr_CH",
    "it",
    "it_IT",
    "es",
    "es_ES",
    "nl",
    "nl_NL",
    "pt",
    "pt_PT",
    "pl",
    "pl_PL",
}


@dataclass(frozen=True)
class Runtime:
    """What all functions of one stack share."""

    stage: Stage
    code: Code
    layers: tuple[LayerVersion, ...]
    environment: Mapping[str, str]
    missed: Queue  # events that nobody waits for an answer to, and that no attempt could handle


def our_code() -> Code:
    """`billing/`, `functions/` and the ISP's files: the repository root is the import root."""
    return Code.from_asset(str(ROOT), exclude=OURS, ignore_mode=IgnoreMode.GIT)


def dependencies(scope: Construct, stage: Stage, *, bundle: bool) -> tuple[LayerVersion, ...]:
    """What we did not write, as one layer; none where the stage brings it along.

    bundle  False leaves the layer's content out, so that unit tests synthesize without installing.
    """
    if not stage.dependencies_layer:
        return ()
    if bundle:
        code = Code.from_asset(
            str(ROOT / "requirements"),
            asset_hash_type=AssetHashType.OUTPUT,
            bundling=BundlingOptions(
                image=DockerImage.from_registry("never-pulled"), local=UvBundling(stage)
            ),
        )
    else:
        code = Code.from_asset(str(ROOT / "requirements"))
    return (
        LayerVersion(
            scope,
            "Dependencies",
            code=code,
            compatible_runtimes=[stage.runtime],
            compatible_architectures=[stage.lambda_architecture],
            description="Third-party packages, from requirements/runtime.txt",
        ),
    )


def billing_function(
    scope: Construct,
    id: str,
    runtime: Runtime,
    handler: str,
    *,
    timeout: Duration | None = None,
    memory_size: int = 512,
    environment: Mapping[str, str] | None = None,
    scheduled: bool = False,
    at_once_max: int | None = None,
) -> Function:
    """A function with a role and a log group of its own; all it may do is write its log.

    scheduled    started by the clock, where nobody sees the error: what fails is kept in `missed`
    at_once_max  of the account's concurrency, both at most and at hand; None: what is left of it
    """
    stage = runtime.stage
    log_group = LogGroup(
        scope, f"{id}Log", retention=stage.log_retention, removal_policy=RemovalPolicy.DESTROY
    )
    role = Role(scope, f"{id}Role", assumed_by=ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(
        PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log_group.log_group_arn],
        )
    )
    accept(
        role,
        "AwsSolutions-IAM5[Resource::*]",
        "X-Ray takes traces and gives sampling rules for no named resource",
    )
    function = Function(
        scope,
        id,
        runtime=stage.runtime,
        architecture=stage.lambda_architecture,
        code=runtime.code,
        layers=list(runtime.layers),
        handler=handler,
        role=role,
        timeout=timeout or Duration.seconds(30),
        memory_size=memory_size,
        tracing=Tracing.ACTIVE,
        log_group=log_group,
        logging_format=LoggingFormat.JSON,
        dead_letter_queue=runtime.missed if scheduled else None,
        reserved_concurrent_executions=at_once_max,
        environment={
            **runtime.environment,
            "POWERTOOLS_SERVICE_NAME": handler.split(".")[1],
            **(environment or {}),
        },
    )
    if not scheduled:
        accept(
            function,
            "Serverless-LambdaDLQ",
            "Whoever invokes it waits for its answer: a door, a state machine or an event source",
        )
    for rule in ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"):
        accept(
            function,
            rule,
            "One Python behind the newest, with security fixes until October 2029: "
            "it moves when every wheel of the layer is built for the next",
        )
    return function


@jsii.implements(ILocalBundling)
class UvBundling:
    """Installs the hash-pinned wheels for the stage's processor and Python, without Docker."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def try_bundle(self, output_dir: str, *, image: Any = None, **_: Any) -> bool:
        uv = shutil.which("uv", path=str(ROOT / ".venv" / "bin")) or "uv"
        target = Path(output_dir) / "python"  # where Lambda looks in a layer
        subprocess.run(
            [
                uv,
                "pip",
                "install",
                "--quiet",
                "--no-config",
                "--target",
                str(target),
                "--only-binary",
                ":all:",
                "--python-version",
                self.stage.python,
                "--python-platform",
                f"{self.stage.architecture}-manylinux_2_28",
                "--require-hashes",
                "-r",
                str(ROOT / "requirements" / "runtime.txt"),
            ],
            check=True,
        )
        prune(target)
        return True


def prune(packages: Path) -> None:
    """Take out what no function needs: scripts with a local shebang, and a thousand locales."""
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for locale in (packages / "babel" / "locale-data").glob("*.dat"):
        if locale.stem not in LOCALES:
            locale.unlink()

"""The only place where a stage may differ from another: the machine at hand or the cloud.

Everything else in `infra/` is written once and deployed everywhere. A test compares the templates
of both stages and allows no difference but those that follow from a field of `Stage`.
"""

import platform
import sys
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk.aws_lambda import Architecture, Runtime, RuntimeFamily
from aws_cdk.aws_logs import RetentionDays

from infra.ports import LocalPorts


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage decides."""

    name: str
    account: str | None  # None: the account of whoever deploys
    region: str | None
    python: str  # of the bundle, e.g. "3.13"
    architecture: str  # of the bundle: "aarch64" or "x86_64"
    dependencies_layer: bool  # False: the emulator's own environment carries the dependencies
    keeps_data: bool  # RETAIN, deletion protection, point-in-time recovery
    staff_mfa_required: bool
    tls_only: bool  # queues, buckets and topics refuse http, which the emulator speaks
    edge: bool  # CloudFront and WAF, known to the API by a secret header; keys of collectors
    portal_url: str
    console_url: str
    alarms_to: str  # mail address of whoever operates the system; "" : nobody
    certificate_arn: str  # of both addresses, in us-east-1, where there is an edge
    jwks_base: str  # where the pools publish their keys; "" : Cognito itself
    processor_api_base: str  # "" : the processor's own
    log_retention: RetentionDays

    @property
    def removal_policy(self) -> RemovalPolicy:
        return RemovalPolicy.RETAIN if self.keeps_data else RemovalPolicy.DESTROY

    @property
    def runtime(self) -> Runtime:
        return Runtime(f"python{self.python}", RuntimeFamily.PYTHON)

    @property
    def lambda_architecture(self) -> Architecture:
        arm = self.architecture == "aarch64"
        return Architecture.ARM_64 if arm else Architecture.X86_64


def local(base_port: int = 8080) -> Stage:
    """The machine at hand: an emulator on loopback, data that may be thrown away.

    No layer of dependencies: each worker of the emulator unpacks code and layers into a directory
    of its own, so a layer of 160 MB would cost each cold start seconds. Its environment has them.
    """
    ports = LocalPorts.at(base_port)
    emulator = f"http://127.0.0.1:{ports.emulator}"
    return Stage(
        name="local",
        account="123456789012",
        region="us-east-1",
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        architecture="aarch64" if platform.machine() in ("aarch64", "arm64") else "x86_64",
        dependencies_layer=False,
        keeps_data=False,
        staff_mfa_required=False,
        tls_only=False,
        edge=False,
        portal_url=f"http://127.0.0.1:{ports.portal}",
        console_url=f"http://127.0.0.1:{ports.console}",
        alarms_to="",
        certificate_arn="",
        jwks_base=emulator,
        processor_api_base=f"http://127.0.0.1:{ports.processor}",
        log_retention=RetentionDays.ONE_DAY,
    )


def cloud(
    name: str,
    *,
    account: str | None,
    region: str | None,
    portal_url: str,
    console_url: str,
    alarms_to: str,
    certificate_arn: str,
) -> Stage:
    """A stage on AWS, which keeps what it is given."""
    return Stage(
        name=name,
        account=account,
        region=region,
        python="3.13",
        architecture="aarch64",
        dependencies_layer=True,
        keeps_data=True,
        staff_mfa_required=True,
        tls_only=True,
        edge=True,
        portal_url=portal_url,
        console_url=console_url,
        alarms_to=alarms_to,
        certificate_arn=certificate_arn,
        jwks_base="",
        processor_api_base="",
        log_retention=RetentionDays.ONE_YEAR,
    )

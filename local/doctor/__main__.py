"""`make doctor`: everything that stands between this machine and a deployment, with its fix."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from billing.config import BadConfig, load_isp
from local.context import ROOT
from local.doctor import account, config, machine, payments
from local.doctor.account import Client, Wanted
from local.doctor.finding import Finding, State, fix, look

MARKS = {State.FINE: "[green]fine[/]", State.FIX: "[red]fix [/]", State.LOOK: "[yellow]look[/]"}
LETTERS = 1000  # a bill run of a small ISP; the quota out of the sandbox starts far above
QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
NO_CREDENTIALS = look(
    "There are no AWS credentials here: AWS was not asked",
    "aws configure sso, or set AWS_PROFILE; then run this again",
)

UNPROVEN = (
    "The questions to AWS and to the payment processor have been tried on recorded replies only."
)

Chapters = dict[str, list[Finding]]


def main() -> int:
    """Prints the findings. With --strict, 1 if anything is to be fixed."""
    given = _arguments()
    chapters = examined(given.stage)
    show(chapters, Console(highlight=False, soft_wrap=True))
    to_fix = sum(one.state is State.FIX for found in chapters.values() for one in found)
    return 1 if given.strict and to_fix else 0


def examined(stage: str) -> Chapters:
    """Every chapter that can be looked at from here."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    chapters = {
        "This machine": machine.findings(ROOT),
        "Your company": config.findings(ROOT, context),
    }
    session = boto3.Session()
    if not _has_credentials(session):
        return {**chapters, "AWS": [NO_CREDENTIALS], "Payments": [_no_secret()]}
    region = session.region_name or os.environ.get("CDK_DEFAULT_REGION")

    @cache
    def client(service: str, place: str | None) -> Any:
        return session.client(service, region_name=place or region or "us-east-1", config=QUICK)

    try:
        wanted = wanted_by(stage, region, context)
    except BadConfig:
        return {**chapters, "AWS": [fix("isp.toml cannot be read", "put it right first")]}
    return {
        **chapters,
        "AWS": account.findings(client, wanted),
        "Payments": _payments(client, stage),
    }


def wanted_by(stage: str, region: str | None, context: Mapping[str, Any]) -> Wanted:
    """What the templates of a stage and isp.toml need of an account. Raises BadConfig."""
    isp = load_isp()
    return Wanted(
        stage=stage,
        region=region,
        sender=isp.mail.sender,
        certificate_arn=str(context.get("certificate_arn") or ""),
        hosts=tuple(
            urlsplit(str(context[name])).hostname or "" for name in ("portal_url", "console_url")
        ),
        reserved=reserved_executions(),
        letters=LETTERS,
    )


def reserved_executions() -> int:
    """How many executions at once the functions of a stage on AWS keep for themselves."""
    from infra.review.assembly import assembly, production  # seconds: only who may deploy pays it

    with tempfile.TemporaryDirectory() as scratch:
        resources = assembly(production(), Path(scratch)).templates["App"]["Resources"].values()
    return sum(
        one.get("Properties", {}).get("ReservedConcurrentExecutions", 0) for one in resources
    )


def show(chapters: Chapters, console: Console) -> None:
    """One line for what is so, one for its fix, and the sum."""
    for title, found in chapters.items():
        console.print(f"\n[bold]{title}[/]")
        for one in found:
            console.print(f"  {MARKS[one.state]}  {escape(one.said)}")
            if one.fix:
                console.print(f"        → {escape(one.fix)}")
    console.print(f"\n{UNPROVEN}\n{_sum(chapters.values())}")


def _sum(chapters: Iterable[list[Finding]]) -> str:
    states = [one.state for found in chapters for one in found]
    to_fix, to_look = states.count(State.FIX), states.count(State.LOOK)
    if to_fix:
        return f"{to_fix} to fix before `make deploy`; docs/operate.md goes through it in order."
    if to_look:
        return "Nothing seen that stands in the way; what could not be seen is marked `look`."
    return "Nothing stands in the way: `make deploy`."


def _payments(client: Client, stage: str) -> list[Finding]:
    try:
        told = account.outputs_and_state(client, f"Demarc-{stage}-Data")
        if told is None:
            return [_no_secret()]
        name = told[0]["ProcessorSecret"]
        text = client("secretsmanager", None).get_secret_value(SecretId=name)["SecretString"]
    except (ClientError, BotoCoreError) as error:
        return [look(f"The stored key cannot be read ({type(error).__name__})", "sign in again")]
    return payments.findings(json.loads(text), stage)


def _no_secret() -> Finding:
    return look(
        "The processor's key is stored by the first deployment's secret: not there yet",
        "run this again after `make deploy`",
    )


def _has_credentials(session: Any) -> bool:
    # No question to the metadata service of a virtual machine that this is not.
    os.environ.setdefault("AWS_METADATA_SERVICE_TIMEOUT", "1")
    os.environ.setdefault("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")
    try:
        return session.get_credentials() is not None
    except BotoCoreError:
        return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make doctor", description=__doc__)
    parser.add_argument("--stage", default="prod")
    parser.add_argument("--strict", action="store_true", help="exit 1 if anything is to be fixed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

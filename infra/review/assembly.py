"""Both stages synthesized in this process, without installing what the layer holds."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from billing.config import ROOT, load_isp
from infra.accepted import ACCEPTED
from infra.stacks import demarc
from infra.stage import Stage, cloud


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One finding that is meant to be."""

    path: str  # of the construct that it is about
    rule: str
    reason: str


@dataclass(frozen=True)
class Assembly:
    """What would be deployed."""

    app: cdk.App
    directory: Path
    templates: dict[str, dict[str, Any]]  # stack -> template
    accepted: list[Acceptance]

    @property
    def files(self) -> list[Path]:
        return sorted(self.directory.glob("*.template.json"))


def production() -> Stage:
    """The stage that is reviewed: somewhere on AWS, at the addresses of cdk.json."""
    context = _context()
    return cloud(
        "prod",
        account="123456789012",
        region="eu-central-1",
        portal_url=context["portal_url"],
        console_url=context["console_url"],
        alarms_to=context["alarms_to"],
        certificate_arn=context["certificate_arn"],
    )


def assembly(stage: Stage, directory: Path) -> Assembly:
    """The stage's cloud assembly, written into a directory; its rules are not asked yet."""
    context = {**_context(), "@aws-cdk/core:validateAgainstDefaultRules": False}
    app = cdk.App(context=context, outdir=str(directory))
    names = {
        stack.stack_name: name
        for name, stack in demarc(app, stage, load_isp(), bundle=False).items()
    }
    app.synth()
    return Assembly(
        app,
        directory,
        {
            name: json.loads((directory / f"{stack}.template.json").read_text())
            for stack, name in names.items()
        },
        sorted(
            (
                Acceptance(path.lstrip("/"), entry["data"]["rule"], entry["data"]["reason"])
                for stack in names
                for path, entries in _metadata(directory / f"{stack}.metadata.json").items()
                for entry in entries
                if entry["type"] == ACCEPTED
            ),
            key=lambda one: (one.rule, one.path),
        ),
    )


def _metadata(file: Path) -> dict[str, list[dict[str, Any]]]:
    return json.loads(file.read_text()) if file.exists() else {}


def _context() -> dict[str, Any]:
    return json.loads((ROOT / "cdk.json").read_text())["context"]

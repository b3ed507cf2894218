"""The templates of both stages, synthesized once for all tests, without installing anything."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from billing.config import ROOT, load_isp
from infra import stage
from infra.stacks import demarc

Templates = dict[str, dict[str, Any]]  # stack -> template
Resources = Callable[[str], Iterator[tuple[str, dict[str, Any]]]]


def synthesized(given: stage.Stage) -> Templates:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context={**context, "@aws-cdk/core:validateAgainstDefaultRules": False})
    stacks = demarc(app, given, load_isp(), bundle=False)
    return {name: Template.from_stack(stack).to_json() for name, stack in stacks.items()}


@pytest.fixture(scope="session")
def local() -> Templates:
    return synthesized(stage.local())


@pytest.fixture(scope="session")
def prod() -> Templates:
    return synthesized(
        stage.cloud(
            "prod",
            account="123456789012",
            region="us-east-1",
            portal_url="https://portal.isp.example",
            console_url="https://console.isp.example",
        )
    )


@pytest.fixture(scope="session", params=["local", "prod"])
def templates(request: pytest.FixtureRequest) -> Templates:
    """Each stage in turn."""
    return request.getfixturevalue(request.param)


def of_type(templates: Templates, type: str) -> dict[str, dict[str, Any]]:
    """All resources of a type in all stacks, by logical id."""
    return {
        id: resource
        for template in templates.values()
        for id, resource in template["Resources"].items()
        if resource["Type"] == type
    }

"""The templates of both stages, synthesized once for all tests, without installing anything."""

from typing import Any

import pytest

from infra import stage
from infra.review.assembly import Assembly, assembly, production

Templates = dict[str, dict[str, Any]]  # stack -> template


@pytest.fixture(scope="session")
def at_hand(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return assembly(stage.local(), tmp_path_factory.mktemp("local")).templates


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return assembly(production(), tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def prod(reviewed: Assembly) -> Templates:
    return reviewed.templates


@pytest.fixture(scope="session", params=["at_hand", "prod"])
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


def properties(templates: Templates, type: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by logical id."""
    return {id: one.get("Properties", {}) for id, one in of_type(templates, type).items()}

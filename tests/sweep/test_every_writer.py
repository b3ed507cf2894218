"""Whoever may write is swept: found from the grants of the template, and the doors' own tables."""

from typing import Any

import pytest

from functions.portal_api import customer, staff
from infra import stage
from infra.review.assembly import assembly
from tests.infra.conftest import Templates, of_type
from tests.sweep import cycle, portal

WRITES = {
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "s3:PutObject",
    "sqs:SendMessage",
    "ses:SendEmail",
    "ses:SendRawEmail",
    "states:StartExecution",
    "cognito-idp:AdminCreateUser",
}
SWEPT = {
    *(f"functions.ingest_usage.{name}" for name in ("live", "recycled", "fold")),
    *(f"functions.bill_cycle.{name}" for name in cycle.STATES),
    *(f"functions.payments_webhook.{name}" for name in ("receive", "worker", "janitor")),
    "functions.portal_api.staff",
    "functions.portal_api.customer",
}


def writers(templates: Templates) -> set[str]:
    """The modules of the handlers whose role may change anything."""
    may = {
        role["Ref"]
        for policy in of_type(templates, "AWS::IAM::Policy").values()
        for role in policy["Properties"]["Roles"]
        if WRITES & set(_actions(policy))
    }
    return {
        function["Properties"]["Handler"].removesuffix(".lambda_handler")
        for function in of_type(templates, "AWS::Lambda::Function").values()
        if function["Properties"]["Role"]["Fn::GetAtt"][0] in may
    }


def test_every_function_that_may_write_is_swept_and_no_other(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    templates = assembly(stage.local(), tmp_path_factory.mktemp("local")).templates

    assert writers(templates) == SWEPT


def test_every_address_that_writes_is_swept_and_no_other() -> None:
    for kind, door, tables in (
        ("staff", staff, (portal.STAFF, portal.CONSOLE)),
        ("customer", customer, (portal.CUSTOMER,)),
    ):
        wanted = {" ".join(route) for route, access in door.TABLE.items() if access.writes}
        assert {rule for table in tables for rule in table} == wanted, kind


def _actions(policy: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
        actions = statement["Action"]
        found += [actions] if isinstance(actions, str) else actions
    return found

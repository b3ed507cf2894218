"""The doors' world: tables, secrets, queues, workflows and a pool's keys, at nine o'clock."""

import json
from collections.abc import Iterator

import boto3
import pytest
import time_machine
from aws_lambda_powertools.utilities import parameters

from functions.portal_api import customer, settings, staff
from tests.functions.portal_api import world

MACHINE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


@pytest.fixture(scope="session")
def jwks_url() -> Iterator[str]:
    server, url = world.jwks_server()
    yield url
    server.shutdown()


@pytest.fixture
def doors(tables: None, jwks_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything both handlers read, on 2 November 2026; an ISP with its four plans."""
    parameters.clear_caches()
    settings.cursor_key.cache_clear()
    settings.key_set.cache_clear()
    boto3.client("secretsmanager").create_secret(Name="pay-token", SecretString="f" * 64)
    machines = boto3.client("stepfunctions")
    for name in ("PREPARE", "ISSUE"):
        made = machines.create_state_machine(
            name=name, definition=MACHINE, roleArn="arn:aws:iam::123456789012:role/machine"
        )
        monkeypatch.setenv(f"{name}_MACHINE_ARN", made["stateMachineArn"])
    queue = boto3.client("sqs").create_queue(QueueName="recycle")["QueueUrl"]
    monkeypatch.setenv("RECYCLE_QUEUE_URL", queue)
    monkeypatch.setenv("PAY_TOKEN_SECRET", "pay-token")
    monkeypatch.setenv("ORIGIN_SECRET", "")
    monkeypatch.setenv("COGNITO_JWKS_URL", jwks_url)
    monkeypatch.setenv("PORTAL_URL", "http://127.0.0.1:8080")
    with time_machine.travel(world.NOW, tick=False):
        world.put_plans()
        yield
    parameters.clear_caches()
    settings.cursor_key.cache_clear()


def entered(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    pool, client = world.POOLS[kind]
    monkeypatch.setenv("COGNITO_POOL_ID", pool)
    monkeypatch.setenv("COGNITO_CLIENT_ID", client)
    monkeypatch.setenv("COGNITO_ISSUER", f"{world.ISSUER}/{pool}")
    port = 8081 if kind == "staff" else 8080
    monkeypatch.setenv("PUBLIC_URL", f"http://127.0.0.1:{port}")


@pytest.fixture
def as_staff(doors: None, monkeypatch: pytest.MonkeyPatch):
    """The console's door for somebody with the roles named."""

    def enter(*groups: str, name: str = "mira") -> world.Door:
        def handler(event, context):
            entered(monkeypatch, "staff")
            return staff.lambda_handler(event, context)

        return world.Door(handler, world.token("staff", name, *groups))

    return enter


@pytest.fixture
def billing(as_staff) -> world.Door:
    return as_staff("billing")


@pytest.fixture
def as_customer(doors: None, monkeypatch: pytest.MonkeyPatch):
    """The portal's door for a subject of the customers' pool; None: nobody has signed in."""

    def enter(subject: str | None) -> world.Door:
        def handler(event, context):
            entered(monkeypatch, "customer")
            return customer.lambda_handler(event, context)

        return world.Door(handler, world.token("customer", subject) if subject else None)

    return enter

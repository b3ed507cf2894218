"""The doors' world: tables, secrets, queues, workflows and a pool's keys, at nine o'clock."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import boto3
import pytest
import time_machine
from aws_lambda_powertools.utilities import parameters
from moto import mock_aws

from billing.store.tables import create_tables
from functions.portal_api import customer, settings, staff
from tests.functions.portal_api import world

MACHINE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


@pytest.fixture(scope="session")
def jwks_url() -> Iterator[str]:
    server, url = world.jwks_server(world.our_keys())
    yield url
    server.shutdown()


@contextmanager
def everything(jwks_url: str) -> Iterator[pytest.MonkeyPatch]:
    """What both handlers read, on 2 November 2026; an ISP with its plans."""
    parameters.clear_caches()
    settings.cursor_key.cache_clear()
    settings.key_set.cache_clear()
    world.found_staff_pool()
    boto3.client("secretsmanager").create_secret(Name="pay-token", SecretString="f" * 64)
    machines = boto3.client("stepfunctions")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PREPARE", "ISSUE"):
            made = machines.create_state_machine(
                name=name, definition=MACHINE, roleArn="arn:aws:iam::123456789012:role/machine"
            )
            patch.setenv(f"{name}_MACHINE_ARN", made["stateMachineArn"])
        queue = boto3.client("sqs").create_queue(QueueName="recycle")["QueueUrl"]
        patch.setenv("RECYCLE_QUEUE_URL", queue)
        patch.setenv("PAY_TOKEN_SECRET", "pay-token")
        patch.setenv("ORIGIN_SECRET", "")
        patch.setenv("COGNITO_JWKS_URL", jwks_url)
        patch.setenv("PORTAL_URL", "http://127.0.0.1:8080")
        with time_machine.travel(world.NOW, tick=False):
            world.put_plans()
            yield patch
    parameters.clear_caches()
    settings.cursor_key.cache_clear()


def enter_staff(patch: pytest.MonkeyPatch, *groups: str, name: str = "mira") -> world.Door:
    def handler(event, context):
        enter(patch, "staff")
        return staff.lambda_handler(event, context)

    world.employ(name, *groups)
    settings.standing.cache_clear()  # no time passes here, and the pool would not be asked again
    return world.Door(handler, world.token("staff", name, *groups))


def enter_portal(
    patch: pytest.MonkeyPatch, subject: str | None, public_url: str = ""
) -> world.Door:
    def handler(event, context):
        enter(patch, "customer", public_url)
        return customer.lambda_handler(event, context)

    return world.Door(handler, world.token("customer", subject) if subject else None)


def enter(patch: pytest.MonkeyPatch, kind: str, public_url: str = "") -> None:
    pool, client = world.POOLS[kind]
    port = 8081 if kind == "staff" else 8080
    patch.setenv("COGNITO_POOL_ID", pool)
    patch.setenv("COGNITO_CLIENT_ID", client)
    patch.setenv("COGNITO_ISSUER", f"{world.ISSUER}/{pool}")
    patch.setenv("PUBLIC_URL", public_url or f"http://127.0.0.1:{port}")


@pytest.fixture
def doors(tables: None, jwks_url: str) -> Iterator[pytest.MonkeyPatch]:
    """A world of its own for a test."""
    with everything(jwks_url) as patch:
        yield patch


@pytest.fixture(scope="module")
def shared_doors(jwks_url: str) -> Iterator[pytest.MonkeyPatch]:
    """One world for all tests of a module, which do not mind each other. It is much faster."""
    with mock_aws():
        create_tables()
        with everything(jwks_url) as patch:
            yield patch


@pytest.fixture
def steady(shared_doors: pytest.MonkeyPatch) -> world.Door:
    """Billing staff in the world that the module's tests share."""
    return enter_staff(shared_doors, "billing")


@pytest.fixture
def steady_portal(shared_doors: pytest.MonkeyPatch):
    """The portal's door in the world that the module's tests share."""
    return partial(enter_portal, shared_doors)


@pytest.fixture
def as_staff(doors: pytest.MonkeyPatch):
    """The console's door for somebody with the roles named."""
    return partial(enter_staff, doors)


@pytest.fixture
def billing(as_staff) -> world.Door:
    return as_staff("billing")


@pytest.fixture
def as_customer(doors: pytest.MonkeyPatch):
    """The portal's door for a subject of the customers' pool; None: nobody has signed in."""
    return partial(enter_portal, doors)

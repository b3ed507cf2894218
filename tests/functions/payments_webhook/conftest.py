"""The payments' world: one AWS account and one stand-in for all these tests, emptied for each."""

from collections.abc import Iterator

import pytest
from aws_lambda_powertools.utilities import parameters
from moto import mock_aws

from billing.adapters import processor, secrets
from billing.store.tables import create_tables
from local.processor import Standin
from tests.functions.payments_webhook import world as worlds


@pytest.fixture(scope="package")
def payments_world() -> Iterator[worlds.World]:
    with mock_aws(), Standin(delay_seconds=3600) as standin:
        create_tables()
        yield worlds.World(standin, worlds.make_queue())


@pytest.fixture
def world(payments_world: worlds.World, monkeypatch: pytest.MonkeyPatch) -> Iterator[worlds.World]:
    monkeypatch.setenv("PROCESSOR_SECRET", worlds.SECRET_NAME)
    monkeypatch.setenv("PROCESSOR_API_BASE", payments_world.standin.url)
    monkeypatch.setenv("PAYMENTS_QUEUE_URL", payments_world.queue_url)
    worlds.put_secret()
    worlds.begin_again(payments_world)
    payments_world.take_messages()
    _forget_connections()
    yield payments_world
    _forget_connections()


def _forget_connections() -> None:
    parameters.clear_caches()
    processor.connected.cache_clear()
    secrets._fetched_at.clear()

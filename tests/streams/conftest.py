"""The event source mappings of the synthesized template, and an account for their functions."""

import json
from collections.abc import Callable, Iterator

import pytest
from aws_lambda_powertools.utilities import parameters

from functions.ingest_usage import shared
from infra.review.assembly import assembly, production
from tests.cloud import Cloud
from tests.core.usage.facts import KEYS
from tests.streams.mappings import Mapping, mappings_of

SECRET = "demarc/test/collector-keys"


@pytest.fixture(scope="session")
def mappings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Mapping]:
    """Every mapping of the stage that goes to AWS, by the handler of its function."""
    return mappings_of(assembly(production(), tmp_path_factory.mktemp("streams")).templates)


@pytest.fixture
def collectors(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Cloud]]:
    """Gives an empty account that has a collector's key, any number of times."""
    monkeypatch.setenv("COLLECTOR_KEYS_SECRET", SECRET)
    parameters.clear_caches()
    shared.forget_keys()
    cloud.secrets.texts[SECRET] = json.dumps({name: key.hex() for name, key in KEYS.items()})
    empty = cloud.state()

    def begin() -> Cloud:
        cloud.put_back(empty)
        return cloud

    yield begin
    parameters.clear_caches()

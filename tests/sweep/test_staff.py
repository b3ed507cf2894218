"""The JSON API: a request that is sent again is done once, and answered as it was."""

from collections.abc import Iterator

import pytest

from tests.sweep import portal
from tests.sweep.conftest import Sweep
from tests.sweep.doors import doors
from tests.sweep.scenario import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with doors(tmp_path_factory.mktemp("isp")) as furnished:
        yield furnished


@pytest.mark.parametrize("name", sorted({f"staff {rule}" for rule in portal.STAFF}))
def test_a_request_under_every_fault_is_done_once(swept: Sweep, name: str) -> None:
    assert swept(portal.SCENARIOS[name]).wrong == ()

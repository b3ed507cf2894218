"""The pages and the pay link: a form that is sent again is done once."""

from collections.abc import Iterator

import pytest

from tests.sweep import portal
from tests.sweep.conftest import Sweep
from tests.sweep.doors import doors
from tests.sweep.scenario import Place

PAGES = sorted(set(portal.SCENARIOS) - {f"staff {rule}" for rule in portal.STAFF})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with doors(tmp_path_factory.mktemp("isp")) as furnished:
        yield furnished


@pytest.mark.long  # the JSON routes of the same use cases are swept in `make test`
@pytest.mark.parametrize(
    "name", sorted(set(portal.SCENARIOS) - {f"staff {rule}" for rule in portal.STAFF})
)
def test_a_request_under_every_fault_is_done_once(swept: Sweep, name: str) -> None:
    assert swept(portal.SCENARIOS[name]).wrong == ()

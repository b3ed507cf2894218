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


# The staff's pages rest on use cases that the JSON routes sweep in `make test`; customers' do not.
NAMES = sorted(set(portal.SCENARIOS) - {f"staff {rule}" for rule in portal.STAFF})


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long) if name.startswith("staff ") else name
        for name in NAMES
    ],
)
def test_a_request_under_every_fault_is_done_once(swept: Sweep, name: str) -> None:
    assert swept(portal.SCENARIOS[name]).wrong == ()

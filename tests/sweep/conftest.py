"""The place where a module's scenarios play, and what every sweep reports."""

from collections.abc import Callable, Iterator

import pytest

from tests.sweep import report
from tests.sweep.account import account
from tests.sweep.scenario import Place, Scenario, Swept, sweep

Given = Callable[[Place], Scenario]
Sweep = Callable[[Given], Swept]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An ISP with its plans and nobody in it, for all scenarios of a module."""
    with account(tmp_path_factory.mktemp("isp")) as aws:
        yield Place(aws)


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest) -> Iterator[list[Swept]]:
    """What the module has swept; it is told when the module ends."""
    found: list[Swept] = []
    yield found
    report.tell(request.module.__name__.rpartition(".")[2], found)


@pytest.fixture
def swept(place: Place, told: list[Swept]) -> Iterator[Sweep]:
    """Sweeps a scenario and reports it; the place is as it was after it."""
    nobody = place.state()

    def run(given: Given) -> Swept:
        done = sweep(place, given(place), nobody)
        told.append(done)
        return done

    yield run
    place.put_back(nobody)

"""The place where a module's scenarios play, and what every sweep reports."""

from collections.abc import Callable, Iterator

import pytest

from tests.sweep.account import account
from tests.sweep.scenario import Place, Scenario, Swept, sweep

Given = Callable[[Place], Scenario]
Sweep = Callable[[Given], Swept]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An ISP with its plans and nobody in it, for all scenarios of a module."""
    with account(tmp_path_factory.mktemp("isp")) as aws:
        yield Place(aws)


@pytest.fixture
def swept(place: Place, record_property: Callable[[str, object], None]) -> Iterator[Sweep]:
    """Sweeps a scenario and reports it; the place is as it was after it."""
    nobody = place.state()

    def run(given: Given) -> Swept:
        done = sweep(place, given(place), nobody)
        record_property(
            "swept",
            [done.handler, done.name, len(done.calls), dict(done.points), len(done.wrong)],
        )
        return done

    yield run
    place.put_back(nobody)

"""A bill cycle leaves the same bills and the same books, whatever dies while it runs."""

import pytest

from tests.sweep import cycle
from tests.sweep.conftest import Given, Sweep


@pytest.mark.parametrize("given", cycle.SCENARIOS, ids=lambda given: given.__name__)
def test_a_state_under_every_fault_ends_as_if_nothing_had_happened(
    swept: Sweep, given: Given
) -> None:
    assert swept(given).wrong == ()

"""Usage is counted once, whatever dies while it comes in."""

import pytest

from tests.sweep import ingest
from tests.sweep.conftest import Given, Sweep


@pytest.mark.parametrize(
    "given",
    [ingest.a_batch_of_the_stream, ingest.messages_of_the_queue, ingest.closed_hours],
    ids=lambda given: given.__name__,
)
def test_a_delivery_under_every_fault_counts_each_octet_once(swept: Sweep, given: Given) -> None:
    assert swept(given).wrong == ()

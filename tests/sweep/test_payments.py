"""A payment is booked once, whatever dies while it is told."""

from collections.abc import Iterator

import pytest

from tests.sweep import payments
from tests.sweep.account import account
from tests.sweep.conftest import Given, Sweep
from tests.sweep.scenario import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with (
        account(tmp_path_factory.mktemp("isp")) as aws,
        payments.furnished(aws) as beside_the_processor,
    ):
        yield beside_the_processor


@pytest.mark.parametrize("given", payments.SCENARIOS, ids=lambda given: given.__name__)
def test_a_delivery_under_every_fault_books_what_was_paid_once(swept: Sweep, given: Given) -> None:
    assert swept(given).wrong == ()

"""Whoever dies, wherever, and starts again: the same bytes leave the house, numbered 1..n."""

from typing import Any

import pytest
import time_machine

from billing.adapters import documents
from functions.bill_cycle import (
    compare,
    draft_partition,
    freeze,
    issue_partition,
    number,
    open_run,
)
from tests.functions.bill_cycle.world import (
    OCTOBER,
    STAFF,
    Context,
    approve,
    at,
    downloaded,
    issue,
    issued_to,
    new_customer,
    outcome,
    prepare,
    through,
)

pytestmark = pytest.mark.usefixtures("isp")
ACCOUNTS = ["acc_ada", "acc_ben"]


@pytest.fixture
def customers(isp: None) -> None:
    new_customer("Ada", "fibre-100")
    new_customer("Ben")
    downloaded("acc_ada", 1100)


@pytest.fixture
def review(customers: None) -> dict[str, Any]:
    seen = prepare()
    approve(seen)
    return seen


def test_a_run_that_died_after_numbering_goes_on_the_next_day_under_its_first_date(review):
    start = {"run": review["run"], "revision": 1, "actor": STAFF}
    number.lambda_handler(freeze.lambda_handler(start, Context()), Context())

    with time_machine.travel(at("2026-11-03 09:00")):
        issue(review)

    assert {one.issued_on.isoformat() for account in ACCOUNTS for one in issued_to(account)} == {
        "2026-11-02"
    }


def test_two_preparations_at_once_are_one_review(customers):
    one, two = (open_run.lambda_handler(dict(OCTOBER), Context()) for _ in range(2))
    for plan in (one, two):
        for item in documents.get_list(plan["partitions"]):
            draft_partition.lambda_handler(through(item), Context())

    first, second = (compare.lambda_handler(plan, Context()) for plan in (one, two))

    assert first == second
    assert (first["revision"], first["drafts"]) == (1, 2)


def test_two_issues_at_once_are_one_set_of_invoices(review):
    start = {"run": review["run"], "revision": 1, "actor": STAFF}
    one, two = (
        number.lambda_handler(freeze.lambda_handler(start, Context()), Context()) for _ in range(2)
    )
    items = [documents.get_list(plan["partitions"]) for plan in (one, two)]
    for pair in zip(*items, strict=True):
        for item in pair:
            issue_partition.lambda_handler(through(item), Context())
    first = outcome(ACCOUNTS)

    assert issue(review)["count"] == 2
    assert outcome(ACCOUNTS) == first
    assert len({number for number, *_ in first}) == 2

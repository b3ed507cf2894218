"""Whoever dies, wherever, and starts again: the same bytes leave the house, numbered 1..n."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from billing.adapters import documents
from billing.store import ledger, runs
from functions.bill_cycle import (
    collect,
    compare,
    draft_partition,
    freeze,
    issue_partition,
    number,
    open_run,
)
from tests import faults
from tests.functions.bill_cycle.world import (
    OCTOBER,
    STAFF,
    Context,
    approve,
    at,
    downloaded,
    everything,
    files,
    issue,
    issued_to,
    new_customer,
    outcome,
    paid,
    prepare,
    put_back,
    through,
    write_calls,
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


def deaths(places: list[int]) -> Iterator[tuple[int, faults.When]]:
    for call in places:
        yield call, "before"
        yield call, "after"


def test_prepare_killed_at_any_write_and_started_again_drafts_the_same_bytes(customers):
    before = everything()
    places = write_calls(prepare)
    digest = runs.load_run(prepare_id()).digest
    assert len(places) >= 6

    for call, when in deaths(places):
        put_back(before)
        assert faults.killed(prepare, call, when)

        again = prepare()

        assert (again["drafts"], again["revision"], again["digest"]) == (2, 1, digest)


def test_issue_killed_at_any_write_and_started_again_issues_the_same_bytes(review):
    approved = everything()
    places = write_calls(lambda: issue(review))
    expected, kept = outcome(ACCOUNTS), files()
    assert len(places) >= 7

    for call, when in deaths(places):
        put_back(approved)
        assert faults.killed(lambda: issue(review), call, when)

        closed = issue(review)

        assert closed["state"] == "closed"
        assert outcome(ACCOUNTS) == expected
        assert [one for one in files() if "/issue-" not in one] == [
            one for one in kept if "/issue-" not in one
        ]
    assert [number for number, *_ in expected] == [
        "MF-2026-000001",
        "MF-2026-000002",
    ]


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


def test_collecting_killed_at_any_write_uses_credit_once(review):
    paid("acc_ben", "10.00")
    start = {"run": review["run"], "revision": 1, "actor": STAFF}
    plan = number.lambda_handler(freeze.lambda_handler(start, Context()), Context())
    for item in documents.get_list(plan["partitions"]):
        issue_partition.lambda_handler(through(item), Context())
    issued = everything()
    places = write_calls(lambda: collect.lambda_handler(plan, Context()))
    assert len(places) == 1

    for call, when in deaths(places):
        put_back(issued)
        assert faults.killed(lambda: collect.lambda_handler(plan, Context()), call, when)
        collect.lambda_handler(plan, Context())
        assert str(ledger.position("acc_ben").balance) == "100.70 EUR"
        assert not ledger.position("acc_ben").credit


def prepare_id() -> str:
    return runs.list_runs().items[0].id

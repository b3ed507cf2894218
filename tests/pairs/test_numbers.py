"""Numbers that two handlers take: one run issued twice at once, and a single bill beside it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from billing.store import series, transactions
from tests.functions.bill_cycle.world import approve, issue, issued_to, new_customer, prepare
from tests.pairs.conftest import Explore, Find
from tests.pairs.explorer import Pair
from tests.pairs.house import House, Results, all_of, errors


@pytest.fixture
def review(house: House) -> dict:
    """October of Ben, approved and not issued."""
    new_customer("Ben")
    review = prepare()
    approve(review)
    return review


def numbers_are(*wanted: int) -> Callable[[Results], list[str]]:
    def law(_: Results) -> list[str]:
        numbers = sorted(int(one.number.rsplit("-", 1)[1]) for one in issued_to("acc_ben"))
        return [] if numbers == list(wanted) else [f"issued are the numbers {numbers}"]

    return law


def the_run_is_closed(results: Results) -> list[str]:
    ended = [one for who, one in results.items() if who != "staff"]
    states = {one["state"] if isinstance(one, dict) else type(one).__name__ for one in ended}
    return [] if states == {"closed"} else [f"the run ended {states}"]


def the_books_are_in_order(house: House) -> Callable[[Results], list[str]]:
    return lambda _: house.broken()


def issue_and_issue(house: House, review: dict) -> Pair:
    law = all_of(errors, numbers_are(1), the_run_is_closed, the_books_are_in_order(house))
    both = {"first": lambda: issue(review), "second": lambda: issue(review)}
    return Pair("issue/issue", house, both, law)


def visit_billed(house: House) -> int:
    """Staff bill Ben for a visit, at the same time."""
    line = {"text": "Visit of a technician", "amount": {"value": "80.00", "unit": "EUR"}}
    wanted = {"accountId": "acc_ben", "lines": [line]}
    return house.staff("POST", "/v1/invoices", wanted, idempotency_key="visit-1").status


def issue_and_visit(house: House, review: dict) -> Pair:
    law = all_of(errors, numbers_are(1, 2), the_run_is_closed, the_books_are_in_order(house))
    both = {"run": lambda: issue(review), "staff": lambda: visit_billed(house)}
    return Pair("issue/ad-hoc invoice", house, both, law)


def test_a_run_issued_twice_at_once_is_one_set_of_numbers(
    house: House, review: dict, explored: Explore
):
    assert explored(issue_and_issue(house, review)).trouble == ""


def test_a_single_bill_beside_a_run_leaves_no_gap_and_takes_no_number_twice(
    house: House, review: dict, explored: Explore
):
    assert explored(issue_and_visit(house, review)).trouble == ""


@pytest.mark.long
def test_a_series_that_is_moved_without_its_version_would_be_found(
    house: House, review: dict, finds: Find, monkeypatch
):
    def blindly(row, loaded, what):
        return replace(transactions.put_version(row, loaded, what), condition=None)

    monkeypatch.setattr(series, "put_version", blindly)

    trouble = finds(issue_and_visit(house, review))

    assert trouble != ""
    assert "SER#" in trouble


@pytest.mark.long
def test_an_allocation_taken_whoever_holds_it_would_be_found(
    house: House, review: dict, finds: Find, monkeypatch
):
    monkeypatch.setattr(series, "put_new", lambda row, _: transactions.Put(row))
    monkeypatch.setattr(
        series, "put_version", lambda row, loaded, _: transactions.put_same(_moved(row, loaded))
    )

    trouble = finds(issue_and_issue(house, review))

    assert trouble != ""
    assert "ALLOC#001" in trouble


def _moved(row, loaded: int):
    row.version = loaded + 1
    return row

"""Runs of thousands: what a state asks of AWS for each account, and what it is given, never grows.

The accounts are copies of the rows of one that was drafted by the states themselves.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from billing.adapters import documents
from billing.adapters.issuing import numbered
from billing.config import load_isp
from billing.core.invoicing import canonical, invoice_id
from billing.core.ledger import invoice_transaction
from billing.store import invoices, runs, timeline
from billing.store.ledger import posting_put
from billing.store.series import allocation_from
from billing.store.tables import (
    AccountRow,
    Key,
    LedgerRow,
    balance_key,
    draft_key,
    head_key,
    invoice_key,
)
from functions.bill_cycle import (
    close_run,
    collect,
    compare,
    draft_partition,
    freeze,
    number,
    open_run,
)
from functions.bill_cycle.portions import RESERVE_MS
from tests import faults
from tests.cloud import Cloud
from tests.cycle.machines import Json, walk
from tests.functions.bill_cycle.world import OCTOBER, STAFF, Context, approve, new_customer, through
from tests.reports import report

FEW, MANY = 300, 3000

# Calls for each account. A call reads a hundred rows, and writes 25.
CALLS_MAX = {open_run: 0.01, compare: 0.05, freeze: 0.01, number: 0.01, collect: 0.01}
CALLS_MAX[close_run] = 0.02
PAYLOAD_MAX = 2_000  # letters


@dataclass(frozen=True)
class Hurried(Context):
    """A function that has time for one portion."""

    milliseconds: int = RESERVE_MS - 1


@dataclass
class Counted:
    """What one state came to."""

    calls: int
    payload: int


def counted(state: Any, given: Json, found: dict[Any, Counted]) -> Json:
    answers: list[Json] = []
    calls = faults.calls_of(lambda: answers.append(state.lambda_handler(given, Context())))
    found[state] = Counted(calls, len(json.dumps(answers[0])))
    return through(answers[0])


def run_of(aws: Cloud, accounts: int) -> dict[Any, Counted]:
    """A run of so many accounts, by state; its partitions are not worked off but copied."""
    found: dict[Any, Counted] = {}
    settle(aws, accounts)
    plan = counted(open_run, OCTOBER, found)
    put_copies_of_drafts(aws, plan["run"], accounts)
    approve(review := counted(compare, plan, found))
    start = {"run": review["run"], "revision": 1, "actor": STAFF}
    given = counted(number, counted(freeze, start, found), found)
    put_issued(aws, given)
    closed = counted(close_run, counted(collect, given, found), found)
    assert (closed["state"], closed["count"]) == ("closed", accounts)
    return found


@pytest.mark.long
def test_thousands_cost_the_same_for_each_and_nothing_that_is_handed_on_grows(isp: Cloud):
    empty = isp.state()
    few = run_of(isp, FEW)
    isp.put_back(empty)
    many = run_of(isp, MANY)

    rows = [f"{'state':12} {'calls of ' + str(FEW):>14} {'of ' + str(MANY):>8} {'each':>7} payload"]
    for state, bound in CALLS_MAX.items():
        each = (many[state].calls - few[state].calls) / (MANY - FEW)
        assert each <= bound * 1.05, state.__name__
        assert many[state].payload <= few[state].payload + 8  # counts have more digits
        assert many[state].payload <= PAYLOAD_MAX
        name = state.__name__.rpartition(".")[2]
        line = f"{name:12} {few[state].calls:14} {many[state].calls:8} {each:7.4f}"
        rows.append(f"{line} {many[state].payload:7}")
    report("cycle/scale", rows)


def test_a_state_with_little_time_left_goes_on_where_it_stopped(isp: Cloud):
    settle(isp, FEW)
    plan = through(open_run.lambda_handler(OCTOBER, Context()))
    put_copies_of_drafts(isp, plan["run"], FEW)
    approve(review := compare.lambda_handler(plan, Context()))
    start = {"run": review["run"], "revision": 1, "actor": STAFF}
    steps: list[str] = []

    def seen(step: Any) -> bool:
        steps.append(f"{step.name} {step.given.get('at', 0)}")
        return False

    given = walk((freeze, number), start, seen, Hurried())
    assert given is not None
    put_issued(isp, given)
    closed = walk((collect, close_run), given, seen, Hurried())

    assert steps == [
        *("freeze 0", "freeze 100", "freeze 200", "number 0"),
        *("collect 0", "collect 100", "collect 200"),
        *("close_run 0", "close_run 100", "close_run 200"),
    ]
    assert closed == {**start, "state": "closed", "count": FEW}
    totals = {"EUR": f"{FEW * 110.70:.2f}"}
    assert ("bill-run.closed", {"count": FEW, "totals": totals}) in isp_events()


def test_what_differs_in_a_later_portion_keeps_the_run_open_all_the_same(isp: Cloud):
    settle(isp, FEW)
    plan = through(open_run.lambda_handler(OCTOBER, Context()))
    put_copies_of_drafts(isp, plan["run"], FEW)
    approve(review := compare.lambda_handler(plan, Context()))
    start = {"run": review["run"], "revision": 1, "actor": STAFF}
    given = walk((freeze, number), start, lambda _: False)
    assert given is not None
    put_issued(isp, given)
    items = rows(isp, LedgerRow)
    del items[next(key for key in items if key[0][1] == b"ACC#acc_00250")]

    with pytest.raises(close_run.RunDoesNotAddUp, match="acc_00250"):
        walk((close_run,), given, lambda _: False, Hurried())

    assert runs.load_run(review["run"]).state == "approved"


def settle(aws: Cloud, accounts: int) -> None:
    """One customer, and copies of the two rows of theirs that every state looks at."""
    first, *others = ids(accounts)
    assert new_customer(first.removeprefix("acc_")) == first
    for key in (head_key(first), balance_key(first)):
        text = json.dumps(rows(aws, AccountRow)[place(key)])
        for account_id in others:
            put(aws, AccountRow, json.loads(text.replace(first, account_id)))


def put_copies_of_drafts(aws: Cloud, run_id: str, accounts: int) -> None:
    """Draft the first account; the others get what it got."""
    run, (first, *others) = runs.load_run(run_id), ids(accounts)
    item = {"run": run_id, "revision": 1, "accounts": [first]}
    assert draft_partition.lambda_handler(item, Context())["drafts"] == 1
    made = invoices.load_draft(run_id, 1, first)
    for account_id in others:
        copy = replace(made, account_id=account_id, id=invoice_id(account_id, run_id, run.period))
        row = AccountRow(*draft_key(run_id, 1, account_id), body=canonical(copy).decode())
        put(aws, AccountRow, row.serialize())


def put_issued(aws: Cloud, given: Json) -> None:
    """What the partitions would have issued: documents and postings."""
    [allocation] = [allocation_from(one) for one in given["allocations"]]
    for item in documents.get_list(given["partitions"]):
        ranks = {account_id: rank for rank, account_id in item["documents"]}
        for made in invoices.drafts_of(item["run"], 1, ranks).values():
            invoice = numbered(made, allocation, ranks[made.account_id], load_isp())
            key = invoice_key(invoice.account_id, invoice.id)
            row = LedgerRow(*key, body=canonical(invoice).decode())
            put(aws, LedgerRow, row.serialize())
            put(aws, LedgerRow, posting_put(invoice_transaction(invoice)).row.serialize())


def ids(accounts: int) -> list[str]:
    return [f"acc_{n:05}" for n in range(accounts)]


def rows(aws: Cloud, of: Any) -> dict[Any, Any]:
    return aws.dynamodb.tables[of.Meta.table_name].items


def put(aws: Cloud, of: Any, item: dict[str, Any]) -> None:
    rows(aws, of)[place((item["pk"]["S"], item["sk"]["S"]))] = item


def place(key: Key) -> Any:
    return tuple(("S", one.encode()) for one in key)


def isp_events() -> list[tuple[str, dict[str, Any]]]:
    return [(one.kind, dict(one.data)) for one in timeline.list_isp_events().items]

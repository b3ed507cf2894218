"""Bill cycles and payments of the past: the states of both workflows, called in their order.

The clock of this process stands at the instant given, so that documents bear the date of then.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from types import ModuleType
from typing import Any

import time_machine

from billing.adapters import documents
from billing.core.invoicing import Invoice
from billing.core.ledger import allocate, payment_transaction
from billing.core.period import Period
from billing.store import invoices, ledger, runs
from billing.store.access import EVERY_ACCOUNT
from billing.store.runs import Run
from billing.store.timeline import Event
from functions.bill_cycle import (
    close_run,
    collect,
    compare,
    deliver,
    draft_partition,
    freeze,
    issue_partition,
    number,
    open_run,
)
from functions.runtime import clock, metrics
from local.invoked import Invocation
from local.people import CYCLE_ANCHOR

STAFF = "staff:clara"
THREADS = 2  # one waits for the emulator while the other works
PARTITION_SIZE = 30


def bill(period: Period, at: datetime) -> Run:
    """Prepare, approve and issue the cycle of a closed period, and send its mail, at an instant."""
    with time_machine.travel(at):
        cycle = {"anchor": CYCLE_ANCHOR, "period": period.label}
        opened = _call(open_run, {"cycle": cycle, "attempt": 1, "actor": STAFF})
        _each_part(draft_partition, opened["partitions"], "accounts")
        reviewed = _call(compare, opened)
        run_id, revision, digest = reviewed["run"], reviewed["revision"], reviewed["digest"]
        text = f"Revision {revision} approved"
        told = Event("bill-run.approved", STAFF, run_id, text, clock())
        runs.approve(run_id, revision, digest, STAFF, told)
        frozen = _call(freeze, {"run": run_id, "revision": revision, "actor": STAFF})
        numbered = _call(number, frozen)
        _each_part(issue_partition, numbered["partitions"], "documents")
        _call(close_run, _call(collect, numbered))
        _call(deliver, {})
        return runs.load_run(run_id)


def issued_in(run: Run) -> list[Invoice]:
    """The invoices of a run, by their numbers."""
    account_ids = [draft.account_id for draft in invoices.list_drafts(run.id, run.revision)]
    found = [
        invoice
        for account_id in account_ids
        for invoice in invoices.list_invoices(account_id, EVERY_ACCOUNT, limit=1).items
        if invoice.run_id == run.id
    ]
    return sorted(found, key=lambda invoice: invoice.number)


def pay(invoice: Invoice, at: datetime) -> bool:
    """Post a bank transfer of what an invoice comes to. False: there is nothing to pay."""
    if invoice.total.minor <= 0:
        return False
    position = ledger.position(invoice.account_id)
    allocations, surplus = allocate(invoice.total, position.open_items, invoice.id)
    transaction = payment_transaction(
        account_id=invoice.account_id,
        object_id=f"transfer/{invoice.number}",
        at=at,
        allocations=allocations,
        surplus=surplus,
        source="bank",
    )
    text = f"Bank transfer of {invoice.total} received for {invoice.number}."
    event = Event("payment.received", "system:bank", transaction.id, text, at)
    return ledger.post(transaction, position, event)


def paid_after(invoice: Invoice) -> timedelta:
    """How long this customer takes to pay: within the days that the invoice allows."""
    chance = Random(invoice.id)
    return timedelta(days=chance.randint(1, 11), minutes=chance.randint(0, 600))


def in_threads(do: Callable[[Any], object], items: Sequence[Any]) -> None:
    """Do it to each item; the first error rises."""
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(do, items))


def _each_part(state: ModuleType, pointer: dict[str, str], listed: str) -> None:
    """Call a map's state for each partition of the plan, cut smaller to share the work."""
    parts = [
        {**partition, listed: partition[listed][start : start + PARTITION_SIZE]}
        for partition in documents.get_list(pointer)
        for start in range(0, len(partition[listed]), PARTITION_SIZE)
    ]
    in_threads(lambda part: _call(state, part), parts)


def _call(state: ModuleType, event: dict[str, Any]) -> dict[str, Any]:
    """What a state answers, as JSON would carry it to the next one."""
    answer = state.lambda_handler(event, Invocation())
    metrics.clear_metrics()  # nobody collects them here
    return json.loads(json.dumps(answer))

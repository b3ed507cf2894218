"""First state of *prepare*: which accounts are due, from the data, and what is still to be drafted.

What a revision has drafted or parked is not listed again: starting over is how a run goes on. An
execution that comes late, when the run is in review or further, joins it: it has nothing to draft.
Only a person begins another revision (`runs.start_revision`), never an execution.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters import documents
from billing.adapters.cycles import run_id_of
from billing.config import Isp, load_isp
from billing.core.errors import BillingError
from billing.core.invoicing import invoice_id
from billing.core.period import Period, period_starting
from billing.store import accounts, invoices, runs
from billing.store.issued import issued_of
from billing.store.runs import Run, RunNotFound
from functions.bill_cycle.shared import bucket, plan_prefix, told
from functions.runtime import clock, logger

FINISHED = ("approved", "closed")  # what such a run left parked may be billed by another


class PeriodStillRuns(BillingError):
    """Only a closed period can be billed."""

    def __init__(self, period: Period) -> None:
        super().__init__(f"period: {period.start} ends on {period.end}; bill it from that day on")
        self.period = period


class NothingToSupplement(BillingError):
    """A supplementary run follows a run that was approved."""

    def __init__(self, period: Period, why: str) -> None:
        super().__init__(f"the cycle of {period.start} cannot be supplemented: {why}")
        self.period = period


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now = load_isp(), clock()
    period = closed_period(event["cycle"], isp, now)

    run = begun(opened(wanted_run(event, period, now), now), str(event["actor"]), now)
    due = due_accounts(run) if run.state == "preparing" else []
    todo = sorted(set(due) - done_accounts(run)) if due else []
    size = isp.cycles.partition_size
    partitions = [
        {"run": run.id, "revision": run.revision, "accounts": todo[start : start + size]}
        for start in range(0, len(todo), size)
    ]

    pointer = documents.put_list(bucket(), plan_prefix(run, "prepare"), partitions)
    logger.info("run opened", run=run.id, revision=run.revision, due=len(due), todo=len(todo))
    return {
        "run": run.id,
        "revision": run.revision,
        "actor": event["actor"],
        "accounts": len(due),
        "partitions": pointer,
    }


def closed_period(cycle: Mapping[str, Any], isp: Isp, now: datetime) -> Period:
    """The period of a cycle, if it has ended."""
    first_day = date.fromisoformat(cycle["period"])
    period = period_starting(first_day, int(cycle["anchor"]), isp.isp.zone)
    if period.span.contains(now) or now < period.span.start:
        raise PeriodStillRuns(period)
    return period


def wanted_run(event: Mapping[str, Any], period: Period, now: datetime) -> Run:
    """The run this is about: the cycle's own, or one for what another run left parked."""
    anchor, actor = int(event["cycle"]["anchor"]), str(event["actor"])
    before = str(event.get("supplement_of", ""))
    if event.get("supplementary") and not before:
        before = last_finished(anchor, period)
    if before and runs.load_run(before).state not in FINISHED:
        raise NothingToSupplement(period, f"its run {before} is not approved; finish it first")
    return Run(run_id_of(anchor, period, before), anchor, period, now, actor, supplement_of=before)


def last_finished(anchor: int, period: Period) -> str:
    """The last run of a cycle that was approved: its own, or the last that supplemented it."""
    last, candidate = "", run_id_of(anchor, period)
    while (run := stored(candidate)) is not None and run.state in FINISHED:
        last, candidate = run.id, run_id_of(anchor, period, run.id)
    if not last:
        raise NothingToSupplement(period, "its own run is not approved yet; finish that first")
    return last


def opened(wanted: Run, now: datetime) -> Run:
    """The run, new or where it was left."""
    text = f"Bill run for {wanted.period.label} opened"
    return runs.open_run(wanted, told("bill-run.opened", wanted.actor, wanted.id, text, now))


def begun(run: Run, actor: str, now: datetime) -> Run:
    """The run with its revision begun: from now on, what is dated into its period leaves it."""
    if not run.outdated:
        return run
    text = f"Revision {run.revision} of {run.period.label} is being prepared"
    return runs.start_revision(run.id, told("bill-run.prepared-again", actor, run.id, text, now))


def due_accounts(run: Run) -> list[str]:
    """Who is billed: every account of the cycle, or those that the run before left parked."""
    if not run.supplement_of:
        return accounts.due_accounts(run.anchor)
    before = runs.load_run(run.supplement_of)
    parked = [one.account_id for one in runs.list_parked(before.id, before.revision)]
    ids = {account: invoice_id(account, before.id, before.period) for account in parked}
    # Whoever was mended while two attempts drafted may be parked by one and billed by the other.
    billed = issued_of(ids.values())
    return [account for account in parked if ids[account] not in billed]


def done_accounts(run: Run) -> set[str]:
    """Who has a draft or is parked in this revision."""
    drafted = {account_id for account_id, _ in invoices.draft_digests(run.id, run.revision)}
    return drafted | {one.account_id for one in runs.list_parked(run.id, run.revision)}


def stored(run_id: str) -> Run | None:
    try:
        return runs.load_run(run_id)
    except RunNotFound:
        return None

"""Bill runs as staff see and steer them: start, look, mend and prepare again, approve, add to.

Nothing here waits. A start or an approval changes the run's row and starts the workflow that does
the work; both may be repeated, and the workflow's name keeps a second one from starting.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from billing.adapters import workflows
from billing.config import Isp
from billing.core.errors import BillingError
from billing.core.invoicing import Difference, Draft, Parked
from billing.core.period import Period, local_day, period_containing, period_starting, preceding
from billing.store import accounts, invoices, runs, timeline
from billing.store.access import EVERY_ACCOUNT
from billing.store.pages import Page
from billing.store.run_rows import Review, Run
from billing.store.timeline import Event
from billing.store.transactions import commit
from functions.portal_api.operation import Operation


class PeriodStillRuns(BillingError):
    """Only a closed period can be billed."""

    def __init__(self, period: Period) -> None:
        super().__init__(
            f"period: the one from {period.start} ends on {period.end}; bill it from that day on"
        )
        self.period = period


class UnknownCycle(BillingError):
    """No account is billed on that day of the month."""

    def __init__(self, anchor: int, known: tuple[int, ...]) -> None:
        days = ", ".join(str(day) for day in known)
        super().__init__(f"anchor: {anchor} is no cycle of this ISP; its cycles begin on {days}")
        self.anchor = anchor


class CycleAlreadyRun(BillingError):
    """There is one run per cycle; what it left out comes in a supplementary run."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"this cycle already has the run {run.id} in state {run.state}:"
            " prepare it again while it is in review, or start a supplementary run afterwards"
        )
        self.run = run


class NothingParked(BillingError):
    """A supplementary run takes parked accounts, and there are none."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"run {run_id} left nobody parked: there is nothing to add")


class RunNotFinished(BillingError):
    """Parked accounts come in a supplementary run only after the run itself was approved."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"run {run.id} is in state {run.state}: mend the accounts and prepare it again instead"
        )


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line of the list of runs. No review: it is still being prepared."""

    run: Run
    review: Review | None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with what its approver must see. `names` are customers' names by account id."""

    run: Run
    review: Review | None
    parked: tuple[Parked, ...]
    differences: tuple[Difference, ...]  # at most the first hundred, by account
    names: Mapping[str, str]


def closed_periods(isp: Isp, now: datetime, count: int = 6) -> list[tuple[int, Period]]:
    """The (anchor, period) pairs that can be billed now, newest first."""
    today = local_day(now, isp.isp.zone)
    found: list[tuple[int, Period]] = []
    for anchor in isp.cycles.anchors:
        period = period_containing(today, anchor, isp.isp.zone)
        for _ in range(count):
            period = preceding(period, anchor)
            found.append((anchor, period))
    return sorted(found, key=lambda pair: (pair[1].start, -pair[0]), reverse=True)[:count]


def list_runs(*, cursor: str | None = None, limit: int = 25) -> Page[RunRow]:
    """Runs, newest period first."""
    found = runs.list_runs(cursor=cursor, limit=limit)
    return Page(
        tuple(RunRow(run, runs.load_review(run.id, run.revision)) for run in found.items),
        found.cursor,
    )


def view(run_id: str) -> RunView:
    """One run with its review. Raises RunNotFound."""
    run = runs.load_run(run_id)
    parked = tuple(runs.list_parked(run_id, run.revision))
    differences = runs.list_differences(run_id, run.revision).items
    shown = {one.account_id for one in (*parked, *differences)}
    return RunView(
        run,
        runs.load_review(run_id, run.revision),
        parked,
        differences,
        {account_id: name_of(account_id) for account_id in sorted(shown)},
    )


def drafts(run_id: str) -> Iterator[Draft]:
    """The drafts of the run's revision, in no order a person would choose."""
    return invoices.list_drafts(run_id, runs.load_run(run_id).revision)


def name_of(account_id: str) -> str:
    """The customer's name of an account."""
    party_id = accounts.load_account(account_id, EVERY_ACCOUNT).party_id
    return accounts.load_subject(party_id).name


def run_of_cycle(anchor: int, period: Period) -> Run | None:
    """The run of a cycle, supplementary ones apart; None: there is none yet."""
    cursor = None
    while True:
        page = runs.list_runs(cursor=cursor, limit=100)
        for run in page.items:
            if (run.anchor, run.period, run.supplement_of) == (anchor, period, ""):
                return run
        if page.cursor is None or all(run.period.start < period.start for run in page.items):
            return None
        cursor = page.cursor


def start(op: Operation, anchor: int, first_day: date, isp: Isp) -> Period:
    """Prepare the run of a closed period. Nothing is issued before an approval."""
    if anchor not in isp.cycles.anchors:
        raise UnknownCycle(anchor, isp.cycles.anchors)
    period = period_starting(first_day, anchor, isp.isp.zone)
    if period.end > local_day(op.at, isp.isp.zone):
        raise PeriodStillRuns(period)
    existing = run_of_cycle(anchor, period)
    if existing is not None:
        raise CycleAlreadyRun(existing)
    _prepare({"cycle": {"anchor": anchor, "period": period.label}}, attempt=1, actor=op.actor)
    text = f"The bill run of {period.label} was started"
    cycle = f"cycle:{anchor}:{period.label}"
    event = Event("bill-run.started", op.actor, cycle, text, op.at)
    commit([timeline.put_of(None, event), *op.keep(period)])
    return period


def prepare_again(op: Operation, run_id: str, reason: str) -> Run:
    """Open and prepare the next revision of a run in review."""
    event = Event("bill-run.prepared-again", op.actor, run_id, f"Prepared again: {reason}", op.at)
    run = runs.start_revision(run_id, event)
    _prepare(_input_of(run), attempt=run.revision, actor=op.actor)
    commit(op.keep(run))
    return run


def approve(op: Operation, run_id: str, revision: int, digest: str) -> Run:
    """Approve exactly the revision and digest that were seen, and start issuing."""
    text = f"Revision {revision} approved, digest {digest[:12]}"
    event = Event("bill-run.approved", op.actor, run_id, text, op.at, {"digest": digest})
    run = runs.approve(run_id, revision, digest, op.actor, event)
    # Cut off here, the same approval again finds the run approved and comes to this line.
    workflows.start_execution(
        os.environ["ISSUE_MACHINE_ARN"],
        f"issue-{run_id}-{revision}",
        {"run": run_id, "revision": revision, "actor": op.actor},
    )
    commit(op.keep(run))
    return run


def supplementary(op: Operation, run_id: str) -> Run:
    """Prepare a run for the accounts that an approved one left parked; answers the first run."""
    run = runs.load_run(run_id)
    if run.state not in ("approved", "closed"):
        raise RunNotFinished(run)
    if not runs.list_parked(run_id, run.revision):
        raise NothingParked(run_id)
    _prepare({**_input_of(run), "supplement_of": run_id}, attempt=1, actor=op.actor)
    event = Event("bill-run.supplemented", op.actor, run_id, "Parked accounts follow", op.at)
    commit([timeline.put_of(None, event), *op.keep(run)])
    return run


def _input_of(run: Run) -> dict[str, Any]:
    return {"cycle": {"anchor": run.anchor, "period": run.period.label}}


def _prepare(cycle: Mapping[str, Any], *, attempt: int, actor: str) -> None:
    anchor, period = cycle["cycle"]["anchor"], cycle["cycle"]["period"]
    kind = "supplement" if "supplement_of" in cycle else "prepare"
    workflows.start_execution(
        os.environ["PREPARE_MACHINE_ARN"],
        f"{kind}-{anchor:02d}-{period}-{attempt}",
        {**cycle, "attempt": attempt, "actor": actor},
    )

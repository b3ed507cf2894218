"""Bill runs as staff see and steer them: start, look, mend and prepare again, approve, add to.

Nothing here waits. A start or an approval changes the run's row and starts the workflow that does
the work; both may be repeated, and the workflow's name keeps a second one from starting.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from billing.adapters import cycles, workflows
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
    """Parked accounts come in a supplementary run only after the run itself was closed."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"run {run.id} is in state {run.state}: a supplementary run follows one that is closed;"
            " while it is in review, mend the accounts and prepare it again"
        )


class RunUnderWay(BillingError):
    """The work on the run goes on: nothing has to be started again."""

    def __init__(self, run: Run, execution: str) -> None:
        super().__init__(
            f"run {run.id} is in state {run.state} and {execution} works on it: wait until it ends"
        )
        self.run, self.execution = run, execution


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
    """The (anchor, period) pairs that can be billed now, newest first: those with no run yet.

    Cycles without a single account are left out.
    """
    today = local_day(now, isp.isp.zone)
    found: list[tuple[int, Period]] = []
    for anchor in filter(accounts.is_used, isp.cycles.anchors):
        period = period_containing(today, anchor, isp.isp.zone)
        for _ in range(count):
            period = preceding(period, anchor)
            if _known(cycles.run_id_of(anchor, period)) is None:
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


def start(op: Operation, anchor: int, first_day: date, isp: Isp) -> Run:
    """Prepare the run of a closed period. Nothing is issued before an approval."""
    if anchor not in isp.cycles.anchors:
        raise UnknownCycle(anchor, isp.cycles.anchors)
    period = period_starting(first_day, anchor, isp.isp.zone)
    if period.end > local_day(op.at, isp.isp.zone):
        raise PeriodStillRuns(period)
    wanted = Run(cycles.run_id_of(anchor, period), anchor, period, op.at, op.actor)
    return _opened(op, wanted, f"The bill run of {period.label} was started", "1")


def prepare_again(op: Operation, run_id: str, reason: str) -> Run:
    """Open and prepare the next revision of a run in review; one whose execution failed goes on.

    RunUnderWay while a run that is being prepared really is.
    """
    stuck = runs.load_run(run_id)
    suffix = op.id("run")[-8:]
    if stuck.state == "preparing":
        begins = cycles.prepare_name(stuck.anchor, stuck.period, "")
        machine = os.environ["PREPARE_MACHINE_ARN"]
        _refuse_running(stuck, machine, begins, f"{stuck.revision}-{suffix}")
    event = Event("bill-run.prepared-again", op.actor, run_id, f"Prepared again: {reason}", op.at)
    run = runs.start_revision(run_id, event)
    _start_preparing(run, f"{run.revision}-{suffix}", op)
    commit(op.keep(run))
    return run


def approve(op: Operation, run_id: str, revision: int, digest: str) -> Run:
    """Approve exactly the revision and digest that were seen, and start issuing.

    What fails after that goes on by `issue_again`.
    """
    text = f"Revision {revision} approved, digest {digest[:12]}"
    event = Event("bill-run.approved", op.actor, run_id, text, op.at, {"digest": digest})
    run = runs.approve(run_id, revision, digest, op.actor, event)
    # Cut off here, the same approval again finds the run approved and comes to this line.
    if run.state == "approved":
        _start_issuing(run, "1")
    commit(op.keep(run))
    return run


def issue_again(op: Operation, run_id: str) -> Run:
    """Go on issuing an approved run whose execution failed: it finds what is issued already.

    RunUnderWay while an execution still runs. Two at once would harm nothing, for the data decides
    what is issued; refusing only keeps people from starting ten of them.
    """
    run = runs.load_run(run_id)
    if run.state != "approved":
        raise runs.WrongRunState(run, "go on being issued")
    attempt, machine = op.id("run")[-8:], os.environ["ISSUE_MACHINE_ARN"]
    _refuse_running(run, machine, cycles.issue_name(run.id, run.revision, ""), attempt)
    _start_issuing(run, attempt)
    text = f"Issuing of revision {run.revision} was started again"
    event = Event("bill-run.issued-again", op.actor, run_id, text, op.at)
    commit([timeline.put_of(None, event), *op.keep(run)])
    return run


def supplementary(op: Operation, run_id: str) -> Run:
    """Prepare a run for the accounts that a closed one left parked."""
    before = runs.load_run(run_id)
    if before.state != "closed":
        raise RunNotFinished(before)
    if not runs.list_parked(run_id, before.revision):
        raise NothingParked(run_id)
    next_id = cycles.run_id_of(before.anchor, before.period, supplement_of=run_id)
    wanted = Run(next_id, before.anchor, before.period, op.at, op.actor, supplement_of=run_id)
    text = f"A supplementary run to that of {before.period.label} was started"
    return _opened(op, wanted, text, f"s-{run_id[-8:]}")


def _opened(op: Operation, wanted: Run, text: str, attempt: str) -> Run:
    """Start preparing a run that does not exist yet (else CycleAlreadyRun), and open it.

    The workflow is started first and opens the run too: cut off in between, the run appears and
    goes on without us. A name that is taken without a run is that of an execution that failed.
    """
    known = _known(wanted.id)
    if known is not None:
        raise CycleAlreadyRun(known)
    if not _start_preparing(wanted, attempt, op):
        _start_preparing(wanted, f"{attempt}-{op.id('run')[-8:]}", op)
    event = Event("bill-run.started", op.actor, wanted.id, text, op.at)
    opened = replace(wanted, version=1)
    run = runs.open_run(wanted, event, also=op.keep(opened))
    if run != opened:  # the workflow was faster: the answer is about its run
        commit(op.keep(run))
    return run


def _start_preparing(run: Run, attempt: str, op: Operation) -> bool:
    return workflows.start_execution(
        os.environ["PREPARE_MACHINE_ARN"],
        cycles.prepare_name(run.anchor, run.period, attempt),
        cycles.prepare_input(
            run.anchor, run.period, run.revision, op.actor, supplementary=bool(run.supplement_of)
        ),
    )


def _refuse_running(run: Run, machine: str, begins: str, attempt: str) -> None:
    """RunUnderWay if an execution of that kind runs; ours of before a cut does not count."""
    others = workflows.running(machine, begins) - {begins + attempt}
    if others:
        raise RunUnderWay(run, min(others))


def _start_issuing(run: Run, attempt: str) -> bool:
    return workflows.start_execution(
        os.environ["ISSUE_MACHINE_ARN"],
        cycles.issue_name(run.id, run.revision, attempt),
        cycles.issue_input(run.id, run.revision, run.approved_by),
    )


def _known(run_id: str) -> Run | None:
    try:
        return runs.load_run(run_id)
    except runs.RunNotFound:
        return None

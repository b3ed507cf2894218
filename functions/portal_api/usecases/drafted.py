"""What is dated into a closed period: its run must not be approved, or have been, without it."""

from datetime import datetime

from billing.config import Isp
from billing.core.errors import BillingError
from billing.core.period import Period, local_midnight, rfc3339
from billing.store import runs
from billing.store.runs import Run
from billing.store.timeline import Event
from functions.portal_api.operation import Operation

RUNS_LOOKED_BACK = 100  # newest periods first: years of cycles


class PeriodBilledAlready(BillingError):
    """A cycle charges a period once: what is dated into a billed one would move no money.

    Judged by the bills of a cycle and not by the clock: while a period is parked or in review, its
    timeline may still be mended.
    """

    def __init__(self, at: datetime, period: Period) -> None:
        super().__init__(
            f"at: {rfc3339(at)} lies in a period that is billed already; choose a later instant,"
            f" {period.end} or after, and settle the days before with a bill of their own"
        )
        self.at, self.period = at, period


class PeriodIsIssued(BillingError):
    """The bills of the period were approved as they are and are being issued."""

    def __init__(self, at: datetime, run: Run) -> None:
        super().__init__(
            f"at: {rfc3339(at)} lies in the period of {run.period.label}, whose bills are being"
            " issued; wait until they are, and settle the days before with a bill of their own"
        )
        self.at, self.run = at, run


def make_room(op: Operation, anchor: int, at: datetime, isp: Isp, account_id: str = "") -> None:
    """Before something is dated to `at`: the drafts that do not know it are void.

    A run in review or preparation goes to its next revision, so that no approval of what was seen
    before holds any more; staff prepare it again. Where the period is billed it is refused, unless
    the account was left parked and a supplementary run will bill it.
    """
    periods: dict[Period, list[Run]] = {}
    for run in runs.list_runs(limit=RUNS_LOOKED_BACK).items:
        if run.anchor == anchor and at < local_midnight(run.period.end, isp.isp.zone):
            periods.setdefault(run.period, []).append(run)
    for period, of_period in periods.items():
        if approved := next((run for run in of_period if run.state == "approved"), None):
            raise PeriodIsIssued(at, approved)
        open_runs = [run for run in of_period if run.state in ("preparing", "review")]
        if not open_runs and not _left_parked(of_period, account_id):
            raise PeriodBilledAlready(at, period)
        for run in open_runs:
            text = f"The drafts of {run.period.label} are out of date: something was dated before"
            runs.void_revision(run.id, Event("bill-run.outdated", op.actor, run.id, text, op.at))


def _left_parked(of_period: list[Run], account_id: str) -> bool:
    """Whether the last run of a period left the account for a supplementary one."""
    followed = {run.supplement_of for run in of_period}
    return any(
        parked.account_id == account_id
        for run in of_period
        if run.id not in followed
        for parked in runs.list_parked(run.id, run.revision)
    )

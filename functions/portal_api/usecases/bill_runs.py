"""Bill runs as staff see and steer them: start, look, mend and prepare again, approve, add to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from billing.config import Isp
from billing.core.errors import BillingError
from billing.core.invoicing import Difference, Draft, Parked, Totals
from billing.core.period import Period
from billing.store.pages import Page
from functions.portal_api.operation import Operation


class PeriodStillRuns(BillingError):
    """Only a closed period can be billed."""

    def __init__(self, period: Period) -> None:
        super().__init__(
            f"period: the one of {period.start} ends on {period.end}; bill it from that day on"
        )
        self.period = period


class CycleAlreadyRun(BillingError):
    """There is one run per cycle; what it left out comes in a supplementary run."""

    def __init__(self, run_id: str, state: str) -> None:
        super().__init__(
            f"this cycle already has the run {run_id} in state {state}:"
            " prepare it again while it is in review, or start a supplementary run afterwards"
        )
        self.run_id, self.state = run_id, state


class WrongState(BillingError):
    """What was asked for does not fit the run's state."""

    def __init__(self, run_id: str, state: str, needed: str) -> None:
        super().__init__(f"run {run_id} is in state {state}; this needs {needed}")
        self.run_id, self.state = run_id, state


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line of the list of runs."""

    id: str
    anchor: int
    period: Period
    state: str
    revision: int
    bills: int
    parked: int
    totals: tuple[Totals, ...]


@dataclass(frozen=True, slots=True)
class RunReview:
    """A run with what its approver must see. `names` are customers' names by account id."""

    row: RunRow
    digest: str  # of the revision in review; "" before
    approved_by: str
    parked: tuple[Parked, ...]
    differences: tuple[Difference, ...]
    names: Mapping[str, str]


def closed_periods(isp: Isp, now: datetime, count: int = 6) -> list[tuple[int, Period]]:
    """The (anchor, period) pairs that can be billed now, newest first."""
    raise NotImplementedError


def list_runs(*, cursor: str | None = None, limit: int = 25) -> Page[RunRow]:
    raise NotImplementedError


def review(run_id: str) -> RunReview:
    raise NotImplementedError


def drafts(run_id: str, revision: int) -> tuple[Draft, ...]:
    """The bills of a revision, by account; after issue they have numbers (Invoice)."""
    raise NotImplementedError


def start(op: Operation, anchor: int, first_day: date, isp: Isp) -> str:
    """Prepare the run of a closed period; its id. Nothing is issued before an approval."""
    raise NotImplementedError


def prepare_again(op: Operation, run_id: str, reason: str) -> int:
    """Open and prepare the next revision of a run in review; its number."""
    raise NotImplementedError


def approve(op: Operation, run_id: str, revision: int, digest: str) -> None:
    """Approve exactly the revision and digest that were seen, and start issuing."""
    raise NotImplementedError


def supplementary(op: Operation, run_id: str) -> str:
    """Prepare a run for the accounts a finished one left parked; its id."""
    raise NotImplementedError

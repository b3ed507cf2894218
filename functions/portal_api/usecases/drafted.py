"""What is dated into a closed period: its run must not be approved, or have been, without it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from billing.adapters.cycles import run_id_of
from billing.config import Isp
from billing.core.errors import BillingError
from billing.core.period import (
    MOMENT,
    Period,
    Span,
    following,
    local_day,
    period_containing,
    rfc3339,
)
from billing.store import openings, runs
from billing.store.openings import Opened, RunsMoved
from billing.store.runs import Run
from billing.store.transactions import ATTEMPTS_MAX, Put
from functions.portal_api.operation import Operation

Saved = TypeVar("Saved")
OPEN = ("preparing", "review")  # what such a run has drafted can be made void


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


@dataclass(frozen=True, slots=True)
class Dated:
    """Something of an account that takes effect in a span, and the cycles that bill it."""

    account_id: str
    anchors: frozenset[int]
    span: Span
    what: str  # in words, for whoever has to prepare again


def in_room(op: Operation, dated: Dated, isp: Isp, save: Callable[[Sequence[Put]], Saved]) -> Saved:
    """Save what is dated, beside the rows that void the drafts that do not know it.

    A run in review or preparation goes to its next revision in the transaction of the effect, so
    that no approval of what was seen before holds any more; staff prepare it again. Where the
    period is billed it is refused, unless the account was left parked and a supplementary run will
    bill it.
    """

    def attempt() -> Saved:
        cycles = _cycles(dated, isp)
        for cycle in cycles:
            _refuse_settled(dated, cycle.runs)
        return save(_void_puts(op, dated, cycles))

    return while_runs_stand(attempt)


def void_drafts(op: Operation, dated: Dated, isp: Isp) -> list[Put]:
    """The same rows for what may be dated into a billed period, too: it is not charged by it.

    Their transaction is committed by way of `while_runs_stand`.
    """
    return _void_puts(op, dated, _cycles(dated, isp))


def while_runs_stand(attempt: Callable[[], Saved]) -> Saved:
    """What the attempt comes to; again if a run went on meanwhile: nobody has to decide anew."""
    for count in range(1, ATTEMPTS_MAX + 1):
        try:
            return attempt()
        except RunsMoved:
            if count == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


@dataclass(frozen=True, slots=True)
class _Cycle:
    """The runs of a cycle that bill a span, and the row that says that there are no others."""

    runs: tuple[Run, ...]
    unmoved: Put


def _cycles(dated: Dated, isp: Isp) -> list[_Cycle]:
    found: list[_Cycle] = []
    for anchor in sorted(dated.anchors):
        # The mark is read first: a run opened after that moves it, any other one is found.
        opened, unmoved = openings.unmoved(anchor, dated.account_id)
        periods = _periods(anchor, dated.span, opened, isp.isp.zone)
        found.append(_Cycle(tuple(_runs(anchor, periods)), unmoved))
    return found


def _periods(anchor: int, span: Span, opened: Opened, zone: str) -> Iterator[Period]:
    """The periods that have runs and that the span reaches into."""
    if opened.first is None or opened.last is None:
        return
    last = opened.last
    if span.end is not None:
        last = min(last, local_day(span.end - MOMENT, zone))
    period = period_containing(max(opened.first, local_day(span.start, zone)), anchor, zone)
    while period.start <= last:
        yield period
        period = following(period, anchor)


def _runs(anchor: int, periods: Iterable[Period]) -> Iterator[Run]:
    """The run of each period, and those that supplemented it."""
    wanted = [run_id_of(anchor, period) for period in periods]
    while wanted:
        found = runs.load_each(wanted)
        yield from found
        wanted = [run_id_of(anchor, one.period, one.id) for one in found if one.state not in OPEN]


def _void_puts(op: Operation, dated: Dated, cycles: Iterable[_Cycle]) -> list[Put]:
    why = f"{dated.account_id}: {dated.what}"
    puts: list[Put] = []
    for cycle in cycles:
        puts.append(cycle.unmoved)
        for run in cycle.runs:
            if run.state in OPEN:
                puts += runs.void_puts(run, op.actor, why, op.at)
    return puts


def _refuse_settled(dated: Dated, found: Iterable[Run]) -> None:
    of_periods: dict[Period, list[Run]] = {}
    for run in found:
        of_periods.setdefault(run.period, []).append(run)
    for period, of_period in of_periods.items():
        if approved := next((run for run in of_period if run.state == "approved"), None):
            raise PeriodIsIssued(dated.span.start, approved)
        is_open = any(run.state in OPEN for run in of_period)
        if not is_open and not _left_parked(of_period, dated.account_id):
            raise PeriodBilledAlready(dated.span.start, period)


def _left_parked(of_period: list[Run], account_id: str) -> bool:
    """Whether the last run of a period left the account for a supplementary one."""
    followed = {run.supplement_of for run in of_period}
    return any(
        parked.account_id == account_id
        for run in of_period
        if run.id not in followed
        for parked in runs.list_parked(run.id, run.revision)
    )

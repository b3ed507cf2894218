"""Bill runs: opened once for a cycle, drafted in revisions, approved by digest, numbered, closed.

    preparing ─▶ review ─▶ approved ─▶ closed          review ─▶ preparing: the next revision

What is dated into its period leaves the revision in the same transaction (`void_puts`): the next
one is `outdated` until somebody begins it, and nothing of it is drafted before.
A run's row moves under its version; every step may be repeated and finds what it did before.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from billing.core.errors import BillingError
from billing.core.invoicing import Difference, Parked
from billing.store import openings, timeline
from billing.store import series as number_series
from billing.store.openings import RunsMoved
from billing.store.pages import Page, page_of
from billing.store.rows import body_of, find
from billing.store.run_rows import (
    Review,
    Run,
    difference_body,
    difference_of,
    parked_body,
    parked_of,
    review_body,
    review_of,
    run_of,
    run_row,
)
from billing.store.series import Allocation, Series
from billing.store.tables import AccountRow, run_key, run_part_key
from billing.store.timeline import Event
from billing.store.transactions import (
    ATTEMPTS_MAX,
    EditConflict,
    Put,
    commit,
    put_first,
    put_new,
    put_unmoved,
    put_version,
)

__all__ = ["Allocation", "Review", "Run", "Series"]


class RunNotFound(BillingError):
    """There is no such run."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"bill run {run_id} was not found; check its id")
        self.run_id = run_id


class DigestChanged(BillingError):
    """The run is not what the approver saw."""

    def __init__(self, run: "Run", revision: int, seen: str) -> None:
        now = f"its digest is {run.digest[:12]}" if run.digest else "it is being prepared again"
        super().__init__(
            f"bill run {run.id} is not what you saw, revision {revision} with digest {seen[:12]}:"
            f" it is at revision {run.revision}, {now}; look at the review again and approve that"
        )
        self.run, self.revision, self.seen = run, revision, seen


class WrongRunState(BillingError):
    """The step does not follow from the state the run is in."""

    def __init__(self, run: "Run", wanted: str) -> None:
        super().__init__(
            f"bill run {run.id} is in state {run.state} (revision {run.revision}):"
            f" it cannot {wanted}; load it again"
        )
        self.run, self.wanted = run, wanted


def open_run(run: Run, event: Event, also: Sequence[Put] = ()) -> Run:
    """Open a run, or find the one that is open already under its id (which follows from facts).

    also  further rows that must commit with a run that is new
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        found = find(run_key(run.id))
        if found is not None:
            return run_of(found)
        put = put_version(run_row(run), 0, f"bill run {run.id}")
        moved = openings.moved(run.anchor, run.period)
        try:
            commit([put, timeline.put_of(None, event), *moved, *also])
        except EditConflict:  # another execution opened it a moment ago, or another run
            if attempt == ATTEMPTS_MAX:
                raise
        else:
            return replace(run, version=1)
    raise AssertionError("unreachable: the last attempt returns or raises")


def load_run(run_id: str) -> Run:
    row = find(run_key(run_id))
    if row is None:
        raise RunNotFound(run_id)
    return run_of(row)


def load_each(run_ids: Iterable[str]) -> list[Run]:
    """Those of the runs that there are, in no order."""
    keys = [run_key(run_id) for run_id in run_ids]
    rows = AccountRow.batch_get(keys, consistent_read=True) if keys else ()
    return [run_of(row) for row in rows]


def list_runs(*, cursor: str | None = None, limit: int = 25) -> Page[Run]:
    """Runs, newest period first."""

    def query(**kwargs: Any) -> Any:
        return AccountRow.gsi1.query("RUNS", scan_index_forward=False, **kwargs)

    def read(candidate: AccountRow) -> Run | None:
        row = find((candidate.pk, candidate.sk))
        return None if row is None else run_of(row)

    return page_of(query, read, cursor, limit)


def start_revision(run_id: str, event: Event) -> Run:
    """Begin the next revision of a run in review, or the one that is waiting since it was outdated.

    One that is being prepared already stays as it is.
    """

    def decide(run: Run) -> Run:
        if run.state == "preparing":
            return replace(run, outdated="")
        if run.state != "review":
            raise WrongRunState(run, "be prepared again")
        return replace(run, state="preparing", revision=run.revision + 1, digest="")

    return _move(run_id, decide, event)


def void_puts(run: Run, actor: str, why: str, at: datetime) -> list[Put]:
    """The rows that void the revision in review or being prepared, beside what it does not know.

    RunsMoved from their commit: the run went on since it was read. A revision that is outdated
    already has no draft; it only must not be begun meanwhile, and any number of changes may come.
    """
    if run.state not in ("preparing", "review"):
        raise WrongRunState(run, "be drafted anew")
    what = f"bill run {run.id}"
    if run.outdated:
        return [replace(put_unmoved(run_row(run), run.version, what), refusal=RunsMoved(what))]
    text = f"The drafts of {run.period.label}, revision {run.revision}, are out of date: {why}"
    after = replace(run, state="preparing", revision=run.revision + 1, digest="", outdated=text)
    put = replace(put_version(run_row(after), run.version, what), refusal=RunsMoved(what))
    event = Event("bill-run.outdated", actor, run.id, text, at, {"revision": run.revision})
    return [put, timeline.put_of(None, event)]


def park(run_id: str, revision: int, parked: Iterable[Parked]) -> int:
    """Keep who could not be billed and why, once for each; returns how many are new."""
    keys = ((run_part_key(run_id, "PARK", revision, one.account_id), one) for one in parked)
    # The first reason stays, as the first draft does.
    return sum(put_first(AccountRow(*key, body=parked_body(one))) for key, one in keys)


def list_parked(run_id: str, revision: int) -> list[Parked]:
    """Who is parked in a revision, by account."""
    return [parked_of(body_of(row)) for row in _part_rows(run_id, "PARK", revision)]


def put_differences(run_id: str, revision: int, differences: Iterable[Difference]) -> None:
    """Keep how bills differ from the last cycle. The same again writes the same rows."""
    with AccountRow.batch_write() as batch:
        for one in differences:
            row = AccountRow(*run_part_key(run_id, "CMP", revision, one.account_id))
            row.body = difference_body(one)
            batch.save(row)


def list_differences(
    run_id: str, revision: int, *, cursor: str | None = None, limit: int = 100
) -> Page[Difference]:
    """How bills differ from the last cycle, by account."""
    pk, sk = run_part_key(run_id, "CMP", revision)

    def query(**kwargs: Any) -> Any:
        begins = AccountRow.sk.startswith(f"{sk}#")
        return AccountRow.query(pk, begins, consistent_read=True, **kwargs)

    return page_of(query, lambda row: difference_of(body_of(row)), cursor, limit)


def save_review(run_id: str, review: Review, event: Event) -> Run:
    """Keep what the revision came to, and wait for a person: preparing ─▶ review.

    The first review of a revision stays. One that comes when the run has gone on changes nothing.
    """

    def decide(run: Run) -> Run:
        if (run.state, run.revision) != ("preparing", review.revision) or run.outdated:
            return run
        return replace(run, state="review", digest=review.digest)

    row = AccountRow(*run_part_key(run_id, "REV", review.revision), body=review_body(review))
    return _move(run_id, decide, event, also=[put_new(row)])


def load_review(run_id: str, revision: int) -> Review | None:
    """The review of a revision; None: it is still being prepared."""
    row = find(run_part_key(run_id, "REV", revision))
    return None if row is None else review_of(body_of(row))


def approve(run_id: str, revision: int, digest: str, actor: str, event: Event) -> Run:
    """Approve what was seen: review ─▶ approved, if revision and digest are still those.

    DigestChanged otherwise. The same approval again changes nothing.
    """

    def decide(run: Run) -> Run:
        if (run.revision, run.digest) != (revision, digest):
            raise DigestChanged(run, revision, digest)
        if run.state in ("approved", "closed"):
            return run
        if run.state != "review":
            raise WrongRunState(run, "be approved")
        return replace(run, state="approved", approved_by=actor)

    return _move(run_id, decide, event)


def save_closed(run_id: str, event: Event) -> Run:
    """All invoices are out: approved ─▶ closed."""

    def decide(run: Run) -> Run:
        if run.state == "closed":
            return run
        if run.state != "approved":
            raise WrongRunState(run, "be closed")
        return replace(run, state="closed")

    return _move(run_id, decide, event)


def allocate(
    series: Series, run_id: str, revision: int, count: int, today: date, event: Event
) -> Allocation:
    """Take numbers for the manifest of a run and seller, once; again finds the same numbers."""
    holder = run_part_key(run_id, "ALLOC", revision, series.seller_id)
    return number_series.allocate(series, count, today, holder, event)


def _part_rows(run_id: str, part: str, revision: int) -> Iterator[AccountRow]:
    pk, sk = run_part_key(run_id, part, revision)
    return iter(AccountRow.query(pk, AccountRow.sk.startswith(f"{sk}#"), consistent_read=True))


def _move(run_id: str, decide: Callable[[Run], Run], event: Event, also: Sequence[Put] = ()) -> Run:
    """Read the run, decide, write it under its version; read again if another step came first."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        run = load_run(run_id)
        after = decide(run)
        if after == run:
            return run
        put = put_version(run_row(after), run.version, f"bill run {run_id}")
        try:
            commit([put, *also, timeline.put_of(None, event)])
        except EditConflict:
            if attempt == ATTEMPTS_MAX:
                raise
        else:
            return replace(after, version=run.version + 1)
    raise AssertionError("unreachable: the last attempt returns or raises")

"""Number series without gaps: one transaction moves a series and writes who took the numbers.

A series belongs to (seller, document type, year). Its row holds the last number given and its date;
dates never go back, so a later number never bears an earlier date.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.core.errors import BillingError
from billing.store import timeline
from billing.store.rows import body_of, find, version_of
from billing.store.tables import AccountRow, Key, series_key
from billing.store.timeline import Event
from billing.store.transactions import ATTEMPTS_MAX, EditConflict, commit, put_new, put_version


class AllocationDiffers(BillingError):
    """The holder took another count of numbers before."""

    def __init__(self, allocation: "Allocation", count: int) -> None:
        super().__init__(
            f"{allocation.count} numbers were allocated here before, not {count}:"
            " a frozen manifest never changes, so find out which list is wrong"
        )
        self.allocation, self.count = allocation, count


@dataclass(frozen=True, slots=True)
class Series:
    """A sequence of document numbers."""

    seller_id: str
    document_type: str  # "invoice"
    year: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """The numbers first .. first + count - 1, all dated issued_on (local day)."""

    series: Series
    first: int
    count: int
    issued_on: date

    def number_of(self, rank: int) -> int:
        """The number of the document of that rank, from 0."""
        if not 0 <= rank < self.count:
            raise ValueError(f"rank {rank} is outside the {self.count} numbers allocated")
        return self.first + rank


def allocate(series: Series, count: int, today: date, holder: Key, event: Event) -> Allocation:
    """Take `count` numbers for a holder, once: the same holder finds the numbers it took.

    holder  where the allocation is kept; of an ad-hoc document `ad_hoc_key(document_id)`, of a run
            as `runs.allocate` says
    today   local day; the numbers bear it, or the series' last date if that is later
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        found = load_allocation(holder)
        if found is not None:
            if found.count != count:
                raise AllocationDiffers(found, count)
            return found
        last, last_date, version = _load(series)
        allocation = Allocation(series, last + 1, count, max(today, last_date or today))
        own = AccountRow(*holder, body=_json(allocation_to_dict(allocation)))
        row = AccountRow(*series_key(series.seller_id, series.document_type, series.year))
        row.body = _json({"n": last + count, "date": allocation.issued_on.isoformat()})
        moved = put_version(row, version, f"number series {row.pk}")
        taken = EditConflict("the allocation")
        try:
            commit([put_new(own, taken), moved, timeline.put_of(None, event)])
        except EditConflict:  # others took numbers, or another attempt took ours: read again
            if attempt == ATTEMPTS_MAX:
                raise
        else:
            return allocation
    raise AssertionError("unreachable: the last attempt returns or raises")


def load_allocation(holder: Key) -> Allocation | None:
    """The numbers a holder took; None: it took none."""
    row = find(holder)
    return None if row is None else allocation_from(body_of(row))


def ad_hoc_key(document_id: str) -> Key:
    """The holder of the number of a document outside of runs."""
    return f"ALLOC#{document_id}", "ALLOC"


def last_number(series: Series) -> int:
    """The last number given; 0: none yet."""
    return _load(series)[0]


def allocation_to_dict(allocation: Allocation) -> dict[str, Any]:
    """For storage, and on the way from state to state of a workflow."""
    return {
        "seller_id": allocation.series.seller_id,
        "document_type": allocation.series.document_type,
        "year": allocation.series.year,
        "first": allocation.first,
        "count": allocation.count,
        "issued_on": allocation.issued_on.isoformat(),
    }


def allocation_from(body: Mapping[str, Any]) -> Allocation:
    """The inverse of `allocation_to_dict`."""
    series = Series(body["seller_id"], body["document_type"], body["year"])
    issued_on = date.fromisoformat(body["issued_on"])
    return Allocation(series, body["first"], body["count"], issued_on)


def _load(series: Series) -> tuple[int, date | None, int]:
    row = find(series_key(series.seller_id, series.document_type, series.year))
    if row is None:
        return 0, None, 0
    body = body_of(row)
    return body["n"], date.fromisoformat(body["date"]), version_of(row)


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True)

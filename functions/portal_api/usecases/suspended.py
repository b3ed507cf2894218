"""Usage records that cannot be counted as they are: list, correct, send through again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from billing.store.pages import Page
from functions.portal_api.operation import Operation


@dataclass(frozen=True, slots=True)
class Suspended:
    """One record with the reason it is suspended. `id` is "<day>.<hash>"."""

    id: str
    day: date
    reason: str
    raw: str  # as it came
    state: str  # open, recycled
    received_at: datetime | None


def list_suspended(day: date, *, cursor: str | None = None, limit: int = 50) -> Page[Suspended]:
    """The records suspended on a day, in order of arrival."""
    raise NotImplementedError


def recycle(
    op: Operation, record_id: str, record: Mapping[str, Any] | None, reason: str
) -> Suspended:
    """Send a record through again, corrected or as it is."""
    raise NotImplementedError

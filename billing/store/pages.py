"""Pages of a long list: some items, and a cursor for the next ones."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from billing.core.errors import BillingError

T = TypeVar("T")


class BadCursor(BillingError):
    """The cursor is not one that this list gave."""

    def __init__(self) -> None:
        super().__init__("cursor: not one of this list; begin again without a cursor")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in the list's order. No cursor: there are no more. The door signs cursors it shows."""

    items: tuple[T, ...]
    cursor: str | None = None


def page_of(
    query: Callable[..., Any], read: Callable[[Any], T | None], cursor: str | None, limit: int
) -> Page[T]:
    """One page of a pynamodb query; rows that `read` answers with None are left out."""
    try:
        start: object = None if cursor is None else json.loads(cursor)
    except (ValueError, RecursionError):
        raise BadCursor from None
    if not (start is None or isinstance(start, dict)):
        raise BadCursor
    rows = query(limit=limit, last_evaluated_key=start)
    items = tuple(item for row in rows if (item := read(row)) is not None)
    end = rows.last_evaluated_key
    return Page(items, None if end is None else json.dumps(end, sort_keys=True))

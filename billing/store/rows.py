"""Reading one row: under its key, consistently, its body as JSON."""

import json
from collections.abc import Iterable
from typing import Any

from pynamodb.exceptions import DoesNotExist

from billing.store.tables import AccountRow, Key, LedgerRow


def find(key: Key) -> AccountRow | None:
    """The row of the accounts table under a key; None: there is none."""
    try:
        return AccountRow.get(*key, consistent_read=True)
    except DoesNotExist:
        return None


def find_document(key: Key) -> LedgerRow | None:
    """The row of the ledger table under a key; None: there is none."""
    try:
        return LedgerRow.get(*key, consistent_read=True)
    except DoesNotExist:
        return None


def body_of(row: AccountRow | LedgerRow) -> dict[str, Any]:
    return json.loads(row.body or "{}")


def version_of(row: AccountRow) -> int:
    """The number of times the row was written; a row is read with it and saved under it."""
    return int(row.version or 0)


def of_prefix(rows: Iterable[AccountRow], prefix: str) -> list[AccountRow]:
    """The rows of one type among those of a partition, in key order."""
    return [row for row in rows if row.sk.startswith(prefix)]

"""Imports of customers from another system: opened once for a file, one transaction for each row.

The id of an import follows from its file and the one who sends it, and its instant is kept with it;
ids of what it makes follow from both. So a killed import, sent again, makes the same customers, and
the locks of external ids tell which it made before.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from billing.core.errors import BillingError
from billing.core.ids import derived_id
from billing.core.period import instant_from, rfc3339
from billing.store import timeline
from billing.store.rows import body_of, find, version_of
from billing.store.tables import AccountRow, import_key
from billing.store.timeline import Event
from billing.store.transactions import EditConflict, commit, put_version


class ImportNotFound(BillingError):
    """There is no such import."""

    def __init__(self, import_id: str) -> None:
        super().__init__(f"import {import_id} was not found; check its id")
        self.import_id = import_id


@dataclass(frozen=True, slots=True)
class Import:
    """One file of customers. `at` is when it was first opened: repeats take over that instant."""

    id: str
    digest: str  # SHA-256 of the file, hex
    rows: int
    at: datetime
    actor: str
    state: Literal["running", "done"] = "running"
    made: int = 0  # customers this import made, repeats included
    version: int = 0

    def id_of(self, prefix: str, external_id: str) -> str:
        """The id of what a row makes: the same in every attempt at the same file."""
        return derived_id(prefix, self.at, "import", external_id)


def import_id(digest: str) -> str:
    """The id of the import of a file; the same file is the same import, whenever it is sent."""
    return f"imp_{digest[:26]}"


def open_import(new: Import, event: Event) -> Import:
    """Open an import, or find the one that was opened for the same file, with its instant."""
    found = find(import_key(new.id))
    if found is not None:
        return _import(found)
    try:
        commit([put_version(_row(new), 0, f"import {new.id}"), timeline.put_of(None, event)])
    except EditConflict:  # sent twice at once: the first one's instant counts
        return load_import(new.id)
    return replace(new, version=1)


def load_import(import_id: str) -> Import:
    row = find(import_key(import_id))
    if row is None:
        raise ImportNotFound(import_id)
    return _import(row)


def save_done(done: Import, made: int, event: Event) -> Import:
    """Every row is in: running ─▶ done. Again: nothing changes."""
    stored = load_import(done.id)
    if stored.state == "done":
        return stored
    after = replace(stored, state="done", made=made)
    put = put_version(_row(after), stored.version, f"import {done.id}")
    commit([put, timeline.put_of(None, event)])
    return replace(after, version=stored.version + 1)


def _row(one: Import) -> AccountRow:
    row = AccountRow(*import_key(one.id), state=one.state)
    row.body = json.dumps(
        {
            "id": one.id,
            "digest": one.digest,
            "rows": one.rows,
            "at": rfc3339(one.at),
            "actor": one.actor,
            "made": one.made,
        },
        sort_keys=True,
    )
    return row


def _import(row: AccountRow) -> Import:
    body = body_of(row)
    body["at"] = instant_from(body["at"])
    return Import(
        **body,
        state=row.state,  # pyright: ignore[reportArgumentType]
        version=version_of(row),
    )

"""Whose usage is it: dated assignments of an identity to services, without overlap.

All assignments of an identity are one row under a version, so that an overlap cannot slip in
between two writers. Usage is resolved when it is read: a corrected assignment corrects the past.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from billing.core.party import (
    IdentityAssignment,
    assign,
    assignment_from,
    assignment_to_dict,
    close,
    take_over,
)
from billing.store import timeline
from billing.store.rows import find, version_of
from billing.store.tables import AccountRow, account_identity_key, identity_key
from billing.store.timeline import Event
from billing.store.transactions import (
    ATTEMPTS_MAX,
    EditConflict,
    Put,
    commit,
    put_same,
    put_version,
)

Assignments = tuple[IdentityAssignment, ...]
Beside = Callable[[Assignments], Sequence[Put]]
"""Further rows of the transaction, given those who lose something by it, as they stood before."""


def _nothing(_: Assignments) -> Sequence[Put]:
    return ()


def save_assignment(
    new: IdentityAssignment, event: Event, beside: Beside = _nothing, *, takes_over: bool = False
) -> bool:
    """Assign an identity to a service. False: it is assigned so already.

    IdentityAlreadyAssigned when another service holds it at any time of the span; with `takes_over`
    the one that holds it at its start loses it there, in the same transaction.
    """
    decide = take_over if takes_over else assign
    return _save(new.identity, new.account_id, lambda held: decide(held, new), event, beside)


def save_closed(
    identity: str,
    account_id: str,
    service_id: str,
    at: datetime,
    event: Event,
    beside: Beside = _nothing,
) -> bool:
    """End a service's assignment at an instant. False: it ended then already."""

    def decide(existing: Assignments) -> Assignments:
        return close(existing, identity, service_id, at)

    return _save(identity, account_id, decide, event, beside)


def who_has(identity: str) -> Assignments:
    """All assignments the identity ever had, by start; none: nobody claims its usage."""
    return _load(identity)[0]


def who_has_each(identities: Iterable[str]) -> dict[str, Assignments]:
    """The assignments of many identities; those of nobody are left out."""
    keys = [identity_key(identity) for identity in sorted(set(identities))]
    rows = AccountRow.batch_get(keys, consistent_read=True) if keys else ()
    return {row.pk.removeprefix("IDN#"): _assignments(row) for row in rows}


def assignments_of(account_id: str) -> Assignments:
    """The assignments of an account's services, by identity and start."""
    rows = AccountRow.query(
        f"ACC#{account_id}", AccountRow.sk.startswith("IDN#"), consistent_read=True
    )
    return of_account(account_id, rows)


def of_account(account_id: str, pointers: Iterable[AccountRow]) -> Assignments:
    """The same from the IDN# rows of an account's partition that were read already."""
    held = who_has_each(row.sk.removeprefix("IDN#") for row in pointers)
    return tuple(
        one for _, ours in sorted(held.items()) for one in ours if one.account_id == account_id
    )


def puts_of(new: Sequence[IdentityAssignment]) -> list[Put]:
    """The rows of assignments of one account, for a larger transaction; none of what is so already.

    Read from the table now: a refusal of the commit as EditConflict means to read again.
    """
    puts: list[Put] = []
    for identity in sorted({one.identity for one in new}):
        ours = [one for one in new if one.identity == identity]
        existing, version = _load(identity)
        after = existing
        for one in ours:
            after = assign(after, one)
        if after != existing:
            puts += _puts(identity, ours[0].account_id, after, version)
    return puts


def _save(
    identity: str,
    account_id: str,
    decide: Callable[[Assignments], Assignments],
    event: Event,
    beside: Beside,
) -> bool:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        existing, version = _load(identity)
        after = decide(existing)
        if after == existing:
            return False
        puts = _puts(identity, account_id, after, version)
        lost = tuple(one for one in existing if one not in after)
        try:
            return commit([*puts, timeline.put_of(account_id, event), *beside(lost)])
        except EditConflict:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _puts(identity: str, account_id: str, after: Assignments, version: int) -> list[Put]:
    row = AccountRow(*identity_key(identity))
    row.body = json.dumps([assignment_to_dict(one) for one in after], sort_keys=True)
    pointer = AccountRow(*account_identity_key(account_id, identity))
    return [put_version(row, version, f"identity {identity}"), put_same(pointer)]


def _load(identity: str) -> tuple[Assignments, int]:
    row = find(identity_key(identity))
    return ((), 0) if row is None else (_assignments(row), version_of(row))


def _assignments(row: AccountRow) -> Assignments:
    return tuple(assignment_from(one) for one in json.loads(row.body or "[]"))

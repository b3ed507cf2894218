"""Services and the identities whose usage is theirs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from billing.config import Isp
from billing.core.party import Address, IdentityAssignment, Service, close
from billing.core.period import Span, rfc3339
from billing.store import accounts, assignments, timeline
from billing.store.access import EVERY_ACCOUNT, Access
from billing.store.assignments import Assignments
from billing.store.timeline import Event
from billing.store.transactions import EditConflict, Put, commit
from functions.portal_api.operation import Operation
from functions.portal_api.usecases.drafted import Dated, void_drafts, while_runs_stand


def service(account_id: str, service_id: str, sees: Access) -> Service:
    """One service of an account. Raises ServiceNotFound."""
    return accounts.load_service(account_id, service_id, sees)


def identities(account_id: str, service_id: str, sees: Access) -> tuple[IdentityAssignment, ...]:
    """The dated assignments of a service, by identity and start."""
    sees.check(account_id)
    held = assignments.assignments_of(account_id)
    return tuple(one for one in held if one.service_id == service_id)


def create(op: Operation, account_id: str, fields: Mapping[str, Any]) -> Service:
    """A service, with identities from `since` on; `fields` are those of wire.requests.ServiceIn."""
    accounts.load_account(account_id, EVERY_ACCOUNT)
    new = Service(
        id=op.id("svc"),
        account_id=account_id,
        name=fields["name"],
        kind=fields["kind"],
        site=Address(**fields["site"]),
        external_id=fields["external_id"],
    )
    since = fields["since"] or op.at
    held = [
        IdentityAssignment(identity, new.id, account_id, Span(since, None))
        for identity in fields["identities"]
    ]
    event = Event("service.created", op.actor, new.id, f"Service {new.name} was created", op.at)
    saved = replace(new, version=1)
    accounts.save_new_service(new, event, identities=held, also=op.keep(saved))
    return saved


def edit(
    op: Operation, account_id: str, service_id: str, version: int, changes: Mapping[str, Any]
) -> Service:
    """Change what `changes` names. `version` is the one that was seen; else EditConflict."""
    stored = service(account_id, service_id, EVERY_ACCOUNT)
    if stored.version != version:
        raise EditConflict(f"service {service_id}")
    fields = dict(changes)
    if fields.get("site"):
        fields["site"] = Address(**fields["site"])
    edited = replace(stored, **fields)
    text = f"Service {edited.name}: {', '.join(sorted(changes))} changed"
    return accounts.save_service(
        edited, Event("service.changed", op.actor, service_id, text, op.at)
    )


def assign(
    op: Operation,
    account_id: str,
    service_id: str,
    identity: str,
    since: datetime,
    until: datetime | None,
    isp: Isp,
    *,
    take_over: bool,
) -> IdentityAssignment:
    """Give an identity to a service; `take_over` ends another service's assignment at `since`.

    A move is one transaction, and with it the drafts of both accounts that do not know it are void.
    A billed period is no obstacle: what it did not count is late usage.
    """
    service(account_id, service_id, EVERY_ACCOUNT)
    new = IdentityAssignment(identity, service_id, account_id, Span(since, until))
    text = f"{identity} belongs to this service from {rfc3339(since)}"
    event = Event("identity.assigned", op.actor, service_id, text, op.at)

    def beside(lost: Assignments) -> list[Put]:
        span = Span(since, None) if lost else new.span
        what = f"{identity} moves to another service at {rfc3339(since)}"
        return [
            *_left(op, account_id, lost, span, what if lost else text, isp),
            *(
                timeline.put_of(
                    one.account_id, Event("identity.ended", op.actor, one.service_id, what, op.at)
                )
                for one in lost
            ),
            *op.keep(new),
        ]

    while_runs_stand(lambda: assignments.save_assignment(new, event, beside, takes_over=take_over))
    return new


def end_identity(
    op: Operation, account_id: str, service_id: str, identity: str, at: datetime, isp: Isp
) -> IdentityAssignment:
    """From an instant on, usage of an identity is not the service's any more.

    Raises IdentityNotAssigned. Ended then already, it stays as it is. Usage is resolved when it is
    read: an end in the past takes usage away that no bill has counted yet.
    """
    service(account_id, service_id, EVERY_ACCOUNT)
    ended = _assignment_ended(identity, service_id, at)
    text = f"{identity} belongs to this service until {rfc3339(at)}"
    event = Event("identity.ended", op.actor, service_id, text, op.at)

    def beside(lost: Assignments) -> list[Put]:
        return [*_left(op, account_id, lost, Span(at, None), text, isp), *op.keep(ended)]

    if not while_runs_stand(
        lambda: assignments.save_closed(identity, account_id, service_id, at, event, beside)
    ):
        commit(op.keep(ended))
    return ended


def _left(
    op: Operation, account_id: str, lost: Assignments, span: Span, what: str, isp: Isp
) -> list[Put]:
    """The rows that void the drafts of an account and of those who lose the identity to it."""
    concerned = {account_id, *(one.account_id for one in lost)}
    held = [accounts.load_account(one, EVERY_ACCOUNT) for one in sorted(concerned)]
    anchors = frozenset(one.cycle_anchor for one in held)
    return void_drafts(op, Dated(account_id, anchors, span, what), isp)


def _assignment_ended(identity: str, service_id: str, at: datetime) -> IdentityAssignment:
    """The service's assignment as it will be."""
    after = close(assignments.who_has(identity), identity, service_id, at)
    return next(one for one in after if one.service_id == service_id and one.span.end == at)

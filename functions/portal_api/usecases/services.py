"""Services and the identities whose usage is theirs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing.core.party import IdentityAssignment, Service
from billing.store.access import Access
from functions.portal_api.operation import Operation


def service(account_id: str, service_id: str, sees: Access) -> Service:
    raise NotImplementedError


def create(op: Operation, account_id: str, fields: Mapping[str, Any]) -> Service:
    """A service, with identities from `since` on; `fields` are those of wire.requests.ServiceIn."""
    raise NotImplementedError


def edit(
    op: Operation, account_id: str, service_id: str, version: int, changes: Mapping[str, Any]
) -> Service:
    raise NotImplementedError


def assign(
    op: Operation,
    account_id: str,
    service_id: str,
    identity: str,
    since: datetime,
    until: datetime | None,
    *,
    take_over: bool,
) -> tuple[IdentityAssignment, ...]:
    """Give an identity to a service; `take_over` ends another service's assignment at `since`."""
    raise NotImplementedError


def identities(account_id: str, service_id: str, sees: Access) -> tuple[IdentityAssignment, ...]:
    raise NotImplementedError

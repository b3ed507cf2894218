"""Subscriptions: begin one, change its plan, end it, and say before what it will cost."""

from dataclasses import dataclass
from datetime import datetime

from billing.config import Isp
from billing.core.charging import Charge
from billing.core.money import Money
from billing.core.subscription import Subscription
from billing.store.access import Access
from functions.portal_api.operation import Operation


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change will add to the next bill, before tax."""

    subscription: Subscription  # as it would be afterwards
    lines: tuple[Charge, ...]
    total: Money
    usage_from: datetime  # the grid hour from which usage is rated under the new price


def subscription(account_id: str, subscription_id: str, sees: Access) -> Subscription:
    """One subscription with its timeline. Raises NotFound."""
    raise NotImplementedError


def begin(
    op: Operation,
    *,
    account_id: str,
    service_id: str,
    offering_id: str,
    since: datetime,
    isp: Isp,
) -> Subscription:
    """A new subscription of a service, at the price version valid on that local day."""
    raise NotImplementedError


def preview_change(
    account_id: str,
    subscription_id: str,
    offering_id: str,
    at: datetime,
    sees: Access,
    isp: Isp,
) -> Preview:
    raise NotImplementedError


def change(
    op: Operation,
    account_id: str,
    subscription_id: str,
    offering_id: str,
    at: datetime,
    version: int,
    isp: Isp,
) -> Subscription:
    """Change the plan. `version` is the one that was seen; else EditConflict."""
    raise NotImplementedError


def preview_end(
    account_id: str, subscription_id: str, at: datetime, sees: Access, isp: Isp
) -> Preview:
    raise NotImplementedError


def end(
    op: Operation, account_id: str, subscription_id: str, at: datetime, version: int
) -> Subscription:
    raise NotImplementedError

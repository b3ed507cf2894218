"""Subscriptions: begin one, change its plan, end it, and say before what it will cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.config import Isp
from billing.core import charging
from billing.core import subscription as core
from billing.core.catalog import PriceVersion
from billing.core.charging import Charge
from billing.core.errors import BillingError
from billing.core.money import CurrencyMismatch, Money
from billing.core.party import Account
from billing.core.period import (
    Period,
    Span,
    local_day,
    local_midnight,
    next_grid_hour,
    period_containing,
    rfc3339,
)
from billing.core.subscription import Subscription
from billing.store import accounts, catalog, invoices
from billing.store.access import EVERY_ACCOUNT, Access
from billing.store.customers import load_customer
from billing.store.timeline import Event
from billing.store.transactions import EditConflict
from functions.portal_api.operation import Operation
from functions.portal_api.usecases.drafted import Dated, PeriodBilledAlready, in_room

# Credits reach back to the lines that were charged in advance; a year of bills holds them all.
BILLS_LOOKED_BACK = 13


class PlanHeldAlready(BillingError):
    """A change to the price that is held changes nothing."""

    def __init__(self, subscription: Subscription) -> None:
        name = subscription.current.price.name
        super().__init__(f"{subscription.id} is on {name} already: choose another plan")
        self.subscription_id = subscription.id


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change will add to the next bill, before tax."""

    subscription: Subscription  # as it would be afterwards
    lines: tuple[Charge, ...]
    total: Money
    usage_from: datetime  # the grid hour from which usage is counted under the new price


class PlanRuns(BillingError):
    """A second plan on a service would charge it twice."""

    def __init__(self, running: Subscription) -> None:
        super().__init__(
            f"the service already pays {running.current.price.name}:"
            " change that plan, or let the new one begin when it has ended"
        )
        self.running = running


def subscription(account_id: str, subscription_id: str, sees: Access) -> Subscription:
    """One subscription with its timeline. Raises SubscriptionNotFound."""
    return accounts.load_subscription(account_id, subscription_id, sees, catalog.price_versions())


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
    account = _account(account_id)
    accounts.load_service(account_id, service_id, EVERY_ACCOUNT)
    price = _price(offering_id, since, isp)
    if price.currency != account.currency:
        raise CurrencyMismatch(account.currency, price.currency)
    _refuse_billed(account_id, since)
    new = core.start(op.id("sub"), account_id, service_id, price, since)
    _refuse_second(new)
    text = f"{price.name} begins at {rfc3339(since)}"
    event = Event("subscription.started", op.actor, new.id, text, op.at)
    return _save(op, account, new, since, event, isp)


def preview_change(
    account_id: str,
    subscription_id: str,
    offering_id: str,
    at: datetime,
    sees: Access,
    isp: Isp,
) -> Preview:
    """What changing the plan at an instant will add to the next bill. Writes nothing."""
    account = accounts.load_account(account_id, sees)
    now = subscription(account_id, subscription_id, sees)
    price = _price(offering_id, at, isp)
    after = _changed(now, price, at)
    billed = _billed(account_id, subscription_id)
    lines = charging.preview_change(now, price, at, _period(account, at, isp), billed)
    return _preview(after, lines, at, isp)


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
    now = _seen(account_id, subscription_id, version)
    price = _price(offering_id, at, isp)
    after = _changed(now, price, at)
    text = f"Plan changes from {now.current.price.name} to {price.name} at {rfc3339(at)}"
    event = Event("subscription.changed", op.actor, subscription_id, text, op.at)
    return _save(op, _account(account_id), after, at, event, isp)


def preview_end(
    account_id: str, subscription_id: str, at: datetime, sees: Access, isp: Isp
) -> Preview:
    """What ending the subscription at an instant will add to the next bill. Writes nothing."""
    account = accounts.load_account(account_id, sees)
    now = subscription(account_id, subscription_id, sees)
    after = _ended(now, at)
    billed = _billed(account_id, subscription_id)
    lines = charging.preview_end(now, at, _period(account, at, isp), billed)
    return _preview(after, lines, at, isp)


def end(
    op: Operation, account_id: str, subscription_id: str, at: datetime, version: int, isp: Isp
) -> Subscription:
    """End the subscription. `version` is the one that was seen; else EditConflict."""
    after = _ended(_seen(account_id, subscription_id, version), at)
    text = f"{after.current.price.name} ends at {rfc3339(at)}"
    event = Event("subscription.ended", op.actor, subscription_id, text, op.at)
    return _save(op, _account(account_id), after, at, event, isp)


def _account(account_id: str) -> Account:
    return accounts.load_account(account_id, EVERY_ACCOUNT)


def _save(
    op: Operation, account: Account, after: Subscription, at: datetime, event: Event, isp: Isp
) -> Subscription:
    """Save what is another from `at` on, and leave the drafts that do not know it."""
    kept = op.keep(replace(after, version=after.version + 1))
    dated = Dated(account.id, frozenset({account.cycle_anchor}), Span(at, None), event.text)
    return in_room(
        op, dated, isp, lambda room: accounts.save_subscription(after, event, [*kept, *room])
    )


def _changed(now: Subscription, price: PriceVersion, at: datetime) -> Subscription:
    after = core.change_plan(now, price, at)
    if after == now:
        raise PlanHeldAlready(now)
    _refuse_billed(now.account_id, at)
    return after


def _ended(now: Subscription, at: datetime) -> Subscription:
    if now.ended == at:
        raise core.AlreadyEnded(now.id, at)
    after = core.end(now, at)
    _refuse_billed(now.account_id, at)
    return after


def _refuse_billed(account_id: str, at: datetime) -> None:
    period = invoices.last_billed_period(account_id)
    if period is not None and at < local_midnight(period.end, period.zone):
        raise PeriodBilledAlready(at, period)


def _seen(account_id: str, subscription_id: str, version: int) -> Subscription:
    found = subscription(account_id, subscription_id, EVERY_ACCOUNT)
    if found.version != version:
        raise EditConflict(f"subscription {subscription_id}")
    return found


def _price(offering_id: str, at: datetime, isp: Isp) -> PriceVersion:
    return catalog.load_offering(offering_id).version_on(local_day(at, isp.isp.zone))


def _period(account: Account, at: datetime, isp: Isp) -> Period:
    zone = isp.isp.zone
    return period_containing(local_day(at, zone), account.cycle_anchor, zone)


def _billed(account_id: str, subscription_id: str) -> list[Charge]:
    found = invoices.list_invoices(account_id, EVERY_ACCOUNT, limit=BILLS_LOOKED_BACK)
    return [
        line
        for invoice in found.items
        for line in invoice.lines
        if line.subscription_id == subscription_id and line.kind != "usage"
    ]


def _preview(after: Subscription, lines: Sequence[Charge], at: datetime, isp: Isp) -> Preview:
    total = Money.total((line.amount for line in lines), after.current.price.currency)
    return Preview(after, tuple(lines), total, next_grid_hour(at, isp.usage.grid_zone))


def _refuse_second(new: Subscription) -> None:
    """A service pays one plan at a time. The same request again is not a second one."""
    for one in load_customer(new.account_id, EVERY_ACCOUNT).subscriptions:
        runs_on = one.ended is None or one.ended > new.started
        if one.id != new.id and one.service_id == new.service_id and runs_on:
            raise PlanRuns(one)

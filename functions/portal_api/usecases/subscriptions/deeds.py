"""An operation on a subscription, once decided: previewed, or saved with all that belongs to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from billing.config import Isp
from billing.core import charging
from billing.core.charging import Charge, PriceOf
from billing.core.money import Money
from billing.core.party import Account
from billing.core.period import (
    Period,
    Span,
    local_midnight,
    next_grid_hour,
)
from billing.core.subscription import Subscription
from billing.store import accounts, catalog, invoices
from billing.store.access import EVERY_ACCOUNT, Access
from billing.store.timeline import Event
from billing.store.transactions import EditConflict
from functions.portal_api.operation import Operation
from functions.portal_api.usecases.drafted import Dated, PeriodBilledAlready, in_room
from functions.portal_api.usecases.subscriptions.held import Held, load_held

# Credits reach back to the lines that were charged in advance; a year of bills holds them all.
BILLS_LOOKED_BACK = 13
PREVIEWED = "sub_preview"  # the id of what a preview begins


@dataclass(frozen=True, slots=True)
class Deed:
    """What an operation makes of one or more subscriptions of an account.

    after   all that it changes or begins; first the one it was asked for
    since   the instant from which bills are others than before
    kind    of the event that tells it in `text`; `data` goes with it
    """

    after: tuple[Subscription, ...]
    since: datetime
    kind: str
    text: str
    data: dict[str, Any] | None = None


Decide = Callable[[Held], Deed]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change will add to the next bill, before tax."""

    subscription: Subscription  # as it would be afterwards
    others: tuple[Subscription, ...]  # that change, begin or end with it
    lines: tuple[Charge, ...]
    total: Money
    at: datetime
    usage_from: datetime  # the grid hour from which usage is counted under the new price
    price_of: PriceOf


def subscription(account_id: str, subscription_id: str, sees: Access) -> Subscription:
    """One subscription with its timeline. Raises SubscriptionNotFound."""
    return accounts.load_subscription(account_id, subscription_id, sees, catalog.price_versions())


def preview(
    account_id: str,
    subscription_id: str,
    decide: Decide,
    sees: Access,
    now: datetime,
    isp: Isp,
) -> Preview:
    """What an operation will add to the bill of the period it is dated into. Writes nothing."""
    held = load_held(account_id, subscription_id, sees, now, isp, new_id=preview_id)
    return preview_of(decide(held), held.account, held.period, isp)


def do(
    op: Operation, account_id: str, subscription_id: str, version: int, decide: Decide, isp: Isp
) -> Subscription:
    """Do it. `version` of the subscription is the one that was seen; else EditConflict."""
    held = load_held(account_id, subscription_id, EVERY_ACCOUNT, op.at, isp, new_id=op.id)
    if held.subscription.version != version:
        raise EditConflict(f"subscription {subscription_id}")
    return save(op, held.account, decide(held), isp)


def save(op: Operation, account: Account, deed: Deed, isp: Isp) -> Subscription:
    """Save all of it in one transaction, and leave the drafts that do not know it."""
    refuse_billed(account.id, deed.since)
    first, *_ = deed.after
    event = Event(deed.kind, op.actor, first.id, deed.text, op.at, deed.data or {})
    kept = op.keep(replace(first, version=first.version + 1))
    dated = Dated(account.id, frozenset({account.cycle_anchor}), Span(deed.since, None), deed.text)
    saved = in_room(
        op,
        dated,
        isp,
        lambda room: accounts.save_subscriptions(deed.after, event, [*kept, *room]),
    )
    return saved[0]


def preview_of(
    deed: Deed, account: Account, period_of: Callable[[datetime], Period], isp: Isp
) -> Preview:
    """The lines of the bill that closes the period the deed is dated into, but for usage."""
    refuse_billed(account.id, deed.since)
    first, *others = deed.after
    period = period_of(deed.since)
    billed = billed_of(account.id, {one.id for one in deed.after})
    lines = [line for one in deed.after for line in charging.preview(one, period, billed)]
    return Preview(
        first,
        tuple(others),
        tuple(lines),
        Money.total((line.amount for line in lines), account.currency),
        deed.since,
        next_grid_hour(deed.since, isp.usage.grid_zone),
        price_of_all(deed.after),
    )


def preview_id(prefix: str, *parts: str) -> str:
    return "_".join([prefix, "preview", *parts])


def refuse_billed(account_id: str, at: datetime) -> None:
    period = invoices.last_billed_period(account_id)
    if period is not None and at < local_midnight(period.end, period.zone):
        raise PeriodBilledAlready(at, period)


def billed_of(account_id: str, subscription_ids: set[str]) -> list[Charge]:
    """What earlier bills charged for subscriptions, but for usage."""
    found = invoices.list_invoices(account_id, EVERY_ACCOUNT, limit=BILLS_LOOKED_BACK)
    return [
        line
        for invoice in found.items
        for line in invoice.lines
        if line.subscription_id in subscription_ids and line.kind != "usage"
    ]


def price_of_all(subscriptions: Sequence[Subscription]) -> PriceOf:
    """The price versions of timelines, those that are not stored yet too."""
    known = {segment.price.ref: segment.price for one in subscriptions for segment in one.segments}
    stored = catalog.price_versions()
    return lambda id, version: known.get((id, version)) or stored(id, version)

"""What an operation on a subscription sees before it is decided."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from billing.config import Isp
from billing.core.catalog import PriceVersion
from billing.core.party import Account
from billing.core.period import (
    Period,
    instant_from,
    local_day,
    local_midnight,
    period_containing,
)
from billing.core.subscription import Subscription
from billing.store import catalog
from billing.store.access import Access
from billing.store.accounts import SubscriptionNotFound
from billing.store.catalog import PriceOf
from billing.store.customers import Customer, load_customer

NOW, PERIOD_END = "now", "period-end"
Moment = datetime | str  # an instant, RFC 3339 text of one, NOW or PERIOD_END


@dataclass(frozen=True, slots=True)
class Held:
    """A subscription with what hangs from it, as it is stored now."""

    customer: Customer
    subscription: Subscription
    price_of: PriceOf
    now: datetime
    isp: Isp
    new_id: Callable[..., str]  # of a subscription that the operation begins; parts tell them apart

    @property
    def account(self) -> Account:
        return self.customer.account

    @property
    def zone(self) -> str:
        return self.isp.isp.zone

    @property
    def children(self) -> tuple[Subscription, ...]:
        """The parts of the bundle and the add-ons, ended ones too."""
        return children_of(self.customer, self.subscription.id)

    def instant(self, moment: Moment) -> datetime:
        """The instant that is meant: now, the end of the account's running period, or itself."""
        return instant_of(moment, self.account, self.now, self.isp)

    def period(self, at: datetime) -> Period:
        """The account's period in which an instant lies."""
        return period_containing(local_day(at, self.zone), self.account.cycle_anchor, self.zone)

    def price(self, offering_id: str, at: datetime) -> PriceVersion:
        """The version of an offering that is signed on the local day of an instant."""
        return price_on(offering_id, at, self.isp)


def load_held(
    account_id: str,
    subscription_id: str,
    sees: Access,
    now: datetime,
    isp: Isp,
    new_id: Callable[..., str],
) -> Held:
    """Raises AccountNotFound, SubscriptionNotFound."""
    price_of = catalog.price_versions()
    customer = load_customer(account_id, sees, price_of)
    for one in customer.subscriptions:
        if one.id == subscription_id:
            return Held(customer, one, price_of, now, isp, new_id)
    raise SubscriptionNotFound(subscription_id)


def children_of(customer: Customer, subscription_id: str) -> tuple[Subscription, ...]:
    return tuple(one for one in customer.subscriptions if one.parent_id == subscription_id)


def instant_of(moment: Moment, account: Account, now: datetime, isp: Isp) -> datetime:
    if isinstance(moment, datetime):
        return moment
    if moment == NOW:
        return now
    if moment == PERIOD_END:
        zone = isp.isp.zone
        running = period_containing(local_day(now, zone), account.cycle_anchor, zone)
        return local_midnight(running.end, zone)
    return instant_from(moment)


def price_on(offering_id: str, at: datetime, isp: Isp) -> PriceVersion:
    return catalog.load_offering(offering_id).version_on(local_day(at, isp.isp.zone))

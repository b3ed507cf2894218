"""How subscriptions begin: a plan of a service, a bundle with its parts, an add-on."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.config import Isp
from billing.core import subscription as core
from billing.core.catalog import Allowance, PriceVersion
from billing.core.catalog.offers import UnknownCoupon
from billing.core.errors import BillingError
from billing.core.money import CurrencyMismatch
from billing.core.period import Period, local_day, period_containing, rfc3339
from billing.core.subscription import Subscription
from billing.store.access import EVERY_ACCOUNT, Access
from billing.store.accounts import ServiceNotFound, SubscriptionNotFound
from billing.store.customers import Customer, load_customer
from functions.portal_api.operation import Operation
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases.subscriptions.deeds import (
    Deed,
    Preview,
    preview_id,
    preview_of,
    refuse_billed,
    save,
)
from functions.portal_api.usecases.subscriptions.held import price_on

NewId = Callable[..., str]


class PlanRuns(BillingError):
    """A second plan on a service would charge it twice."""

    def __init__(self, running: Subscription) -> None:
        super().__init__(
            f"the service already pays {running.current.price.name}:"
            " change that plan, or let the new one begin when it has ended"
        )
        self.running = running


class ParentEnds(BillingError):
    """An add-on needs a plan that runs without an end."""

    def __init__(self, parent: Subscription, since: datetime) -> None:
        super().__init__(
            f"{parent.current.price.name} ({parent.id}) does not run on from {rfc3339(since)}:"
            " add to a subscription that has begun by then and has no end"
        )
        self.parent_id = parent.id


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to begin on a service."""

    service_id: str
    offering_id: str
    since: datetime
    quantity: int = 1
    coupons: tuple[str, ...] = ()
    members: tuple[str, ...] = ()  # further services of the account that share a pooled allowance
    parent_id: str = ""  # not "": an add-on of that subscription, beside its plan


def begin(op: Operation, account_id: str, wanted: Wanted, isp: Isp) -> Subscription:
    """A new subscription at the price version valid on that local day, with the parts it has."""
    customer = load_customer(account_id, EVERY_ACCOUNT)
    return save(op, customer.account, _decided(customer, wanted, isp, op.id), isp)


def preview(account_id: str, wanted: Wanted, sees: Access, isp: Isp) -> Preview:
    """What it will add to the next bill. Writes nothing."""
    customer = load_customer(account_id, sees)

    def period(at: datetime) -> Period:
        zone = isp.isp.zone
        return period_containing(local_day(at, zone), customer.account.cycle_anchor, zone)

    deed = _decided(customer, wanted, isp, preview_id)
    return preview_of(deed, customer.account, period, isp)


def new_subscriptions(
    account_id: str, wanted: Wanted, isp: Isp, new_id: NewId
) -> list[Subscription]:
    """What begins: first the one that is wanted, then the parts of a bundle."""
    price = price_on(wanted.offering_id, wanted.since, isp)
    first = core.start(
        new_id("sub"),
        account_id,
        wanted.service_id,
        price,
        wanted.since,
        quantity=wanted.quantity,
        members=wanted.members,
        zone=isp.isp.zone,
        coupons=_known(wanted.coupons, price),
        parent_id=wanted.parent_id,
    )
    begun = [first, *begin_parts(first, wanted.since, isp, new_id, coupons=wanted.coupons)]
    known = {one.coupon for each in begun for one in each.current.price.discounts}
    for coupon in wanted.coupons:
        if coupon not in known:
            raise UnknownCoupon(coupon, wanted.offering_id)
    return begun


def begin_parts(
    bundle: Subscription,
    at: datetime,
    isp: Isp,
    new_id: NewId,
    *,
    coupons: Sequence[str] = (),
    without: Collection[str] = (),
) -> list[Subscription]:
    """The parts of a bundle's last plan as subscriptions; `without` those offerings."""
    children = [one for one in bundle.current.price.children if one.offering_id not in without]
    prices = [price_on(child.offering_id, at, isp) for child in children]
    return [
        core.start(
            new_id("sub", child.offering_id),
            bundle.account_id,
            bundle.service_id,
            price,
            at,
            quantity=child.quantity * bundle.current.quantity,
            zone=isp.isp.zone,
            coupons=_known(coupons, price),
            parent_id=bundle.id,
        )
        for child, price in zip(children, prices, strict=True)
    ]


def _known(coupons: Sequence[str], price: PriceVersion) -> tuple[str, ...]:
    """Of the coupons presented for a bundle, those that this part of it knows."""
    return tuple(one for one in coupons if any(one == d.coupon for d in price.discounts))


def _decided(customer: Customer, wanted: Wanted, isp: Isp, new_id: NewId) -> Deed:
    refuse_billed(customer.account.id, wanted.since)
    _refuse_unknown_services(customer, wanted)
    begun = new_subscriptions(customer.account.id, wanted, isp, new_id)
    new, *_ = begun
    for one in begun:
        if one.current.price.currency != customer.account.currency:
            raise CurrencyMismatch(customer.account.currency, one.current.price.currency)
    if wanted.members and not _is_pooled(new.current.price):
        raise InvalidField("#/members", f"{new.current.price.name} has no pooled allowance")
    if wanted.parent_id:
        _refuse_ended_parent(customer, wanted)
    else:
        _refuse_second(customer, new)
    text = f"{new.current.price.name} begins at {rfc3339(wanted.since)}"
    return Deed(tuple(begun), wanted.since, "subscription.started", text)


def _refuse_unknown_services(customer: Customer, wanted: Wanted) -> None:
    known = {one.id for one in customer.services}
    if wanted.service_id not in known:
        raise ServiceNotFound(wanted.service_id)
    for member in wanted.members:
        if member not in known or member == wanted.service_id:
            raise InvalidField("#/members", f"{member} is no other service of this account")


def _refuse_ended_parent(customer: Customer, wanted: Wanted) -> None:
    parent = next((one for one in customer.subscriptions if one.id == wanted.parent_id), None)
    if parent is None:
        raise SubscriptionNotFound(wanted.parent_id)
    if parent.parent_id:
        raise InvalidField("#/parentId", f"{parent.id} hangs from {parent.parent_id} itself")
    if parent.service_id != wanted.service_id:
        raise InvalidField("#/parentId", f"{parent.id} is of another service")
    if parent.ended is not None or parent.started > wanted.since:
        raise ParentEnds(parent, wanted.since)


def _refuse_second(customer: Customer, new: Subscription) -> None:
    """A service pays one plan at a time. The same request again is not a second one."""
    for one in customer.subscriptions:
        runs_on = one.ended is None or one.ended > new.started
        is_plan = not one.parent_id
        if one.id != new.id and one.service_id == new.service_id and runs_on and is_plan:
            raise PlanRuns(one)


def _is_pooled(price: PriceVersion) -> bool:
    return any(isinstance(one.model, Allowance) and one.model.pooled for one in price.usage)

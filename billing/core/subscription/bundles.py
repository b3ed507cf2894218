"""Bundles: a parent subscription and its children, which begin, pause and end with it.

An add-on is the same: a subscription with a `parent_id`, begun later (`start(…, parent_id=…)`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from billing.core.catalog import PriceVersion
from billing.core.errors import BillingError
from billing.core.subscription.operations import end, pause, resume, start
from billing.core.subscription.values import Subscription

Bundle = tuple[Subscription, tuple[Subscription, ...]]  # the parent and its children


class ChildrenDiffer(BillingError):
    """Whoever begins a bundle brings a price and an id for each of its parts."""

    def __init__(self, wanted: Sequence[str], given: Sequence[str]) -> None:
        super().__init__(
            f"the bundle has the parts {', '.join(wanted) or 'none'}, but prices of"
            f" {', '.join(given) or 'none'} are given: give one price and one id for each part, in"
            " order"
        )
        self.wanted, self.given = tuple(wanted), tuple(given)


def start_bundle(
    id: str,
    account_id: str,
    service_id: str,
    price: PriceVersion,
    at: datetime,
    *,
    parts: Sequence[tuple[str, PriceVersion]],
    zone: str = "UTC",
    quantity: int = 1,
    coupons: Sequence[str] = (),
) -> Bundle:
    """Begin a bundle: its parent, and its children with the quantities that the version names.

    parts    the id and the price version of each of `price.children`, in their order
    coupons  for the discounts of the parent's version
    """
    wanted = [child.offering_id for child in price.children]
    given = [version.offering_id for _, version in parts]
    if wanted != given:
        raise ChildrenDiffer(wanted, given)
    parent = start(
        id, account_id, service_id, price, at, zone=zone, quantity=quantity, coupons=coupons
    )
    children = tuple(
        start(
            child_id,
            account_id,
            service_id,
            version,
            at,
            zone=zone,
            quantity=child.quantity * quantity,
            parent_id=id,
        )
        for child, (child_id, version) in zip(price.children, parts, strict=True)
    )
    return parent, children


def end_bundle(parent: Subscription, children: Sequence[Subscription], at: datetime) -> Bundle:
    """End a parent and every child of it that runs on; one that ended before stays as it is."""
    return _together(end, parent, children, at)


def pause_bundle(parent: Subscription, children: Sequence[Subscription], at: datetime) -> Bundle:
    """Pause a parent and every child of it that runs."""
    return _together(pause, parent, children, at)


def resume_bundle(parent: Subscription, children: Sequence[Subscription], at: datetime) -> Bundle:
    """Resume a parent and every child of it that runs."""
    return _together(resume, parent, children, at)


def _together(
    operation: Callable[[Subscription, datetime], Subscription],
    parent: Subscription,
    children: Sequence[Subscription],
    at: datetime,
) -> Bundle:
    return operation(parent, at), tuple(
        operation(child, at)
        if child.parent_id == parent.id and (child.ended is None or child.ended > at)
        else child
        for child in children
    )

"""One bill of a subscription, and the preview of an operation on the next one."""

from collections.abc import Sequence
from datetime import datetime

from billing.core.catalog import PriceVersion
from billing.core.charging.charge import Charge
from billing.core.charging.contracts import termination_charges
from billing.core.charging.discounts import discount_charges
from billing.core.charging.metered import Measured, usage_charges
from billing.core.charging.once import once_charges
from billing.core.charging.recurring import advance, corrections
from billing.core.period import Period
from billing.core.subscription import Subscription, change_plan, end


def charges_for(
    subscription: Subscription,
    period: Period,
    following_period: Period,
    measured: Measured,
    billed: Sequence[Charge],
) -> list[Charge]:
    """All that the cycle closing `period` charges to a subscription, discounts last.

    measured  octets by the span of each of `usage_windows(subscription, period, billed)`, calls,
              samples
    billed    lines of this subscription on earlier invoices
    """
    charges = [
        *_due(subscription, period, billed),
        *usage_charges(subscription, period, measured, billed),
        *advance(subscription, following_period, billed),
    ]
    return charges + discount_charges(charges, subscription, period, billed)


def preview(subscription: Subscription, period: Period, billed: Sequence[Charge]) -> list[Charge]:
    """What the next bill for a period will have, but for usage, of a subscription as it would be.

    billed  as in `charges_for`
    """
    charges = _due(subscription, period, billed)
    return charges + discount_charges(charges, subscription, period, billed)


def preview_change(
    subscription: Subscription,
    new_price: PriceVersion,
    at: datetime,
    period: Period,
    billed: Sequence[Charge],
) -> list[Charge]:
    """What changing the plan at an instant will add to the next bill for its period."""
    changed = change_plan(subscription, new_price, at, zone=period.zone)
    return preview(changed, period, billed)


def preview_end(
    subscription: Subscription, at: datetime, period: Period, billed: Sequence[Charge]
) -> list[Charge]:
    """What ending the subscription at an instant will add to the next bill for its period."""
    return preview(end(subscription, at), period, billed)


def _due(subscription: Subscription, period: Period, billed: Sequence[Charge]) -> list[Charge]:
    """What the closed period itself owes besides usage."""
    return [
        *corrections(subscription, period, billed),
        *termination_charges(subscription, period, billed),
        *once_charges(subscription, period, billed),
    ]

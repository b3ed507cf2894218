"""Charging: what a subscription owes for a period, as charges that explain themselves.

A cycle closes one period and charges three things: recurring prices in advance for the following
period; for the closed one, corrections of what was billed before (credits for days a price was not
held, charges for days it was) and recurring prices in arrears; and usage, in arrears, per price held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from billing.core.catalog import PriceVersion
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.period import Period, Span, rfc3339
from billing.core.subscription import Subscription

Kind = Literal["recurring", "usage", "credit", "proration"]


class UsageNotCounted(BillingError):
    """A bill cannot be drafted before the usage of each of its windows was read."""

    def __init__(self, subscription_id: str, window: Span) -> None:
        end = "" if window.end is None else rfc3339(window.end)
        super().__init__(
            f"usage of {subscription_id} from {rfc3339(window.start)} to {end} was not counted:"
            " read it for every window of usage_windows"
        )
        self.subscription_id, self.window = subscription_id, window


@dataclass(frozen=True, slots=True)
class Charge:
    """One amount owed (or credited, negative) with what it is for and how it was computed."""

    subscription_id: str
    service_id: str
    code: str  # of the price
    kind: Kind
    description: str
    price_ref: tuple[str, int]  # offering id, version
    span: tuple[date, date]  # local days, half-open
    quantity: str  # exact decimal text
    unit: str  # "month", "day", "GB", "GiB"
    amount: Money
    tax_category: str
    explanation: tuple[str, ...]
    key: str  # derived identity: the same facts give the same key
    corrects: str = ""  # of a credit: the key of the charge it credits


@dataclass(frozen=True, slots=True)
class Counted:
    """What a bill counted for a service in a window on grid hours. It is stored in the invoice."""

    service_id: str
    start: datetime
    end: datetime
    octets_in: int  # from the subscriber
    octets_out: int  # to the subscriber
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """Traffic of the service in this span (grid hours, UTC) is rated under this price."""

    service_id: str
    price: PriceVersion
    span: Span


def usage_windows(subscription: Subscription, period: Period) -> list[UsageWindow]:
    """The windows whose usage a bill of the period must count: one per segment with a usage price.

    They begin and end on grid hours of the period's zone: a change counts usage from the next hour.
    """
    raise NotImplementedError


def charges_for(
    subscription: Subscription,
    period: Period,
    following_period: Period,
    counted: Mapping[Span, Counted],
    billed: Sequence[Charge],
) -> list[Charge]:
    """All that the cycle closing `period` charges to a subscription.

    counted  usage by the span of each of `usage_windows(subscription, period)`
    billed   recurring, proration and credit charges of this subscription on earlier invoices
    """
    raise NotImplementedError


def corrections(
    subscription: Subscription, period: Period, billed: Sequence[Charge]
) -> list[Charge]:
    """Credits and charges that bring the days of a period from what was billed to what was held.

    A credit is the unused share of the very line that was charged, by local days, and never more than
    what of that line is not credited yet.
    """
    raise NotImplementedError


def recurring_charges(subscription: Subscription, period: Period) -> list[Charge]:
    """One charge for each recurring price held during the period, in proportion to its local days."""
    raise NotImplementedError


def usage_charges(
    subscription: Subscription, period: Period, counted: Mapping[Span, Counted]
) -> list[Charge]:
    """Usage of the period, rated once for each price held, on the sum of its windows."""
    raise NotImplementedError


def preview_change(
    subscription: Subscription,
    new_price: PriceVersion,
    at: datetime,
    period: Period,
    billed: Sequence[Charge],
) -> list[Charge]:
    """What changing the plan at an instant will add to the next bill for the period around it."""
    raise NotImplementedError


def preview_end(
    subscription: Subscription, at: datetime, period: Period, billed: Sequence[Charge]
) -> list[Charge]:
    """What ending the subscription at an instant will add to the next bill for the period around it."""
    raise NotImplementedError


def charge_to_dict(charge: Charge) -> dict[str, Any]:
    """For storage and the wire: money as {"value", "unit"}, days as dates."""
    raise NotImplementedError


def charge_from(data: Mapping[str, Any]) -> Charge:
    """The inverse of `charge_to_dict`."""
    raise NotImplementedError

"""Subscriptions: a timeline of priced segments. Operations extend it; the bill cycle prices it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from billing.core.catalog import ContractTerms, Discount, PriceVersion
from billing.core.errors import BillingError
from billing.core.money import CurrencyMismatch
from billing.core.period import Span, instant_from, rfc3339


class PlanChangeInThePast(BillingError):
    """A plan changes from now on; time already served keeps its price."""

    def __init__(self, at: datetime, segment_start: datetime) -> None:
        super().__init__(
            f"cannot change plan at {rfc3339(at)}: the current price began"
            f" {rfc3339(segment_start)}; choose a later instant"
        )
        self.at, self.segment_start = at, segment_start


class EndInThePast(BillingError):
    """A subscription cannot end before its running segment began."""

    def __init__(self, at: datetime, segment_start: datetime) -> None:
        super().__init__(
            f"cannot end at {rfc3339(at)}: the current price began {rfc3339(segment_start)};"
            " choose a later instant"
        )
        self.at, self.segment_start = at, segment_start


class AlreadyEnded(BillingError):
    """Nothing changes in a subscription that has an end."""

    def __init__(self, subscription_id: str, ended: datetime) -> None:
        super().__init__(
            f"{subscription_id} ends at {rfc3339(ended)}: start a new subscription instead"
        )
        self.subscription_id, self.ended = subscription_id, ended


@dataclass(frozen=True, slots=True)
class Segment:
    """One price held without interruption, at one quantity and in one state."""

    price: PriceVersion
    span: Span
    paused: bool = False
    quantity: int = 1
    overrides: tuple[tuple[str, Fraction], ...] = ()  # (code of a fixed price, its minor units)
    members: tuple[str, ...] = ()  # further services that share a pooled allowance


@dataclass(frozen=True, slots=True)
class Granted:
    """A discount of this subscription, from a local day on."""

    discount: Discount
    since: date


@dataclass(frozen=True, slots=True)
class Contract:
    """The terms one is bound by, and since which local day."""

    terms: ContractTerms
    signed_on: date


@dataclass(frozen=True, slots=True)
class Purchase:
    """A pass or a top-up bought at an instant."""

    id: str
    code: str  # of the pass, or of the bucket
    at: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a service pays over time. Segments adjoin, in order; only the last may be open.

    `version` is the number the store loaded; it counts saves, so the operations leave it alone.
    """

    id: str
    account_id: str
    service_id: str
    segments: tuple[Segment, ...]
    version: int = 0
    parent_id: str = ""  # of a bundle's part or an add-on: the subscription it ends with
    discounts: tuple[Granted, ...] = ()
    contract: Contract | None = None
    purchases: tuple[Purchase, ...] = ()

    @property
    def started(self) -> datetime:
        return self.segments[0].span.start

    @property
    def ended(self) -> datetime | None:
        """The instant it ends, which may lie ahead; None while it runs."""
        return self.segments[-1].span.end

    @property
    def current(self) -> Segment:
        """The last segment: the running one, or the one it ended with."""
        return self.segments[-1]

    def price_at(self, at: datetime) -> PriceVersion | None:
        """The price held at an instant; None before its start and from its end on."""
        return next((s.price for s in self.segments if s.span.contains(at)), None)


def start(
    id: str, account_id: str, service_id: str, price: PriceVersion, at: datetime
) -> Subscription:
    """Begin a subscription at an instant."""
    return Subscription(id, account_id, service_id, (Segment(price, Span(at, None)),))


def change_plan(subscription: Subscription, price: PriceVersion, at: datetime) -> Subscription:
    """Close the running segment and open a new one. No money moves: the cycle prices the timeline.

    The same change again returns the same subscription; so does a change to the price it has.
    """
    *past, current = subscription.segments
    if current.span.end is not None:
        raise AlreadyEnded(subscription.id, current.span.end)
    if price.currency != current.price.currency:
        raise CurrencyMismatch(current.price.currency, price.currency)
    if price == current.price:
        return subscription
    if at <= current.span.start:
        raise PlanChangeInThePast(at, current.span.start)
    closed = replace(current, span=Span(current.span.start, at))
    return replace(subscription, segments=(*past, closed, Segment(price, Span(at, None))))


def end(subscription: Subscription, at: datetime) -> Subscription:
    """Close the running segment. The same end again returns the same subscription."""
    *past, current = subscription.segments
    if current.span.end == at:
        return subscription
    if current.span.end is not None:
        raise AlreadyEnded(subscription.id, current.span.end)
    if at <= current.span.start:
        raise EndInThePast(at, current.span.start)
    return replace(
        subscription, segments=(*past, replace(current, span=Span(current.span.start, at)))
    )


def to_dict(subscription: Subscription) -> dict[str, Any]:
    """For storage: ids, instants in RFC 3339, prices by reference (offering id and version)."""
    return {
        "id": subscription.id,
        "account_id": subscription.account_id,
        "service_id": subscription.service_id,
        "version": subscription.version,
        "segments": [
            {
                "offering_id": segment.price.offering_id,
                "version": segment.price.version,
                "start": rfc3339(segment.span.start),
                "end": None if segment.span.end is None else rfc3339(segment.span.end),
            }
            for segment in subscription.segments
        ],
    }


def subscription_from(
    data: Mapping[str, Any], price_of: Callable[[str, int], PriceVersion]
) -> Subscription:
    """The inverse of `to_dict`; `price_of(offering_id, version)` resolves the prices."""
    return Subscription(
        data["id"],
        data["account_id"],
        data["service_id"],
        tuple(
            Segment(
                price_of(part["offering_id"], part["version"]),
                Span(
                    instant_from(part["start"]),
                    None if part["end"] is None else instant_from(part["end"]),
                ),
            )
            for part in data["segments"]
        ),
        data["version"],
    )

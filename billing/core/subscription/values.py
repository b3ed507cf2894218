"""Subscriptions as values, and what forbids an operation on one."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from billing.core.catalog import ContractTerms, Discount, PriceVersion
from billing.core.errors import BillingError
from billing.core.period import Span, rfc3339


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


class ChangeInThePast(BillingError):
    """What is held changes from now on; time already served keeps its price."""

    def __init__(self, at: datetime, segment_start: datetime) -> None:
        super().__init__(
            f"cannot change at {rfc3339(at)}: what is held now began {rfc3339(segment_start)};"
            " choose a later instant, or withdraw what is scheduled"
        )
        self.at, self.segment_start = at, segment_start


class BadQuantity(BillingError):
    """So many of something cannot be held."""

    def __init__(self, quantity: object) -> None:
        super().__init__(f"{quantity!r} is no quantity: hold one or more, or end the subscription")
        self.quantity = quantity


class NotSold(BillingError):
    """The price version has nothing of this code that fits."""

    def __init__(self, code: str, version: PriceVersion, codes: tuple[str, ...]) -> None:
        known = f"it has {', '.join(codes)}" if codes else "it has none"
        super().__init__(f"{version.name} sells no {code!r} of this kind: {known}")
        self.code, self.version = code, version


class NotRunning(BillingError):
    """At this instant the subscription has not begun, or has ended."""

    def __init__(self, subscription_id: str, at: datetime) -> None:
        super().__init__(
            f"{subscription_id} does not run at {rfc3339(at)}: choose an instant at which it does"
        )
        self.subscription_id, self.at = subscription_id, at


class PurchaseConflict(BillingError):
    """The id was used for another purchase."""

    def __init__(self, purchase_id: str) -> None:
        super().__init__(f"purchase {purchase_id} exists with other content: use a new id")
        self.purchase_id = purchase_id


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
    """A discount of this subscription, on the local days from one to before another."""

    discount: Discount
    since: date
    until: date | None = None  # None: as long as the discount lasts


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

    def at(self, at: datetime) -> Segment | None:
        """The segment held at an instant; None before its start and from its end on."""
        return next((s for s in self.segments if s.span.contains(at)), None)

    def price_at(self, at: datetime) -> PriceVersion | None:
        """The price held at an instant; None before its start and from its end on."""
        return next((s.price for s in self.segments if s.span.contains(at)), None)

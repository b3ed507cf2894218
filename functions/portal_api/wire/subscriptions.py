"""Subscriptions, what an operation on one will cost, and rises, as JSON."""

from billing.core.charging.contracts import contract_end
from billing.core.charging.discounts import discount_end
from billing.core.money import major_text
from billing.core.period import MONTHLY, Cycle
from billing.core.subscription import Contract, Granted, Segment, Subscription
from functions.portal_api.usecases.subscriptions.deeds import Preview
from functions.portal_api.usecases.subscriptions.rises import Moved, RisePreview
from functions.portal_api.wire.base import Day, Instant, MoneyOut, Wire, amount
from functions.portal_api.wire.money import ExplainedLineOut, explained_line
from functions.portal_api.wire.runs import VersionOut, version


class OverrideOut(Wire):
    """What a fixed price costs this subscription: decimal text in the currency, exact."""

    code: str
    value: str
    unit: str


class SegmentOut(Wire):
    """A price that is held from `since` to before `until`, so many times, in one state."""

    offering_id: str
    version: int
    name: str
    since: Instant
    until: Instant | None
    quantity: int
    paused: bool
    overrides: list[OverrideOut]
    members: list[str]


class DiscountOut(Wire):
    """A discount on the local days from `since` to before `until`; null: without end."""

    code: str
    name: str
    coupon: str
    since: Day
    until: Day | None


class ContractOut(Wire):
    """One is bound from the day of the signing to before `until`."""

    months: int
    signed_on: Day
    until: Day


class PurchaseOut(Wire):
    """A pass or a top-up."""

    id: str
    code: str
    at: Instant


class SubscriptionOut(Wire):
    """A timeline. `parentId`: it is a part of that bundle, or an add-on, and ends with it."""

    id: str
    account_id: str
    service_id: str
    parent_id: str
    segments: list[SegmentOut]
    discounts: list[DiscountOut]
    contract: ContractOut | None
    purchases: list[PurchaseOut]
    version: int


class PreviewOut(Wire):
    """What a change adds to the next bill, before tax; usage counts at `usageFrom`.

    `others` are the subscriptions that begin, change or end with it.
    """

    subscription: SubscriptionOut
    others: list[SubscriptionOut]
    lines: list[ExplainedLineOut]
    total: MoneyOut
    at: Instant
    usage_from: Instant


class RisePreviewOut(Wire):
    """The version a rise makes, and who would move to it; not `complete`: at least so many."""

    version: VersionOut
    moving: int
    staying: int
    complete: bool


class LeftOut(Wire):
    account_id: str
    subscription_id: str
    why: str


class RiseOut(Wire):
    """How many of those this call looked at stand on the new version; `nextCursor` null: done."""

    version: VersionOut
    moved: int
    left: list[LeftOut]
    next_cursor: str | None


def subscription(found: Subscription) -> SubscriptionOut:
    return SubscriptionOut(
        id=found.id,
        account_id=found.account_id,
        service_id=found.service_id,
        parent_id=found.parent_id,
        segments=[_segment(one) for one in found.segments],
        discounts=[_discount(one) for one in found.discounts],
        contract=None if found.contract is None else _contract(found.contract),
        purchases=[PurchaseOut.model_validate(one) for one in found.purchases],
        version=found.version,
    )


def preview(found: Preview) -> PreviewOut:
    return PreviewOut(
        subscription=subscription(found.subscription),
        others=[subscription(one) for one in found.others],
        lines=[explained_line(one, found.price_of) for one in found.lines],
        total=amount(found.total),
        at=found.at,
        usage_from=found.usage_from,
    )


def rise_preview(found: RisePreview) -> RisePreviewOut:
    return RisePreviewOut(
        version=version(found.version),
        moving=found.moving,
        staying=found.staying,
        complete=found.is_complete,
    )


def rise(found: Moved, next_cursor: str | None) -> RiseOut:
    return RiseOut(
        version=version(found.version),
        moved=found.moved,
        left=[LeftOut.model_validate(one) for one in found.left],
        next_cursor=next_cursor,
    )


def _segment(one: Segment) -> SegmentOut:
    currency = one.price.currency
    return SegmentOut(
        offering_id=one.price.offering_id,
        version=one.price.version,
        name=one.price.name,
        since=one.span.start,
        until=one.span.end,
        quantity=one.quantity,
        paused=one.paused,
        overrides=[
            OverrideOut(code=code, value=major_text(minor, currency), unit=currency)
            for code, minor in one.overrides
        ],
        members=list(one.members),
    )


def _discount(one: Granted) -> DiscountOut:
    return DiscountOut(
        code=one.discount.code,
        name=one.discount.name,
        coupon=one.discount.coupon,
        since=one.since,
        until=discount_end(one, Cycle(MONTHLY, one.since)),
    )


def _contract(one: Contract) -> ContractOut:
    return ContractOut(months=one.terms.months, signed_on=one.signed_on, until=contract_end(one))

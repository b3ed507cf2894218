"""Subscriptions: each operation, and beside it what it will cost; and the rise of a price."""

from datetime import datetime
from fractions import Fraction

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from billing.core.money import Money
from functions.portal_api import settings
from functions.portal_api.routes.asked import asked, create, tell
from functions.portal_api.usecases.subscriptions import begin, changes, deeds, rises
from functions.portal_api.usecases.subscriptions.begin import Wanted
from functions.portal_api.usecases.subscriptions.deeds import Decide
from functions.portal_api.usecases.subscriptions.rises import Rise
from functions.portal_api.wire import subscriptions
from functions.portal_api.wire.requests import (
    MomentIn,
    OverrideIn,
    PlanChangeIn,
    PurchaseIn,
    QuantityIn,
    RiseIn,
    SubscriptionIn,
)
from functions.portal_api.wire.subscriptions import (
    PreviewOut,
    RiseOut,
    RisePreviewOut,
    SubscriptionOut,
)

router = APIGatewayHttpRouter()
SUBSCRIPTIONS = "/v1/accounts/<account_id>/subscriptions"
SUBSCRIPTION = f"{SUBSCRIPTIONS}/<subscription_id>"
OFFERING = "/v1/offerings/<offering_id>"
TAGS, SALE = ["subscriptions"], ["catalogue"]


@router.post(SUBSCRIPTIONS, status_code=201, summary="Begin a plan, a bundle, an add-on", tags=TAGS)
def begin_one(account_id: str, wanted: SubscriptionIn) -> Response[SubscriptionOut]:
    request = asked(router)
    return create(
        request,
        lambda op: begin.begin(op, account_id, _wanted(wanted, request.now), settings.isp()),
        subscriptions.subscription,
    )


@router.post(f"{SUBSCRIPTIONS}/preview", summary="What a beginning will cost", tags=TAGS)
def preview_begin(account_id: str, wanted: SubscriptionIn) -> Response[PreviewOut]:
    request = asked(router)
    found = begin.preview(
        account_id, _wanted(wanted, request.now), request.principal.sees, settings.isp()
    )
    return tell(subscriptions.preview(found))


@router.get(SUBSCRIPTION, summary="One subscription", tags=TAGS)
def get_subscription(account_id: str, subscription_id: str) -> Response[SubscriptionOut]:
    found = deeds.subscription(account_id, subscription_id, asked(router).principal.sees)
    return tell(subscriptions.subscription(found), found.version)


@router.post(f"{SUBSCRIPTION}/preview-change", summary="What another plan will cost", tags=TAGS)
def preview_change(
    account_id: str, subscription_id: str, wanted: PlanChangeIn
) -> Response[PreviewOut]:
    return _preview(account_id, subscription_id, changes.plan(wanted.offering_id, wanted.at))


@router.post(f"{SUBSCRIPTION}/change", summary="Change the plan", tags=TAGS)
def change(
    account_id: str, subscription_id: str, wanted: PlanChangeIn
) -> Response[SubscriptionOut]:
    return _do(account_id, subscription_id, changes.plan(wanted.offering_id, wanted.at))


@router.post(f"{SUBSCRIPTION}/preview-quantity", summary="What a quantity will cost", tags=TAGS)
def preview_quantity(
    account_id: str, subscription_id: str, wanted: QuantityIn
) -> Response[PreviewOut]:
    return _preview(account_id, subscription_id, changes.quantity(wanted.quantity, wanted.at))


@router.post(f"{SUBSCRIPTION}/quantity", summary="Hold it so many times", tags=TAGS)
def set_quantity(
    account_id: str, subscription_id: str, wanted: QuantityIn
) -> Response[SubscriptionOut]:
    return _do(account_id, subscription_id, changes.quantity(wanted.quantity, wanted.at))


@router.post(f"{SUBSCRIPTION}/preview-override", summary="What an override will cost", tags=TAGS)
def preview_override(
    account_id: str, subscription_id: str, wanted: OverrideIn
) -> Response[PreviewOut]:
    return _preview(account_id, subscription_id, _override(wanted))


@router.post(f"{SUBSCRIPTION}/override", summary="Another amount for a fixed price", tags=TAGS)
def override(
    account_id: str, subscription_id: str, wanted: OverrideIn
) -> Response[SubscriptionOut]:
    return _do(account_id, subscription_id, _override(wanted))


@router.post(f"{SUBSCRIPTION}/preview-pause", summary="What a pause will cost", tags=TAGS)
def preview_pause(account_id: str, subscription_id: str, wanted: MomentIn) -> Response[PreviewOut]:
    return _preview(account_id, subscription_id, changes.pause(wanted.at))


@router.post(f"{SUBSCRIPTION}/pause", summary="Pause it", tags=TAGS)
def pause(account_id: str, subscription_id: str, wanted: MomentIn) -> Response[SubscriptionOut]:
    return _do(account_id, subscription_id, changes.pause(wanted.at))


@router.post(f"{SUBSCRIPTION}/preview-resume", summary="What a resumption will cost", tags=TAGS)
def preview_resume(account_id: str, subscription_id: str, wanted: MomentIn) -> Response[PreviewOut]:
    return _preview(account_id, subscription_id, changes.resume(wanted.at))


@router.post(f"{SUBSCRIPTION}/resume", summary="Let it run again", tags=TAGS)
def resume(account_id: str, subscription_id: str, wanted: MomentIn) -> Response[SubscriptionOut]:
    return _do(account_id, subscription_id, changes.resume(wanted.at))


@router.post(f"{SUBSCRIPTION}/preview-withdraw", summary="What a withdrawal will cost", tags=TAGS)
def preview_withdraw(account_id: str, subscription_id: str) -> Response[PreviewOut]:
    return _preview(account_id, subscription_id, changes.withdraw())


@router.post(f"{SUBSCRIPTION}/withdraw", summary="Take back what is scheduled", tags=TAGS)
def withdraw(account_id: str, subscription_id: str) -> Response[SubscriptionOut]:
    return _do(account_id, subscription_id, changes.withdraw())


@router.post(f"{SUBSCRIPTION}/preview-end", summary="What an end will cost", tags=TAGS)
def preview_end(account_id: str, subscription_id: str, wanted: MomentIn) -> Response[PreviewOut]:
    return _preview(account_id, subscription_id, changes.end(wanted.at))


@router.post(f"{SUBSCRIPTION}/end", summary="End it, with its parts and add-ons", tags=TAGS)
def end(account_id: str, subscription_id: str, wanted: MomentIn) -> Response[SubscriptionOut]:
    return _do(account_id, subscription_id, changes.end(wanted.at))


@router.post(f"{SUBSCRIPTION}/preview-purchase", summary="What a purchase will cost", tags=TAGS)
def preview_purchase(
    account_id: str, subscription_id: str, wanted: PurchaseIn
) -> Response[PreviewOut]:
    return _preview(account_id, subscription_id, changes.buy(wanted.code, wanted.at))


@router.post(
    f"{SUBSCRIPTION}/purchases", status_code=201, summary="Buy a pass or a top-up", tags=TAGS
)
def buy(account_id: str, subscription_id: str, wanted: PurchaseIn) -> Response[SubscriptionOut]:
    return _do(account_id, subscription_id, changes.buy(wanted.code, wanted.at), status=201)


@router.post(f"{OFFERING}/preview-rise", summary="What a rise will make of whom", tags=SALE)
def preview_rise(offering_id: str, wanted: RiseIn) -> Response[RisePreviewOut]:
    return tell(
        subscriptions.rise_preview(rises.preview(offering_id, _rise(wanted), settings.isp()))
    )


@router.post(f"{OFFERING}/rise", summary="Raise prices, call by call", tags=SALE)
def rise(offering_id: str, wanted: RiseIn) -> Response[RiseOut]:
    request = asked(router)
    cursor = request.cursors.opened(wanted.cursor)
    return create(
        request,
        lambda op: rises.rise(op, offering_id, _rise(wanted), cursor, settings.isp()),
        lambda moved: subscriptions.rise(moved, request.cursors.sealed(moved.cursor)),
        status=200,
    )


def _preview(account_id: str, subscription_id: str, decide: Decide) -> Response[PreviewOut]:
    request = asked(router)
    sees, isp = request.principal.sees, settings.isp()
    found = deeds.preview(account_id, subscription_id, decide, sees, request.now, isp)
    return tell(subscriptions.preview(found))


def _do(
    account_id: str, subscription_id: str, decide: Decide, status: int = 200
) -> Response[SubscriptionOut]:
    """Done once, to the version that If-Match names."""
    request = asked(router)
    return create(
        request,
        lambda op: deeds.do(op, account_id, subscription_id, request.seen, decide, settings.isp()),
        subscriptions.subscription,
        status=status,
    )


def _wanted(wanted: SubscriptionIn, now: datetime) -> Wanted:
    return Wanted(
        service_id=wanted.service_id,
        offering_id=wanted.offering_id,
        since=wanted.since or now,
        quantity=wanted.quantity,
        coupons=tuple(wanted.coupons),
        members=tuple(wanted.members),
        parent_id=wanted.parent_id,
    )


def _override(wanted: OverrideIn) -> Decide:
    amount = None
    if wanted.amount is not None:
        amount = Money.parse(wanted.amount.value, wanted.amount.unit)
    return changes.override(wanted.code, amount, wanted.at, wanted.reason)


def _rise(wanted: RiseIn) -> Rise:
    amount = wanted.by_amount
    return Rise(
        version=wanted.version,
        valid_from=wanted.valid_from,
        from_versions=tuple(wanted.from_versions),
        by_percent=None if wanted.by_percent is None else Fraction(wanted.by_percent),
        by_amount=None if amount is None else Money.parse(amount.value, amount.unit),
        codes=tuple(wanted.codes),
    )

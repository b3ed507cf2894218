"""Services, the identities whose usage is theirs, and their subscriptions."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.portal_api import settings
from functions.portal_api.routes.asked import asked, create, edit, tell
from functions.portal_api.usecases import plans, services
from functions.portal_api.wire import people
from functions.portal_api.wire.requests import (
    IdentityEndIn,
    IdentityIn,
    PlanChangeIn,
    PlanEndIn,
    ServiceIn,
    ServicePatch,
    SubscriptionIn,
)

router = APIGatewayHttpRouter()
ACCOUNT = "/v1/accounts/<account_id>"
SERVICE = f"{ACCOUNT}/services/<service_id>"
SUBSCRIPTION = f"{ACCOUNT}/subscriptions/<subscription_id>"


@router.post(f"{ACCOUNT}/services", status_code=201, summary="Add a service", tags=["services"])
def create_service(account_id: str, wanted: ServiceIn) -> Response[people.ServiceOut]:
    fields = wanted.model_dump()
    return create(asked(router), lambda op: services.create(op, account_id, fields), people.service)


@router.get(SERVICE, summary="One service", tags=["services"])
def get_service(account_id: str, service_id: str) -> Response[people.ServiceOut]:
    found = services.service(account_id, service_id, asked(router).principal.sees)
    return tell(people.service(found), found.version)


@router.patch(SERVICE, summary="Edit a service", tags=["services"])
def edit_service(
    account_id: str, service_id: str, wanted: ServicePatch
) -> Response[people.ServiceOut]:
    changes = wanted.changes()
    return edit(
        asked(router),
        lambda op, version: services.edit(op, account_id, service_id, version, changes),
        people.service,
    )


@router.post(
    f"{SERVICE}/identities",
    status_code=201,
    summary="Give an identity to a service, or move it there",
    tags=["services"],
)
def assign_identity(
    account_id: str, service_id: str, wanted: IdentityIn
) -> Response[people.IdentityOut]:
    return create(
        asked(router),
        lambda op: services.assign(
            op,
            account_id,
            service_id,
            wanted.identity,
            wanted.since,
            wanted.until,
            settings.isp(),
            take_over=wanted.take_over,
        ),
        people.identity,
    )


@router.post(f"{SERVICE}/identities/end", summary="End an identity's assignment", tags=["services"])
def end_identity(
    account_id: str, service_id: str, wanted: IdentityEndIn
) -> Response[people.IdentityOut]:
    return create(
        asked(router),
        lambda op: services.end_identity(
            op, account_id, service_id, wanted.identity, wanted.at, settings.isp()
        ),
        people.identity,
        status=200,
    )


@router.post(
    f"{ACCOUNT}/subscriptions", status_code=201, summary="Begin a plan", tags=["subscriptions"]
)
def begin(account_id: str, wanted: SubscriptionIn) -> Response[people.SubscriptionOut]:
    request = asked(router)
    return create(
        request,
        lambda op: plans.begin(
            op,
            account_id=account_id,
            service_id=wanted.service_id,
            offering_id=wanted.offering_id,
            since=wanted.since or request.now,
            isp=settings.isp(),
        ),
        people.subscription,
    )


@router.get(SUBSCRIPTION, summary="One subscription", tags=["subscriptions"])
def get_subscription(account_id: str, subscription_id: str) -> Response[people.SubscriptionOut]:
    found = plans.subscription(account_id, subscription_id, asked(router).principal.sees)
    return tell(people.subscription(found), found.version)


@router.post(
    f"{SUBSCRIPTION}/preview-change",
    summary="What another plan will cost; writes nothing",
    tags=["subscriptions"],
)
def preview_change(
    account_id: str, subscription_id: str, wanted: PlanChangeIn
) -> Response[people.PreviewOut]:
    found = plans.preview_change(
        account_id,
        subscription_id,
        wanted.offering_id,
        wanted.at,
        asked(router).principal.sees,
        settings.isp(),
    )
    return tell(people.preview(found))


@router.post(f"{SUBSCRIPTION}/change", summary="Change the plan", tags=["subscriptions"])
def change(
    account_id: str, subscription_id: str, wanted: PlanChangeIn
) -> Response[people.SubscriptionOut]:
    request = asked(router)
    return create(
        request,
        lambda op: plans.change(
            op,
            account_id,
            subscription_id,
            wanted.offering_id,
            wanted.at,
            request.seen,
            settings.isp(),
        ),
        people.subscription,
        status=200,
    )


@router.post(
    f"{SUBSCRIPTION}/preview-end",
    summary="What an end will cost; writes nothing",
    tags=["subscriptions"],
)
def preview_end(
    account_id: str, subscription_id: str, wanted: PlanEndIn
) -> Response[people.PreviewOut]:
    sees = asked(router).principal.sees
    found = plans.preview_end(account_id, subscription_id, wanted.at, sees, settings.isp())
    return tell(people.preview(found))


@router.post(f"{SUBSCRIPTION}/end", summary="End the subscription", tags=["subscriptions"])
def end(
    account_id: str, subscription_id: str, wanted: PlanEndIn
) -> Response[people.SubscriptionOut]:
    request = asked(router)
    return create(
        request,
        lambda op: plans.end(
            op, account_id, subscription_id, wanted.at, request.seen, settings.isp()
        ),
        people.subscription,
        status=200,
    )

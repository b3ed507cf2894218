"""Services and the identities whose usage is theirs."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.portal_api import settings
from functions.portal_api.routes.asked import asked, create, edit, tell
from functions.portal_api.usecases import services
from functions.portal_api.wire import people
from functions.portal_api.wire.requests import (
    IdentityEndIn,
    IdentityIn,
    ServiceIn,
    ServicePatch,
)

router = APIGatewayHttpRouter()
ACCOUNT = "/v1/accounts/<account_id>"
SERVICE = f"{ACCOUNT}/services/<service_id>"


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

"""What is on sale."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from billing.config import load_plans
from functions.portal_api.routes.asked import asked, create, tell
from functions.portal_api.usecases import catalogue
from functions.portal_api.wire import runs
from functions.portal_api.wire.base import Page
from functions.portal_api.wire.requests import VersionIn

router = APIGatewayHttpRouter()


@router.get("/v1/offerings", summary="The whole catalogue", tags=["catalogue"])
def list_offerings() -> Response[Page[runs.OfferingOut]]:
    data = [runs.offering(one) for one in catalogue.offerings()]
    return tell(Page[runs.OfferingOut](data=data, next_cursor=None))


@router.post(
    "/v1/offerings/take-over",
    status_code=201,
    summary="Put on sale what plans.toml has besides",
    tags=["catalogue"],
)
def take_over() -> Response[Page[runs.VersionOut]]:
    return create(
        asked(router),
        lambda op: catalogue.take_over(op, load_plans()),
        lambda named: Page[runs.VersionOut](
            data=[runs.version(one) for one in named], next_cursor=None
        ),
    )


@router.get("/v1/offerings/<offering_id>", summary="One offering", tags=["catalogue"])
def get_offering(offering_id: str) -> Response[runs.OfferingOut]:
    return tell(runs.offering(catalogue.offering(offering_id)))


@router.post(
    "/v1/offerings/<offering_id>/versions",
    status_code=201,
    summary="Import the next price version",
    tags=["catalogue"],
)
def add_version(offering_id: str, wanted: VersionIn) -> Response[runs.VersionOut]:
    version = wanted.model_dump(exclude_none=True) | {"valid_from": wanted.valid_from.isoformat()}
    return create(
        asked(router),
        lambda op: catalogue.add_version(op, offering_id, version),
        runs.version,
    )

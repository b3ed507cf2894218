"""Usage, what nobody claims, suspense and imports, for staff."""

from datetime import timedelta
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from billing.core.period import Span
from functions.portal_api import settings
from functions.portal_api.routes.answers import usage_of
from functions.portal_api.routes.asked import asked, create, tell
from functions.portal_api.usecases import imports, suspended, usage_view
from functions.portal_api.wire import counted
from functions.portal_api.wire.base import Instant
from functions.portal_api.wire.requests import RecycleIn, Step

router = APIGatewayHttpRouter()
Since = Annotated[Instant | None, Query(description="a week before `until` if missing")]
Until = Annotated[Instant | None, Query(description="now if missing")]


@router.get("/v1/usage", summary="An account's usage by hour or day", tags=["usage"])
def get_usage(
    account_id: Annotated[str, Query(alias="accountId", max_length=40)],
    since: Since = None,
    until: Until = None,
    step: Annotated[Step, Query()] = "hour",
) -> Response[counted.UsageOut]:
    return usage_of(asked(router), account_id, since, until, step)


@router.get("/v1/usage/unbilled", summary="Usage that no service claims", tags=["usage"])
def list_unbilled(since: Since = None, until: Until = None) -> Response[counted.UnbilledListOut]:
    end = until or asked(router).now
    window = Span(since or end - timedelta(days=7), end)
    found = usage_view.unbilled(window, settings.isp())
    return tell(counted.UnbilledListOut(data=[counted.unbilled(one) for one in found]))


@router.get("/v1/suspense", summary="Records that could not be counted", tags=["usage"])
def list_suspense(
    state: Annotated[Literal["open", "recycled"], Query()] = "open",
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> Response[counted.SuspenseListOut]:
    found = suspended.list_suspended(state, limit)
    return tell(counted.SuspenseListOut(data=[counted.suspense(one) for one in found]))


@router.post(
    "/v1/suspense/<record_id>/recycle",
    status_code=202,
    summary="Send a record through again, corrected or as it is",
    tags=["usage"],
)
def recycle(record_id: str, wanted: RecycleIn) -> Response[counted.SuspenseOut]:
    return create(
        asked(router),
        lambda op: suspended.recycle(op, record_id, wanted.record, wanted.reason),
        counted.suspense,
        status=202,
    )


@router.post(
    "/v1/imports",
    status_code=201,
    summary="Import customers from CSV; one bad row writes nothing",
    tags=["customers"],
)
def import_customers() -> Response[counted.ImportOut]:
    request = asked(router)
    return create(
        request, lambda op: imports.run(op, request.text(), settings.isp()), counted.imported
    )


@router.get("/v1/imports/<import_id>", summary="One import", tags=["customers"])
def get_import(import_id: str) -> Response[counted.ImportOut]:
    return tell(counted.imported(imports.load(import_id)))

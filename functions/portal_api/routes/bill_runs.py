"""Bill runs: started, looked at, prepared again, approved, added to."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.portal_api import settings
from functions.portal_api.routes.asked import LIMIT, Cursor, Limit, asked, create, listed, tell
from functions.portal_api.usecases import bill_runs
from functions.portal_api.wire import runs
from functions.portal_api.wire.base import Page
from functions.portal_api.wire.requests import ApprovalIn, PrepareIn, RunIn

router = APIGatewayHttpRouter()
RUN = "/v1/bill-runs/<run_id>"


@router.get("/v1/bill-runs", summary="Bill runs, newest period first", tags=["bill runs"])
def list_runs(cursor: Cursor = None, limit: Limit = LIMIT) -> Response[Page[runs.RunOut]]:
    return listed(
        asked(router),
        cursor,
        lambda at: bill_runs.list_runs(cursor=at, limit=limit),
        runs.run_row,
    )


@router.post(
    "/v1/bill-runs", status_code=202, summary="Prepare a closed period", tags=["bill runs"]
)
def start(wanted: RunIn) -> Response[runs.RunOut]:
    return create(
        asked(router),
        lambda op: bill_runs.start(op, wanted.anchor, wanted.period, settings.isp()),
        runs.run,
        status=202,
    )


@router.get(RUN, summary="One run with what its approver must see", tags=["bill runs"])
def get_run(run_id: str) -> Response[runs.RunViewOut]:
    return tell(runs.run_view(bill_runs.view(run_id)))


@router.post(f"{RUN}/prepare", status_code=202, summary="Prepare again", tags=["bill runs"])
def prepare_again(run_id: str, wanted: PrepareIn) -> Response[runs.RunOut]:
    return create(
        asked(router),
        lambda op: bill_runs.prepare_again(op, run_id, wanted.reason),
        runs.run,
        status=202,
    )


@router.post(
    f"{RUN}/approve", status_code=202, summary="Approve what was seen, issue", tags=["bill runs"]
)
def approve(run_id: str, wanted: ApprovalIn) -> Response[runs.RunOut]:
    return create(
        asked(router),
        lambda op: bill_runs.approve(op, run_id, wanted.revision, wanted.digest),
        runs.run,
        status=202,
    )


@router.post(f"{RUN}/issue", status_code=202, summary="Go on issuing", tags=["bill runs"])
def issue_again(run_id: str) -> Response[runs.RunOut]:
    return create(asked(router), lambda op: bill_runs.issue_again(op, run_id), runs.run, status=202)


@router.post(
    f"{RUN}/supplementary", status_code=202, summary="Bill who was parked", tags=["bill runs"]
)
def supplementary(run_id: str) -> Response[runs.RunOut]:
    return create(
        asked(router),
        lambda op: bill_runs.supplementary(op, run_id),
        runs.run,
        status=202,
    )

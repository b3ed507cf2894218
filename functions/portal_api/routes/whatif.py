"""What another plan would have cost."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.portal_api import settings
from functions.portal_api.problem import InvalidField
from functions.portal_api.routes.asked import asked, tell
from functions.portal_api.usecases import whatif
from functions.portal_api.wire.requests import WhatIfIn
from functions.portal_api.wire.whatif import WhatIfOut, what_if

router = APIGatewayHttpRouter()


@router.post(
    "/v1/what-if",
    summary="What past months would have cost on another plan; writes nothing",
    tags=["catalogue"],
)
def compare(wanted: WhatIfIn) -> Response[WhatIfOut]:
    request, isp = asked(router), settings.isp()
    if (wanted.proposal is None) is not bool(wanted.offering_id):
        raise InvalidField("#/offeringId", "name an offering, or send a proposal, not both")
    proposal = (
        whatif.published(wanted.offering_id, isp, request.now, wanted.version)
        if wanted.proposal is None
        else whatif.proposed(wanted.proposal, "body.proposal", isp, request.now)
    )
    months = whatif.months_asked(wanted.months, isp, request.now)
    want = whatif.Asked(proposal, months, wanted.on)
    return tell(what_if(whatif.sampled(want, isp, request.now, wanted.at_most)))

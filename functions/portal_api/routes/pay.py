"""The pay link: GET shows the bill and changes nothing, POST opens the processor's page.

Mail scanners follow every link they find, so only the button may start anything. The token is the
right to see this one bill; it is not a session and opens nothing else.
"""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.adapters.checkout import CheckoutBusy
from billing.adapters.processor import ProcessorRefused, ProcessorUnreachable
from billing.core.errors import BillingError
from billing.core.payment import AmountNotChargeable, NothingToPay, PaymentUnderWay
from billing.core.period import local_day
from billing.store.invoices import UnknownPayLink
from functions.portal_api import problem, session, settings
from functions.portal_api.pages.portal import pay_page
from functions.portal_api.routes.asked import tell
from functions.portal_api.usecases import bills
from functions.portal_api.usecases.bills import TooSmallToPayOnline
from functions.portal_api.wire import money

NO_PAYMENT_PAGE = (
    UnknownPayLink,
    NothingToPay,
    PaymentUnderWay,
    CheckoutBusy,
    TooSmallToPayOnline,
    AmountNotChargeable,
    ProcessorRefused,
    ProcessorUnreachable,
)


def register(app: APIGatewayHttpResolver) -> None:
    """Add the pay link to the customers' application."""

    @app.get("/pay/<token>", summary="The bill of a pay link, as page or JSON", tags=["pay"])
    def show(token: str) -> Response:
        if not _wants_json(app):
            return pay_page(app, token)
        day = local_day(app.context["now"], settings.isp().isp.zone)
        try:
            return tell(money.invoice(bills.bill_of_token(token, day)))
        except UnknownPayLink as refusal:
            return _refused(app, token, refusal)

    @app.post(
        "/pay/<token>", status_code=303, summary="Open the payment page of a bill", tags=["pay"]
    )
    def pay(token: str) -> Response:
        try:
            now, isp = app.context["now"], settings.isp()
            place = bills.begin_checkout(token, settings.public_url(), now, isp)
        except NO_PAYMENT_PAGE as refusal:
            return _refused(app, token, refusal)
        return Response(303, headers={"Location": place}, body="")


def _refused(app: APIGatewayHttpResolver, token: str, refusal: BillingError) -> Response:
    """A person gets the bill again with what went wrong; a program the problem."""
    if _wants_json(app):
        return problem.of(refusal, app.current_event.path)
    page = pay_page(app, token, refusal)
    page.status_code = problem.status_of(refusal)
    return page


def _wants_json(app: APIGatewayHttpResolver) -> bool:
    accepts = session.header(app.current_event.raw_event, "accept") or ""
    return "application/json" in accepts and "text/html" not in accepts

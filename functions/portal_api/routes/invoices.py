"""Invoices and payments, for staff."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from billing.core.money import Money
from functions.portal_api import settings
from functions.portal_api.routes.answers import explanation_of, pdf_of
from functions.portal_api.routes.asked import LIMIT, Cursor, Limit, asked, create, listed, tell
from functions.portal_api.usecases import bills, payments
from functions.portal_api.wire import money
from functions.portal_api.wire.base import Page
from functions.portal_api.wire.requests import InvoiceIn

router = APIGatewayHttpRouter()
AccountId = Annotated[str, Query(alias="accountId", max_length=40)]


@router.get("/v1/invoices", summary="An account's invoices, newest first", tags=["invoices"])
def list_invoices(
    account_id: AccountId, cursor: Cursor = None, limit: Limit = LIMIT
) -> Response[Page[money.InvoiceRowOut]]:
    request = asked(router)
    return listed(
        request,
        cursor,
        lambda at: bills.list_bills(
            account_id, request.principal.sees, today=request.today, cursor=at, limit=limit
        ),
        money.invoice_row,
    )


@router.post(
    "/v1/invoices", status_code=201, summary="Issue an invoice outside the cycle", tags=["invoices"]
)
def issue(wanted: InvoiceIn) -> Response[money.InvoiceOut]:
    lines = [
        bills.AdHocLine(
            one.text,
            one.quantity,
            one.unit,
            Money.from_wire({"value": one.amount.value, "unit": one.amount.unit}),
            one.tax_category,
        )
        for one in wanted.lines
    ]
    isp, portal = settings.isp(), settings.portal_url()
    return create(
        asked(router),
        lambda op: bills.issue_ad_hoc(op, wanted.account_id, lines, isp, portal),
        money.invoice,
    )


@router.get("/v1/invoices/overdue", summary="What is overdue, oldest first", tags=["invoices"])
def list_overdue() -> Response[Page[money.OpenItemOut]]:
    data = [money.OpenItemOut.model_validate(one) for one in bills.overdue(asked(router).today)]
    return tell(Page[money.OpenItemOut](data=data, next_cursor=None))


@router.get("/v1/invoices/<invoice_id>", summary="One invoice", tags=["invoices"])
def get_invoice(invoice_id: str) -> Response[money.InvoiceOut]:
    request = asked(router)
    return tell(money.invoice(bills.bill(invoice_id, request.principal.sees, request.today)))


@router.get("/v1/invoices/<invoice_id>/explanation", summary="Why it is so", tags=["invoices"])
def explain(invoice_id: str) -> Response[money.ExplanationOut]:
    return explanation_of(asked(router), invoice_id)


@router.get("/v1/invoices/<invoice_id>/pdf", summary="The document", tags=["invoices"])
def pdf(invoice_id: str) -> Response:
    return pdf_of(asked(router), invoice_id)


@router.get("/v1/payments", summary="An account's payments, newest first", tags=["payments"])
def list_payments(
    account_id: AccountId, cursor: Cursor = None, limit: Limit = LIMIT
) -> Response[Page[money.PaymentOut]]:
    request = asked(router)
    return listed(
        request,
        cursor,
        lambda at: payments.list_payments(
            account_id, request.principal.sees, cursor=at, limit=limit
        ),
        money.payment,
    )


@router.get("/v1/payments/held", summary="Money a person must place", tags=["payments"])
def list_held(cursor: Cursor = None, limit: Limit = LIMIT) -> Response[Page[money.PaymentOut]]:
    return listed(
        asked(router),
        cursor,
        lambda at: payments.list_held(cursor=at, limit=limit),
        money.payment,
    )

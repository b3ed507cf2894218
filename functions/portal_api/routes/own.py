"""What customers may ask of the API: their own accounts, and nothing of anybody else's."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.portal_api.routes.answers import explanation_of, pdf_of, usage_of
from functions.portal_api.routes.asked import LIMIT, Cursor, Limit, asked, listed, tell
from functions.portal_api.usecases import bills, customers, payments
from functions.portal_api.wire import counted, money, people
from functions.portal_api.wire.base import Instant, Page
from functions.portal_api.wire.requests import Step

router = APIGatewayHttpRouter()
AccountId = Annotated[str, Query(alias="accountId", max_length=40)]


@router.get("/v1/accounts", summary="Your accounts", tags=["accounts"])
def list_accounts() -> Response[Page[people.CustomerOut]]:
    own = customers.own_customers(asked(router).principal.accounts)
    data = [people.customer(one) for one in own]
    return tell(Page[people.CustomerOut](data=data, next_cursor=None))


@router.get("/v1/accounts/<account_id>", summary="One of your accounts", tags=["accounts"])
def get_account(account_id: str) -> Response[people.CustomerOut]:
    found = customers.customer(account_id, asked(router).principal.sees)
    return tell(people.customer(found), found.account.version)


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


@router.get("/v1/usage", summary="An account's usage by hour or day", tags=["usage"])
def get_usage(
    account_id: AccountId,
    since: Annotated[Instant | None, Query(description="a week before `until` if missing")] = None,
    until: Annotated[Instant | None, Query(description="now if missing")] = None,
    step: Annotated[Step, Query()] = "hour",
) -> Response[counted.UsageOut]:
    return usage_of(asked(router), account_id, since, until, step)

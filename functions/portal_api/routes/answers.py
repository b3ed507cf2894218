"""Answers that the console and the portal give alike."""

from datetime import timedelta

from aws_lambda_powertools.event_handler import Response

from billing.core.period import Span
from functions.portal_api import settings
from functions.portal_api.routes.asked import Asked, tell
from functions.portal_api.usecases import bills, usage_view
from functions.portal_api.usecases.bill_runs import name_of
from functions.portal_api.usecases.usage_view import Step
from functions.portal_api.wire import counted, money
from functions.portal_api.wire.base import Instant


def explanation_of(request: Asked, invoice_id: str) -> Response[money.ExplanationOut]:
    bill = bills.bill(invoice_id, request.principal.sees, request.today)
    name = name_of(bill.invoice.account_id)
    return tell(money.explanation(bill, bills.difference_from_last(bill), name))


def pdf_of(request: Asked, invoice_id: str) -> Response:
    bill = bills.bill(invoice_id, request.principal.sees, request.today)
    named = f'inline; filename="{bill.invoice.number}.pdf"'
    headers = {"Content-Disposition": named}
    return Response(200, content_type="application/pdf", body=bills.pdf(bill), headers=headers)


def usage_of(
    request: Asked, account_id: str, since: Instant | None, until: Instant | None, step: Step
) -> Response[counted.UsageOut]:
    """Usage by hour or day; of the last week if the request names no window."""
    end = until or request.now
    window = Span(since or end - timedelta(days=7), end)
    sees = request.principal.sees
    found = usage_view.of_account(account_id, sees, window, step, settings.isp())
    return tell(
        counted.UsageOut(
            account_id=account_id,
            as_of=request.now,
            services=[counted.series(one) for one in found],
        )
    )

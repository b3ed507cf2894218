"""A bill outside of the cycle: a visit, a device, what nobody wants to wait a month for."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import Field

from billing.config import Isp, load_isp
from billing.core.money import Money
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import Customer
from functions.portal_api import settings
from functions.portal_api.pages import forms
from functions.portal_api.pages.answers import done_or, form
from functions.portal_api.pages.form_page import show_form
from functions.portal_api.pages.forms import Form, field
from functions.portal_api.usecases import bills, customers
from functions.portal_api.usecases.bills import AdHocLine
from functions.portal_api.wire.base import Text

PLACE = "/console/customers/<account_id>/invoices/new"
LEAD = (
    "This bill is issued at once: it gets its number, goes out by mail and is owed from today."
    " It cannot be changed afterwards."
)


class ChargeForm(Form):
    text: Text
    amount: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=2)]
    tax_category: Text


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get(PLACE, include_in_schema=False)
    def new_bill(account_id: str) -> Response:
        return _show(app, isp, customers.customer(account_id, EVERY_ACCOUNT), {})

    @app.post(PLACE, include_in_schema=False)
    def issue(account_id: str) -> Response:
        fields = form(app)
        found = customers.customer(account_id, EVERY_ACCOUNT)
        entered, errors = forms.read(ChargeForm, fields)
        if entered is None:
            return _show(app, isp, found, fields, errors)
        amount = Money.parse(f"{entered.amount:f}", found.account.currency)
        line = AdHocLine(entered.text, "1", "", amount, entered.tax_category)
        return done_or(
            app,
            fields,
            lambda op: bills.issue_ad_hoc(op, account_id, [line], isp, settings.portal_url()),
            lambda bill: f"/console/invoices/{bill.id}?done=issued",
            lambda words: _show(app, isp, found, fields, problem=words),
        )


def _show(
    app: APIGatewayHttpResolver,
    isp: Isp,
    found: Customer,
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    wrong = errors or {}
    place = f"/console/customers/{found.account.id}"
    categories = sorted({rate.category for rate in isp.tax})
    net = f"Amount before tax, in {found.account.currency}"
    return show_form(
        app,
        f"One-off bill for {found.subject.name}",
        [
            {
                "name": "What is charged",
                "fields": [
                    field("text", "Text on the bill", values, wrong, width=12, required=True),
                    field("amount", net, values, wrong, width=6, required=True, mode="decimal"),
                    field("tax_category", "Tax category", values, wrong, width=6,
                          options=[(one, one.capitalize()) for one in categories]),
                ],
            }
        ],
        action=f"{place}/invoices/new",
        back=place,
        button="Issue the bill",
        lead=LEAD,
        errors=wrong,
        problem=problem,
    )  # fmt: skip

"""Who may see a customer's account in the portal."""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import load_isp
from billing.store.logins import Login
from functions.portal_api import settings
from functions.portal_api.operation import Operation
from functions.portal_api.pages import forms
from functions.portal_api.pages.answers import done_or, form
from functions.portal_api.pages.customers import show
from functions.portal_api.pages.forms import Form
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases import logins
from functions.portal_api.wire.base import Email

LOGINS = "/console/customers/<account_id>/logins"


class InviteForm(Form):
    email: Email


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.post(LOGINS, include_in_schema=False)
    def invite(account_id: str) -> Response:
        fields = form(app)

        def do(op: Operation) -> Login:
            entered, _ = forms.read(InviteForm, fields)
            if entered is None:
                raise InvalidField("#/email", "an e-mail address looks like ada@isp.example")
            return logins.invite(op, account_id, entered.email, settings.customers_pool_id())

        return done_or(
            app,
            fields,
            do,
            lambda _: f"/console/customers/{account_id}?done=invited",
            lambda words: show(app, isp, account_id, words),
        )

    @app.post(f"{LOGINS}/<subject>/end", include_in_schema=False)
    def end(account_id: str, subject: str) -> Response:
        return done_or(
            app,
            form(app),
            lambda op: logins.end(op, account_id, subject),
            lambda _: f"/console/customers/{account_id}?done=uninvited",
            lambda words: show(app, isp, account_id, words),
        )

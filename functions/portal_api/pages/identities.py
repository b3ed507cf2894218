"""The names under which routers tell a service's usage: given from a day on, moved, ended."""

from collections.abc import Mapping
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from billing.config import Isp, load_isp
from billing.core.party import IdentityAssignment
from billing.core.period import local_midnight
from billing.core.usage import e164, identity_from
from billing.store.customers import Customer
from functions.portal_api.operation import Operation
from functions.portal_api.pages import forms
from functions.portal_api.pages.answers import done_or, form, today
from functions.portal_api.pages.connections import SERVICE, held
from functions.portal_api.pages.customers import show
from functions.portal_api.pages.form_page import show_form
from functions.portal_api.pages.forms import Form, field
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases import services
from functions.portal_api.wire.base import Day, Text

KINDS = [
    ("user", "RADIUS user name"),
    ("mac", "MAC address of the modem"),
    ("circuit", "Circuit id"),
    ("ip", "Fixed IP address"),
    ("port", "Port of the access switch"),
    ("tel", "Phone number"),
]


HINT = "A port as switch/port; a phone number with its country code, without spaces."


class IdentityForm(Form):
    kind: Literal["user", "mac", "circuit", "ip", "port", "tel"]
    identity: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
    since: Day
    take_over: Literal["", "yes"] = ""

    @property
    def spelled(self) -> str:
        """The identity as records have it."""
        return identity_from(f"{self.kind}:{self.identity}")

    @field_validator("identity")
    @classmethod
    def _number_has_its_country(cls, written: str, entered: ValidationInfo) -> str:
        if entered.data.get("kind") == "tel" and not e164(written):
            raise PydanticCustomError("number", "Use the country code, such as +353214960000.")
        return written


class EndForm(Form):
    identity: Text
    day: Day


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get(f"{SERVICE}/identities", include_in_schema=False)
    def new_identity(account_id: str, service_id: str) -> Response:
        first = {"kind": "user", "since": today(app, isp.isp.zone).isoformat()}
        return _show_identity(app, *held(account_id, service_id), first)

    @app.post(f"{SERVICE}/identities", include_in_schema=False)
    def give_identity(account_id: str, service_id: str) -> Response:
        return _give_identity(app, isp, account_id, service_id)

    @app.post(f"{SERVICE}/identities/end", include_in_schema=False)
    def end_identity(account_id: str, service_id: str) -> Response:
        return _end_identity(app, isp, account_id, service_id)


def _give_identity(
    app: APIGatewayHttpResolver, isp: Isp, account_id: str, service_id: str
) -> Response:
    fields = form(app)
    found, name = held(account_id, service_id)
    entered, errors = forms.read(IdentityForm, fields)
    if entered is None:
        return _show_identity(app, found, name, fields, errors)
    return done_or(
        app,
        fields,
        lambda op: services.assign(
            op,
            account_id,
            service_id,
            entered.spelled,
            local_midnight(entered.since, isp.isp.zone),
            None,
            isp,
            take_over=entered.take_over == "yes",
        ),
        lambda _: f"/console/customers/{account_id}?done=identity",
        lambda words: _show_identity(app, found, name, fields, problem=words),
    )


def _end_identity(
    app: APIGatewayHttpResolver, isp: Isp, account_id: str, service_id: str
) -> Response:
    fields = form(app)

    def do(op: Operation) -> IdentityAssignment:
        entered, errors = forms.read(EndForm, fields)
        if entered is None:
            raise InvalidField("#/day", " ".join(errors.values()).removesuffix("."))
        at = local_midnight(entered.day, isp.isp.zone)
        return services.end_identity(op, account_id, service_id, entered.identity, at, isp)

    return done_or(
        app,
        fields,
        do,
        lambda _: f"/console/customers/{account_id}?done=unassigned",
        lambda words: show(app, isp, account_id, words),
    )


def _show_identity(
    app: APIGatewayHttpResolver,
    found: Customer,
    service: Mapping[str, str],
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    wrong = errors or {}
    place = f"/console/customers/{found.account.id}"
    move = {
        "type": "checkbox",
        "hint": "Without this, a name that another service holds on that day is refused.",
    }
    return show_form(
        app,
        f"Line identity of {service['name']}",
        [
            {
                "name": found.subject.name,
                "fields": [
                    field("kind", "Kind", values, wrong, width=4, options=KINDS),
                    field("identity", "As the router sends it", values, wrong, width=4,
                          required=True, hint=HINT),
                    field("since", "From the start of", values, wrong, width=4, required=True,
                          type="date"),
                    field("take_over", "Take it from the service that holds it now", values,
                          wrong, width=12, **move),
                ],
            }
        ],
        action=f"{place}/services/{service['id']}/identities",
        back=place,
        lead="From that day on, usage under this name is counted for this service.",
        errors=wrong,
        problem=problem,
    )  # fmt: skip

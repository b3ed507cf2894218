"""What a customer is connected with: services, and the first plan on each."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.errors import BillingError
from billing.core.period import local_day, local_midnight
from billing.core.subscription import Subscription
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import Customer
from functions.portal_api.operation import Operation
from functions.portal_api.pages import forms
from functions.portal_api.pages.answers import done_or, form, today
from functions.portal_api.pages.form_page import show_form
from functions.portal_api.pages.forms import Form, Place, UserName, field
from functions.portal_api.pages.render import day
from functions.portal_api.problem import NotFound
from functions.portal_api.usecases import catalogue, customers, services
from functions.portal_api.usecases.subscriptions import begin
from functions.portal_api.usecases.subscriptions.begin import Wanted
from functions.portal_api.wire.base import Day, OptionalText, Text
from functions.portal_api.wire.requests import Quantity

CUSTOMER = "/console/customers/<account_id>"
SERVICE = f"{CUSTOMER}/services/<service_id>"


class PlanRunsAlready(BillingError):
    """Two plans at once on one service would charge it twice."""

    def __init__(self, running: Subscription, zone: str) -> None:
        name = running.current.price.name
        until = day(local_day(running.ended, zone)) if running.ended else ""
        super().__init__(
            f"{name} runs until {until}: let the new plan begin on that day or later"
            if until
            else f"{name} runs on this service: change it there, or end it first"
        )


class ServiceForm(Place):
    name: Text
    user_name: UserName = ""
    since: Day


class PlanForm(Form):
    offering: Text
    since: Day
    quantity: Quantity = 1
    coupon: OptionalText = ""
    parent: OptionalText = ""  # of an add-on: the plan it is added to


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get(f"{CUSTOMER}/services/new", include_in_schema=False)
    def new_service(account_id: str) -> Response:
        found = customers.customer(account_id, EVERY_ACCOUNT)
        return _show_service(app, found, _first_service(found, today(app, isp.isp.zone)))

    @app.post(f"{CUSTOMER}/services/new", include_in_schema=False)
    def add_service(account_id: str) -> Response:
        return _add_service(app, isp, account_id)

    @app.get(f"{SERVICE}/plan", include_in_schema=False)
    def new_plan(account_id: str, service_id: str) -> Response:
        asked = app.current_event.query_string_parameters
        first = {"since": today(app, isp.isp.zone).isoformat(), "parent": asked.get("parent", "")}
        return _show_plan(app, *held(account_id, service_id), first)

    @app.post(f"{SERVICE}/plan", include_in_schema=False)
    def begin_plan(account_id: str, service_id: str) -> Response:
        return _begin_plan(app, isp, account_id, service_id)


def _add_service(app: APIGatewayHttpResolver, isp: Isp, account_id: str) -> Response:
    fields = form(app)
    found = customers.customer(account_id, EVERY_ACCOUNT)
    entered, errors = forms.read(ServiceForm, fields)
    if entered is None:
        return _show_service(app, found, fields, errors)
    wanted: dict[str, Any] = {
        "name": entered.name,
        "kind": "internet",
        "site": {name: getattr(entered, name) for name in forms.ADDRESS},
        "external_id": "",
        "identities": [f"user:{entered.user_name}"] if entered.user_name else [],
        "since": local_midnight(entered.since, isp.isp.zone),
    }
    return done_or(
        app,
        fields,
        lambda op: services.create(op, account_id, wanted),
        lambda _: f"/console/customers/{account_id}?done=service",
        lambda words: _show_service(app, found, fields, problem=words),
    )


def _begin_plan(
    app: APIGatewayHttpResolver, isp: Isp, account_id: str, service_id: str
) -> Response:
    fields = form(app)
    found, name = held(account_id, service_id)
    entered, errors = forms.read(PlanForm, fields)
    if entered is None:
        return _show_plan(app, found, name, fields, errors)
    since = local_midnight(entered.since, isp.isp.zone)
    wanted = Wanted(
        service_id,
        entered.offering,
        since,
        entered.quantity,
        coupons=(entered.coupon,) if entered.coupon else (),
        members=tuple(one.id for one in found.services if fields.get(f"member_{one.id}")),
        parent_id=entered.parent,
    )

    def do(op: Operation) -> Subscription:
        running = _running(found, service_id, since)
        if running and not entered.parent:
            raise PlanRunsAlready(running, isp.isp.zone)
        return begin.begin(op, account_id, wanted, isp)

    return done_or(
        app,
        fields,
        do,
        lambda _: f"/console/customers/{account_id}?done=begun",
        lambda words: _show_plan(app, found, name, fields, problem=words),
    )


def _running(found: Customer, service_id: str, since: datetime) -> Subscription | None:
    """The plan of the service that still runs then; parts and add-ons are none."""
    own = (one for one in found.subscriptions if one.service_id == service_id and not one.parent_id)
    return next((one for one in own if one.ended is None or one.ended > since), None)


def held(account_id: str, service_id: str) -> tuple[Customer, dict[str, str]]:
    """The customer, and id and name of one of his services. Raises NotFound."""
    found = customers.customer(account_id, EVERY_ACCOUNT)
    for service in found.services:
        if service.id == service_id:
            return found, {"id": service.id, "name": service.name}
    raise NotFound("service", service_id)


def _first_service(found: Customer, first: date) -> dict[str, str]:
    """The form before anything is typed: most customers are connected where they live."""
    address = found.account.billing_address
    place = {name: getattr(address, name) if address else "" for name in forms.ADDRESS}
    return place | {"name": "Internet", "since": first.isoformat()}


def _show_service(
    app: APIGatewayHttpResolver,
    found: Customer,
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    wrong = errors or {}
    place = f"/console/customers/{found.account.id}"
    hint = "Usage of this name is billed to this customer."
    return show_form(
        app,
        f"Add a service for {found.subject.name}",
        [
            {
                "name": "Service",
                "fields": [
                    field("name", "Name", values, wrong, width=4, required=True),
                    field("user_name", "RADIUS user name", values, wrong, width=4, hint=hint),
                    field("since", "From", values, wrong, width=4, required=True, type="date"),
                ],
            },
            {"name": "Where it is", "fields": forms.address_fields(values, wrong)},
        ],
        action=f"{place}/services/new",
        back=place,
        errors=wrong,
        problem=problem,
    )


def _show_plan(
    app: APIGatewayHttpResolver,
    found: Customer,
    service: Mapping[str, str],
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    wrong = errors or {}
    place = f"/console/customers/{found.account.id}"
    offered = [(one.id, one.name) for one in catalogue.offerings()]
    parent = values.get("parent", "")
    base = next((one for one in found.subscriptions if one.id == parent), None)
    what = f"Add to {base.current.price.name}" if base else f"Begin a plan on {service['name']}"
    quantity = {"quantity": "1"} | dict(values)
    plan = [
        field("offering", "Plan", values, wrong, width=6, options=offered),
        field("since", "From", values, wrong, width=6, required=True, type="date"),
        field("quantity", "How many", quantity, wrong, width=6, mode="numeric"),
        field("coupon", "Coupon", values, wrong, width=6),
    ]
    groups: list[Mapping[str, Any]] = [{"name": found.subject.name, "fields": plan}]
    others = [one for one in found.services if one.id != service["id"]]
    if others and not base:
        hint = "For plans with one allowance for several services."
        members = [
            field(f"member_{one.id}", one.name, values, wrong, type="checkbox", hint=hint)
            for one in others
        ]
        groups.append({"name": "Shares its allowance with", "fields": members})
    return show_form(
        app,
        what,
        groups,
        action=f"{place}/services/{service['id']}/plan",
        back=place,
        button="Add it" if base else "Begin the plan",
        hidden={"parent": parent} if parent else None,
        lead="Its first charge, in proportion to the days left in the period, is on the next bill.",
        errors=wrong,
        problem=problem,
    )

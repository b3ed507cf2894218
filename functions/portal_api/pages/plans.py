"""Change and end of a plan: first what it will cost, then the deed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.errors import BillingError
from billing.core.period import local_day, local_midnight, local_time, rfc3339
from billing.core.subscription import Subscription
from billing.store.access import EVERY_ACCOUNT
from billing.store.catalog import price_versions
from functions.portal_api.operation import Operation
from functions.portal_api.pages import views
from functions.portal_api.pages.answers import (
    done_or,
    form,
    html,
    instant_field,
    refused,
    whole_number,
)
from functions.portal_api.pages.customers import show
from functions.portal_api.pages.render import day as spoken
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases import catalogue, customers, plans

END = "end"  # the choice beside the offerings


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get("/console/customers/<account_id>/plans/<subscription_id>", include_in_schema=False)
    def preview(account_id: str, subscription_id: str) -> Response:
        asked = app.current_event.query_string_parameters
        try:
            at = _effective(asked.get("day", ""), app.context["now"], isp.isp.zone)
            seen = _preview(account_id, subscription_id, asked.get("offering", ""), at, isp)
        except BillingError as refusal:
            return refused(refusal, lambda words: show(app, isp, account_id, words))
        return html("console/change.html", app, section="Customers", **seen)

    @app.post("/console/customers/<account_id>/plans/<subscription_id>", include_in_schema=False)
    def change(account_id: str, subscription_id: str) -> Response:
        fields = form(app)
        offering, at = fields.get("offering", ""), instant_field(fields, "at")
        version, place = whole_number(fields, "version"), f"/console/customers/{account_id}"

        def do(op: Operation) -> Subscription:
            if offering == END:
                return plans.end(op, account_id, subscription_id, at, version, isp)
            return plans.change(op, account_id, subscription_id, offering, at, version, isp)

        return done_or(
            app,
            fields,
            do,
            lambda _: f"{place}?done={'ended' if offering == END else 'changed'}",
            lambda words: show(app, isp, account_id, words),
        )


def _preview(
    account_id: str, subscription_id: str, offering: str, at: datetime, isp: Isp
) -> Mapping[str, Any]:
    if offering == END:
        seen = plans.preview_end(account_id, subscription_id, at, EVERY_ACCOUNT, isp)
        heading, button = "End the subscription", "End it"
    else:
        seen = plans.preview_change(account_id, subscription_id, offering, at, EVERY_ACCOUNT, isp)
        heading, button = f"Change to {catalogue.offering(offering).name}", "Change the plan"
    zone, price_of = isp.isp.zone, price_versions()
    return {
        "account_id": account_id,
        "name": customers.customer(account_id, EVERY_ACCOUNT).subject.name,
        "heading": heading,
        "button": button,
        "sentence": (
            f"From {spoken(local_day(at, zone))}. That day is charged at the new price;"
            f" usage counts under it from {local_time(seen.usage_from, zone):%H:%M} on."
            if offering != END
            else f"On {spoken(local_day(at, zone))}; that day is not charged any more."
        ),
        "lines": [views.line(one, price_of) for one in seen.lines],
        "total": seen.total,
        "action": f"/console/customers/{account_id}/plans/{subscription_id}",
        "fields": [
            ("offering", offering),
            ("at", rfc3339(at)),
            ("version", str(seen.subscription.version)),
        ],
    }


def _effective(text: str, now: datetime, zone: str) -> datetime:
    """The instant a change on a day takes effect: today is now, other days begin at midnight."""
    try:
        wanted = date.fromisoformat(text)
    except ValueError:
        raise InvalidField("query/day", "a day is written as 2026-10-31") from None
    return now if wanted == local_day(now, zone) else local_midnight(wanted, zone)

"""Customers on the console: the list, and one customer whole with timeline and usage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.party import Contact, Service
from billing.core.period import local_day
from billing.core.subscription import Subscription
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import Customer
from functions.portal_api.pages import allowances, plan_words, usage, views
from functions.portal_api.pages.answers import done_or, form, html, see_other, today
from functions.portal_api.pages.links import read_cursor, write_cursor
from functions.portal_api.pages.render import day, money
from functions.portal_api.usecases import bills, catalogue, customers, logins

TIMELINE_LENGTH = 40
BILLS_SHOWN = 12
NOTE_SIGNS_MAX = 2000


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get("/console/customers", include_in_schema=False)
    def listed() -> Response:
        asked = app.current_event.query_string_parameters
        query = asked.get("q", "")
        found = customers.list_customers(
            query=query,
            cursor=read_cursor(app, asked.get("cursor")),
            today=today(app, isp.isp.zone),
        )
        return html(
            "console/customers.html",
            app,
            section="Customers",
            query=query,
            rows=found.items,
            next_href=write_cursor(app, "/console/customers", found.cursor, q=query),
        )

    @app.get("/console/customers/<account_id>", include_in_schema=False)
    def one(account_id: str) -> Response:
        return show(app, isp, account_id)

    @app.get("/console/customers/<account_id>/usage", include_in_schema=False)
    def used(account_id: str) -> Response:
        now: datetime = app.context["now"]
        found = usage.of_running_period(account_id, EVERY_ACCOUNT, isp, now)
        left = allowances.summary(customers.customer(account_id, EVERY_ACCOUNT), isp, now)
        place = f"/console/customers/{account_id}/allowances"
        return html("usage_fragment.html", app, **usage.chart(found, isp, now, left, place))

    @app.post("/console/customers/<account_id>/notes", include_in_schema=False)
    def note(account_id: str) -> Response:
        fields = form(app)
        text = fields.get("text", "")
        place = f"/console/customers/{account_id}"
        if not text:
            return see_other(place)
        if len(text) > NOTE_SIGNS_MAX:
            words = f"The note is longer than {NOTE_SIGNS_MAX} signs: split it in two."
            return show(app, isp, account_id, words, note=text)
        return done_or(
            app,
            fields,
            lambda op: customers.add_note(op, account_id, text),
            lambda _: f"{place}?done=note",
            lambda words: show(app, isp, account_id, words, note=text),
        )


def show(
    app: APIGatewayHttpResolver, isp: Isp, account_id: str, problem: str = "", note: str = ""
) -> Response:
    """The page of one customer; with a problem, why something could not be done to it."""
    zone, now = isp.isp.zone, app.context["now"]
    day_now = local_day(now, zone)
    found = customers.customer(account_id, EVERY_ACCOUNT)
    cursor = app.current_event.query_string_parameters.get("cursor")
    events = customers.timeline_of(
        account_id,
        EVERY_ACCOUNT,
        cursor=read_cursor(app, cursor) if not problem else None,
        limit=TIMELINE_LENGTH,
    )
    known = logins.list_logins(account_id, EVERY_ACCOUNT)
    listed = bills.list_bills(account_id, EVERY_ACCOUNT, today=day_now, limit=BILLS_SHOWN)
    return html(
        "console/customer.html",
        app,
        422 if problem else 200,
        problem,
        section="Customers",
        customer=_header(found, isp, now),
        services=[_service(found, service, zone, now) for service in found.services],
        offerings=catalogue.offerings(),
        bills=[views.bill_row(bill) for bill in listed.items],
        events=[views.event(event) for event in events.items],
        events_next=write_cursor(app, f"/console/customers/{account_id}", events.cursor),
        logins=known,
        invite="" if known else found.subject.email,
        today=day_now.isoformat(),
        note=note,
    )


def _header(found: Customer, isp: Isp, now: datetime) -> dict[str, Any]:
    account, subject = found.account, found.subject
    day_now = local_day(now, isp.isp.zone)
    late = [item for item in found.open_items if item.due_on < day_now and item.open.minor > 0]
    address = account.billing_address
    if late:
        note = f"{len(late)} overdue, since {day(late[0].due_on)}"
    elif found.credit.minor:
        note = f"{money(found.credit)} to their credit"
    else:
        note = "nothing overdue"
    running = [one for one in found.subscriptions if one.ended is None and not one.parent_id]
    return {
        "account_id": account.id,
        "external_id": account.external_id,
        "name": subject.name,
        "state": customers.state_of(found, day_now),
        "anchor": account.cycle_anchor,
        "currency": account.currency,
        "balance": found.balance,
        "balance_note": note,
        "plan": customers.plan_of(found) or "None",
        "plan_note": _plan_note(running, now, isp.isp.zone),
        "problem": ""
        if account.tax_place.country
        else "The tax country is missing: this account cannot be billed. Edit it to mend that.",
        "facts": [
            ("E-mail", subject.email or "–"),
            ("Phone", subject.phone or "–"),
            ("Address", ", ".join(address.lines()) if address else "–"),
            ("Tax country", account.tax_place.country or "missing"),
            *(("VAT number", subject.vat_id) for _ in (1,) if subject.vat_id),
            *((f"{one.role.capitalize()} contact", _reach(one)) for one in subject.contacts),
            ("Account", account.id),
        ],
    }


def _plan_note(running: Sequence[Subscription], now: datetime, zone: str) -> str:
    """Since when, and what a customer should know of the first plan that runs."""
    if not running:
        return "nothing is charged"
    first = running[0]
    held = first.at(now) or first.current
    since = f"since {day(local_day(held.span.start, zone))}"
    return " · ".join([since, *plan_words.facts(first, now, zone)])


def _service(found: Customer, service: Service, zone: str, now: datetime) -> dict[str, Any]:
    held = [one for one in found.subscriptions if one.service_id == service.id]
    plans = [one for one in held if not one.parent_id]
    running = next((one for one in plans if one.ended is None or one.ended > now), None)
    names = {one.id: one.name for one in found.services}
    return {
        "id": service.id,
        "name": service.name,
        "address": ", ".join(service.site.lines()) if service.site else "",
        "timeline": [line for one in plans for line in plan_words.timeline(one, zone)],
        "plans": plan_words.for_plan(held, names, now, zone),
        "identities": [
            {
                "identity": one.identity,
                "when": views.span_label(one.span.start, one.span.end, zone),
                "open": one.span.end is None,
            }
            for one in found.identities_of(service.id)
        ],
        "subscription_id": running.id if running else "",
        "has_plan": running is not None,
        "ends": running is not None and running.ended is not None,
    }


def _reach(contact: Contact) -> str:
    return ", ".join(part for part in (contact.name, contact.email, contact.phone) if part)

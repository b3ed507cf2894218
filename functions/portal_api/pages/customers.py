"""Customers on the console: the list, one customer whole, its forms, and files of customers."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.errors import BillingError
from billing.core.party import Account, Address, TaxPlace
from billing.core.period import Span, local_day
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import Customer
from functions.portal_api.once import unnamed
from functions.portal_api.pages import forms, views
from functions.portal_api.pages.answers import do_once, form, html, see_other, today
from functions.portal_api.pages.links import read_cursor, write_cursor
from functions.portal_api.usecases import bills, catalogue, customers, imports, usage_view

TIMELINE_LENGTH = 40
BILLS_SHOWN = 12


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

    @app.get("/console/customers/new", include_in_schema=False)
    def new() -> Response:
        return _show_new(app, isp, {}, {})

    @app.post("/console/customers/new", include_in_schema=False)
    def create() -> Response:
        fields = form(app)
        wanted, errors = forms.new_customer(fields)
        if wanted is None:
            return _show_new(app, isp, fields, errors)
        try:
            return do_once(
                app,
                fields,
                lambda op: customers.create_customer(op, wanted, isp),
                lambda ids: f"/console/customers/{ids.account_id}?done=saved",
            )
        except BillingError as refused:
            return _show_new(app, isp, fields, {}, str(refused))

    @app.get("/console/customers/import", include_in_schema=False)
    def show_import() -> Response:
        return _show_import(app, "", ())

    @app.post("/console/customers/import", include_in_schema=False)
    def run_import() -> Response:
        fields = form(app)
        try:
            return do_once(
                app,
                fields,
                lambda op: imports.run(op, fields.get("csv", ""), isp),
                lambda _: "/console/customers?done=imported",
            )
        except imports.RowsRefused as refused:
            return _show_import(app, fields.get("csv", ""), refused.rows)
        except imports.NotACustomerFile as refused:
            whole = (imports.RowError(1, "", str(refused)),)
            return _show_import(app, fields.get("csv", ""), whole)

    @app.get("/console/customers/<account_id>", include_in_schema=False)
    def one(account_id: str) -> Response:
        return _show(app, isp, account_id)

    @app.get("/console/customers/<account_id>/usage", include_in_schema=False)
    def usage(account_id: str) -> Response:
        now: datetime = app.context["now"]
        return html("console/usage_fragment.html", app, **usage_of(account_id, isp, now))

    @app.post("/console/customers/<account_id>/notes", include_in_schema=False)
    def note(account_id: str) -> Response:
        fields = form(app)
        text = fields.get("text", "")[:2000]
        place = f"/console/customers/{account_id}"
        if not text:
            return see_other(place)
        return do_once(
            app,
            fields,
            lambda op: customers.add_note(op, account_id, text),
            lambda _: f"{place}?done=note",
        )

    @app.get("/console/customers/<account_id>/edit", include_in_schema=False)
    def edit(account_id: str) -> Response:
        found = customers.customer(account_id, EVERY_ACCOUNT)
        return _show_edit(app, found, forms.fields_of(found), {})

    @app.post("/console/customers/<account_id>/edit", include_in_schema=False)
    def save(account_id: str) -> Response:
        fields = form(app)
        found = customers.customer(account_id, EVERY_ACCOUNT)
        errors = forms.contact_errors(fields) | forms.address_errors(fields)
        if errors:
            return _show_edit(app, found, fields, errors)
        try:
            _save(app, found, fields)
        except BillingError as refused:
            return _show_edit(app, found, fields, {}, str(refused))
        return see_other(f"/console/customers/{account_id}?done=saved")


def usage_of(account_id: str, isp: Isp, now: datetime) -> dict[str, Any]:
    """Usage of the account's running period, of all its services together, day by day."""
    period = usage_view.current_period(account_id, EVERY_ACCOUNT, isp, now)
    span = Span(period.span.start, min(now, period.span.end or now))
    found = usage_view.of_account(account_id, EVERY_ACCOUNT, span, "day", isp)
    return usage_context(found, isp, now)


def usage_context(found: tuple[usage_view.Series, ...], isp: Isp, now: datetime) -> dict[str, Any]:
    """Several series as one chart, with their age."""
    newest = max((one.newest for one in found if one.newest), default=None)
    columns = [views.chart_days(one.points, isp.isp.zone) for one in found]
    days = [
        {
            "label": same[0]["label"],
            **{way: sum(part[way] for part in same) for way in ("down", "up", "total")},
        }
        for same in zip(*columns, strict=True)
    ]
    return {
        "days": days,
        "total": sum(one.octets_in + one.octets_out for one in found),
        "newest": newest,
        "stale": newest is None or now - newest > timedelta(minutes=30),
        "flags": sorted({flag for one in found for flag in one.flags}),
    }


def _show(app: APIGatewayHttpResolver, isp: Isp, account_id: str) -> Response:
    zone, now = isp.isp.zone, app.context["now"]
    day_now = local_day(now, zone)
    found = customers.customer(account_id, EVERY_ACCOUNT)
    asked = app.current_event.query_string_parameters
    events = customers.timeline_of(
        account_id,
        EVERY_ACCOUNT,
        cursor=read_cursor(app, asked.get("cursor")),
        limit=TIMELINE_LENGTH,
    )
    listed = bills.list_bills(account_id, EVERY_ACCOUNT, today=day_now, limit=BILLS_SHOWN)
    return html(
        "console/customer.html",
        app,
        section="Customers",
        customer=_header(found, isp, day_now),
        services=[_service(found, service, zone, now) for service in found.services],
        offerings=catalogue.offerings(),
        bills=[views.bill_row(bill) for bill in listed.items],
        events=[_event(event) for event in events.items],
        events_next=write_cursor(app, f"/console/customers/{account_id}", events.cursor),
        today=day_now.isoformat(),
    )


def _header(found: Customer, isp: Isp, day_now: date) -> dict[str, Any]:
    account, subject = found.account, found.subject
    late = [item for item in found.open_items if item.due_on < day_now and item.open.minor > 0]
    address = account.billing_address
    if late:
        note = f"{len(late)} overdue, since {late[0].due_on.isoformat()}"
    elif found.credit.minor:
        note = f"{found.credit} to its credit"
    else:
        note = "nothing overdue"
    running = [one for one in found.subscriptions if one.ended is None]
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
        "plan_note": f"since {local_day(running[0].current.span.start, isp.isp.zone).isoformat()}"
        if running
        else "nothing is charged",
        "problem": ""
        if account.tax_place.country
        else "The tax country is missing: this account cannot be billed. Edit it to mend that.",
        "facts": [
            ("E-mail", subject.email or "–"),
            ("Phone", subject.phone or "–"),
            ("Address", ", ".join(address.lines()) if address else "–"),
            ("Tax country", account.tax_place.country or "missing"),
            ("Account", account.id),
        ],
    }


def _service(found: Customer, service: Any, zone: str, now: datetime) -> dict[str, Any]:
    held = [one for one in found.subscriptions if one.service_id == service.id]
    running = next((one for one in held if one.ended is None or one.ended > now), None)
    return {
        "name": service.name,
        "address": ", ".join(service.site.lines()) if service.site else "",
        "timeline": [
            f"{segment.price.name} {views.span_label(segment.span.start, segment.span.end, zone)}"
            for one in held
            for segment in one.segments
        ],
        "identities": [
            {
                "identity": one.identity,
                "when": views.span_label(one.span.start, one.span.end, zone),
            }
            for one in found.identities_of(service.id)
        ],
        "subscription_id": running.id if running else "",
        "ended": running is None or running.ended is not None,
    }


def _event(event: Any) -> dict[str, Any]:
    href = f"/console/invoices/{event.object}" if event.object.startswith("inv_") else ""
    return {"at": event.at, "text": event.text, "actor": event.actor, "href": href}


def _save(app: APIGatewayHttpResolver, found: Customer, fields: Mapping[str, str]) -> None:
    """Party and account are two items, each under its version; only what differs is written."""
    op = unnamed(app.context["principal"], fields.get("idempotency_key", ""), app.context["now"])
    personal = {
        name: fields[name]
        for name in ("name", "email", "phone")
        if fields[name] != getattr(found.subject, name)
    }
    versions = [int(part) for part in fields["version"].split(".")]
    if personal:
        customers.edit_party(op, found.party.id, versions[0], personal)
    changes = _account_changes(found.account, fields)
    if changes:
        customers.edit_account(op, found.account.id, versions[1], changes)


def _account_changes(account: Account, fields: Mapping[str, str]) -> dict[str, Any]:
    address = {name: fields[name] for name in Address.__dataclass_fields__}
    changes: dict[str, Any] = {}
    if Address(**address) != account.billing_address:
        changes["billing_address"] = address
    if TaxPlace(fields["tax_country"].upper(), account.tax_place.region) != account.tax_place:
        place = {"country": fields["tax_country"].upper(), "region": account.tax_place.region}
        changes["tax_place"] = place
    return changes


def _show_new(
    app: APIGatewayHttpResolver,
    isp: Isp,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    refused: str = "",
) -> Response:
    first = {"start": today(app, isp.isp.zone).isoformat(), "anchor": str(isp.cycles.anchors[0])}
    shown = first | {"country": isp.seller().address.country} | dict(values)
    if "tax_country" not in values:
        shown["tax_country"] = shown["country"]
    return _form(
        app,
        "New customer",
        forms.new_groups(shown, errors, isp.cycles.anchors, catalogue.offerings()),
        errors,
        refused,
        action="/console/customers/new",
        back="/console/customers",
    )


def _show_edit(
    app: APIGatewayHttpResolver,
    found: Customer,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    refused: str = "",
) -> Response:
    place = f"/console/customers/{found.account.id}"
    return _form(
        app,
        f"Edit {found.subject.name}",
        forms.edit_groups(values, errors),
        errors,
        refused,
        action=f"{place}/edit",
        back=place,
        version=values.get("version", f"{found.subject.version}.{found.account.version}"),
    )


def _form(
    app: APIGatewayHttpResolver,
    heading: str,
    groups: Any,
    errors: Mapping[str, str],
    refused: str,
    *,
    action: str,
    back: str,
    version: str | None = None,
) -> Response:
    wrong = bool(errors or refused)
    flashes = [("bad", refused or "Please mend the marked fields.")] if wrong else []
    return html(
        "console/customer_form.html",
        app,
        422 if wrong else 200,
        section="Customers",
        heading=heading,
        groups=groups,
        action=action,
        back=back,
        button="Save",
        version=version,
        flashes=flashes,
    )


def _show_import(app: APIGatewayHttpResolver, csv: str, errors: tuple[Any, ...]) -> Response:
    return html(
        "console/import.html",
        app,
        422 if errors else 200,
        section="Customers",
        columns=imports.COLUMNS,
        csv=csv,
        errors=errors,
    )

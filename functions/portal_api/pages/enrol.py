"""New customers on the console: one by a form, many by a file."""

from collections.abc import Mapping, Sequence

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from functions.portal_api.pages import forms
from functions.portal_api.pages.answers import do_once, done_or, form, html, today
from functions.portal_api.pages.form_page import show_form
from functions.portal_api.usecases import catalogue, customers, imports
from functions.portal_api.usecases.imports import RowError

NEW = "/console/customers/new"
IMPORT = "/console/customers/import"


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get(NEW, include_in_schema=False)
    def new() -> Response:
        return _show_new(app, isp, {}, {})

    @app.post(NEW, include_in_schema=False)
    def create() -> Response:
        fields = form(app)
        wanted, errors = forms.new_customer(fields, isp.cycles.anchors)
        if wanted is None:
            return _show_new(app, isp, fields, errors)
        return done_or(
            app,
            fields,
            lambda op: customers.create_customer(op, wanted, isp),
            lambda ids: f"/console/customers/{ids.account_id}?done=saved",
            lambda words: _show_new(app, isp, fields, {}, words),
        )

    @app.get(IMPORT, include_in_schema=False)
    def show_import() -> Response:
        return _show_import(app, "", ())

    @app.post(IMPORT, include_in_schema=False)
    def run_import() -> Response:
        fields = form(app)
        text = fields.get("csv", "").replace("\r\n", "\n")  # browsers send CRLF
        try:
            return do_once(
                app,
                fields,
                lambda op: imports.run(op, text, isp),
                lambda _: "/console/customers?done=imported",
            )
        except imports.RowsRefused as refusal:
            return _show_import(app, text, refusal.rows)
        except imports.NotACustomerFile as refusal:
            return _show_import(app, text, (RowError(1, "", str(refusal)),))


def _show_new(
    app: APIGatewayHttpResolver,
    isp: Isp,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    problem: str = "",
) -> Response:
    first = {"start": today(app, isp.isp.zone).isoformat(), "anchor": str(isp.cycles.anchors[0])}
    shown = first | {"country": isp.seller().address.country} | dict(values)
    if "tax_country" not in values:
        shown["tax_country"] = shown["country"]
    return show_form(
        app,
        "New customer",
        forms.new_groups(shown, errors, isp.cycles.anchors, catalogue.offerings()),
        action=NEW,
        back="/console/customers",
        errors=errors,
        problem=problem,
    )


def _show_import(app: APIGatewayHttpResolver, csv: str, errors: Sequence[RowError]) -> Response:
    return html(
        "console/import.html",
        app,
        422 if errors else 200,
        section="Customers",
        columns=imports.COLUMNS,
        optional=imports.OPTIONAL_COLUMNS,
        csv=csv,
        errors=errors,
    )

"""Invoices and suspended records on the console."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.period import Span
from billing.core.usage import Hole
from billing.store.access import EVERY_ACCOUNT
from billing.store.suspense import Suspense
from billing.store.usage import Unbilled
from functions.portal_api import settings
from functions.portal_api.pages import views
from functions.portal_api.pages.answers import done_or, form, html, pdf, today
from functions.portal_api.pages.render import day, instant, money
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases import bills, suspended, usage_view

UNBILLED_DAYS = 31


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get("/console/invoices/<invoice_id>", include_in_schema=False)
    def invoice(invoice_id: str) -> Response:
        bill = bills.bill(invoice_id, EVERY_ACCOUNT, today(app, isp.isp.zone))
        found = bill.invoice
        shown = views.document(found, f"/console/customers/{found.account_id}#usage") | {
            "state": bill.state,
            "pdf_href": f"/console/invoices/{invoice_id}/pdf",
            "pay_href": settings.portal_url() + bill.pay_path if bill.pay_path else "",
            "facts": [
                ("Issued", day(found.issued_on)),
                ("Due", day(found.due_on)),
                ("Period", views.period_label(found.period)),
                ("Open", money(bill.open)),
                ("Invoice", found.id),
            ],
        }
        return html("console/invoice.html", app, section="Customers", invoice=shown)

    @app.get("/console/invoices/<invoice_id>/pdf", include_in_schema=False)
    def paper(invoice_id: str) -> Response:
        bill = bills.bill(invoice_id, EVERY_ACCOUNT, today(app, isp.isp.zone))
        return pdf(bill.invoice.number, bills.pdf(bill))

    @app.get("/console/suspense", include_in_schema=False)
    def suspense() -> Response:
        return _show_suspense(app, isp)

    @app.post("/console/suspense/<record_id>/recycle", include_in_schema=False)
    def recycle(record_id: str) -> Response:
        fields = form(app)
        text = fields.get("record", "")
        return done_or(
            app,
            fields,
            lambda op: suspended.recycle(op, record_id, _record(text), "corrected on the console"),
            lambda _: "/console/suspense?done=recycled",
            lambda words: _show_suspense(app, isp, words, {record_id: text}),
        )


def _show_suspense(
    app: APIGatewayHttpResolver,
    isp: Isp,
    problem: str = "",
    typed: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """The page; `typed` is the correction of a record that could not be sent through."""
    rows = [_row(one) for one in suspended.list_suspended()]
    return html(
        "console/suspense.html",
        app,
        422 if problem else 200,
        problem,
        section="Suspense",
        rows=[row | {"raw": typed.get(row["id"], row["raw"]), "open": row["id"] in typed}
              for row in rows],
        unbilled=_unbilled(isp, app.context["now"]),
        collectors=_collectors(),
    )  # fmt: skip


def _row(one: Suspense) -> dict[str, Any]:
    return {
        "id": one.id,
        "day": day(one.day),
        "reason": one.problem or one.reason,
        "title": f"{one.collector or 'unknown collector'} · {one.reason}",
        "raw": _pretty(one.recyclable),
        "state": "sent again" if one.corrected and one.state == "open" else one.state,
        "sendable": one.state == "open",
    }


def _pretty(raw: str) -> str:
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except ValueError:
        return raw


def _record(text: str) -> Mapping[str, Any]:
    try:
        record = json.loads(text)
    except ValueError:
        raise InvalidField("#/record", "the record is not JSON: correct it and try again") from None
    if not isinstance(record, dict):
        raise InvalidField("#/record", "a record is one JSON object")
    return record


def _unbilled(isp: Isp, now: datetime) -> list[dict[str, Any]]:
    found = usage_view.unbilled(Span(now - timedelta(days=UNBILLED_DAYS), now), isp)
    return [
        {
            "identity": one.identity,
            "when": f"within the last {UNBILLED_DAYS} days",
            "octets": one.used.octets_in + one.used.octets_out,
            "lines": _lines(one),
        }
        for one in found
    ]


def _lines(one: Unbilled) -> str:
    """What nobody claims of a phone number or a port, in words; "": it is octets."""
    if one.calls:
        return f"{views.count(one.calls, 'call')}, {-(-one.seconds // 60)} min"
    return f"{one.slots * 5} min with traffic" if one.slots else ""


def _collectors() -> list[dict[str, Any]]:
    return [
        {
            "collector": one.collector,
            "boot": one.boot,
            "received": one.stored + one.suspended,
            "suspended": one.suspended,
            "holes": ", ".join(_hole(hole) for hole in one.holes),
        }
        for one in suspended.list_collectors()
    ]


def _hole(hole: Hole) -> str:
    since = instant(datetime.fromtimestamp(hole.since, UTC))
    return f"{hole.first}–{hole.last}, noticed {since}"

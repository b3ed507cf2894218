"""How a page answers: HTML, a redirect, a file; and what every page shows of who is looking."""

import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.core.period import local_day
from functions.portal_api.once import digest_of, once
from functions.portal_api.operation import Operation
from functions.portal_api.pages.render import page
from functions.portal_api.principal import Principal

Result = TypeVar("Result")

DONE: Mapping[str, str] = {
    "saved": "Saved.",
    "note": "The note is on the timeline.",
    "changed": "The plan changes as previewed.",
    "ended": "The subscription ends as previewed.",
    "prepared": "The run is being prepared.",
    "approved": "Approved. The bills are being issued.",
    "recycled": "The record goes through mediation again.",
    "imported": "The file is imported.",
}


def html(
    template: str, /, app: APIGatewayHttpResolver, status: int = 200, **context: Any
) -> Response:
    """A page, with what the layouts need besides."""
    principal: Principal | None = app.context.get("principal")
    done = app.current_event.query_string_parameters.get("done", "")
    flashes = [("good", DONE[done])] if done in DONE else []
    shared = {
        "principal": principal,
        "role": ", ".join(sorted(principal.roles)) if principal else "",
        "may": _may(principal),
        "now": app.context["now"],
        "form_key": secrets.token_hex(16),
        "flashes": flashes,
        "section": "",
    }
    return Response(
        status, content_type="text/html; charset=utf-8", body=page(template, **shared | context)
    )


def see_other(place: str) -> Response:
    """To another page by GET, after a form."""
    return Response(303, headers={"Location": place}, body="")


def pdf(name: str, content: bytes) -> Response:
    return Response(
        200,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
        body=content,
    )


def form(app: APIGatewayHttpResolver) -> dict[str, str]:
    """The fields of the form that was sent, stripped of outer blanks."""
    body = app.current_event.decoded_body or ""
    return {name: value.strip() for name, value in parse_qsl(body, keep_blank_values=True)}


def do_once(
    app: APIGatewayHttpResolver,
    fields: Mapping[str, str],
    do: Callable[[Operation], Result],
    place: Callable[[Result], str],
) -> Response:
    """Do what a form asks for once, however often it is sent, and go where its result is shown."""
    event = app.current_event
    told = once(
        app.context["principal"],
        fields.get("idempotency_key"),
        digest_of(event.http_method, event.path, event.decoded_body or ""),
        app.context["now"],
        do,
        lambda result: (303, {"location": place(result)}),
    )
    return see_other(str(told.body["location"]))


def today(app: APIGatewayHttpResolver, zone: str) -> date:
    """The local day of the request."""
    now: datetime = app.context["now"]
    return local_day(now, zone)


def _may(principal: Principal | None) -> dict[str, bool]:
    """What a page offers: it hides what the door would refuse anyway."""
    billing = principal is not None and principal.may("billing")
    edits = principal is not None and principal.may("billing", "support")
    return {"run_bills": billing, "recycle": billing, "edit_customers": edits, "write_notes": edits}

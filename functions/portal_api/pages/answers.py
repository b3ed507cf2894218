"""How a page answers: HTML, a redirect, a file; and what every page shows of who is looking."""

import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.core.errors import BillingError
from billing.core.period import instant_from, local_day
from functions.portal_api.once import digest_of, once
from functions.portal_api.operation import Operation
from functions.portal_api.pages.render import page, told
from functions.portal_api.principal import Principal
from functions.portal_api.problem import InvalidField, status_of

Result = TypeVar("Result")
FORM_BROKEN = "this form is not complete: open the page again and repeat what you did"

DONE: Mapping[str, str] = {
    "saved": "Saved.",
    "note": "The note is on the timeline.",
    "changed": "The plan changes as previewed.",
    "ended": "The subscription ends as previewed.",
    "prepared": "The run is being prepared. Nothing goes out before you approve it.",
    "approved": "Approved. The bills are being issued.",
    "goes-on": "Issuing goes on where it stopped.",
    "unassigned": "From then on, usage of that name is not counted for this service.",
    "invited": "They may sign in to the portal. Whoever is new gets an invitation by mail.",
    "uninvited": "They cannot see this account any more.",
    "recycled": "The record goes through mediation again.",
    "imported": "The file is imported.",
    "service": "The service is there. Begin a plan on it, and it is billed.",
    "identity": "Usage of that name is counted for this service.",
    "on-sale": "What plans.toml had besides is on sale.",
    "begun": "The plan begins as entered and is on the next bill.",
    "raised": "Everybody on that version was looked at.",
    "issued": "The bill is issued and on its way by mail.",
}


def html(
    template: str,
    /,
    app: APIGatewayHttpResolver,
    status: int = 200,
    problem: str = "",
    **context: Any,
) -> Response:
    """A page, with what the layouts need besides. `problem` stands on top, in red."""
    principal: Principal | None = app.context.get("principal")
    done = app.current_event.query_string_parameters.get("done", "")
    flashes = [("good", DONE[done])] if done in DONE and not problem else []
    if problem:
        flashes = [("bad", problem)]
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


def done_or(
    app: APIGatewayHttpResolver,
    fields: Mapping[str, str],
    do: Callable[[Operation], Result],
    place: Callable[[Result], str],
    again: Callable[[str], Response],
) -> Response:
    """As do_once; a refusal shows the page again, by `again`, with the refusal in words."""
    try:
        return do_once(app, fields, do, place)
    except BillingError as refusal:
        return refused(refusal, again)


def refused(refusal: BillingError, again: Callable[[str], Response]) -> Response:
    """The page again, with why it could not be done and the status of that."""
    answer = again(sentence(refusal))
    answer.status_code = status_of(refusal)
    return answer


def sentence(refusal: BillingError) -> str:
    """A refusal as a sentence on a page."""
    # What is wrong with a field may say how to write a day: that stays as it is typed.
    text = str(refusal) if isinstance(refusal, InvalidField) else told(str(refusal))
    first = text.split(" ", 1)[0]  # a name or an id stays as it is written
    return f"{first.capitalize() if first.isalpha() else first}{text[len(first) :]}."


def whole_number(fields: Mapping[str, str], name: str) -> int:
    """A hidden field of a form of ours; another text means that the form was not ours."""
    text = fields.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise InvalidField(f"#/{name}", FORM_BROKEN)
    return int(text)


def instant_field(fields: Mapping[str, str], name: str) -> datetime:
    """A hidden instant of a form of ours."""
    try:
        return instant_from(fields.get(name, ""))
    except (ValueError, BillingError):
        raise InvalidField(f"#/{name}", FORM_BROKEN) from None


def today(app: APIGatewayHttpResolver, zone: str) -> date:
    """The local day of the request."""
    now: datetime = app.context["now"]
    return local_day(now, zone)


def _may(principal: Principal | None) -> dict[str, bool]:
    """What a page offers: it hides what the door would refuse anyway."""
    billing = principal is not None and principal.may("billing")
    edits = principal is not None and principal.may("billing", "support")
    return {
        "run_bills": billing,
        "sell": billing,
        "issue": billing,
        "recycle": billing,
        "edit_customers": edits,
        "write_notes": edits,
    }

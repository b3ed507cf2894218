"""A page that is one form: groups of fields, what is wrong with them, and two buttons."""

from collections.abc import Iterable, Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from functions.portal_api.pages.answers import html

MARKED = "Please mend the marked fields."


def show_form(
    app: APIGatewayHttpResolver,
    heading: str,
    groups: Iterable[Mapping[str, Any]],
    *,
    action: str,
    back: str,
    button: str = "Save",
    lead: str = "",
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    version: str = "",
    hidden: Mapping[str, str] | None = None,
) -> Response:
    """The form, empty or as it was sent.

    lead     a sentence on top that says what the form does
    errors   by field, what is wrong; `problem` is what is wrong with the whole of it
    version  what the editor saw, to find out that somebody else saved meanwhile
    hidden   what the form sends besides
    """
    words = problem or (MARKED if errors else "")
    return html(
        "console/form.html",
        app,
        422 if words else 200,
        words,
        section="Customers",
        heading=heading,
        lead=lead,
        groups=list(groups),
        action=action,
        back=back,
        button=button,
        version=version,
        hidden=dict(hidden or {}),
    )

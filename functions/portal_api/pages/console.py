"""The console: every page of staff."""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.portal_api.pages import (
    allowances,
    charges,
    connections,
    customers,
    edits,
    enrol,
    entry,
    identities,
    logins,
    offers,
    papers,
    plans,
    rises,
    runs,
    today,
    whatif,
)

PARTS = (
    today,
    enrol,
    customers,
    allowances,
    edits,
    logins,
    connections,
    identities,
    plans,
    offers,
    rises,
    whatif,
    charges,
    runs,
    papers,
)


def register(app: APIGatewayHttpResolver) -> None:
    """Add the console's pages to the staff application."""
    entry.register(app, "Staff", by_email=False)
    for part in PARTS:
        part.register(app)

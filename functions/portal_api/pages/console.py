"""The console: every page of staff."""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.portal_api.pages import customers, entry, papers, plans, runs, today


def register(app: APIGatewayHttpResolver) -> None:
    """Add the console's pages to the staff application."""
    entry.register(app, "Staff", by_email=False)
    for part in (today, customers, plans, runs, papers):
        part.register(app)

"""Links to the next page of a list, with a cursor that is good for this list and this person."""

from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.portal_api import settings
from functions.portal_api.paging import Cursors


def read_cursor(app: APIGatewayHttpResolver, cursor: str | None) -> str | None:
    """The store's position that a link of ours carries. Raises BadCursor."""
    return _cursors(app, app.current_event.path).opened(cursor)


def write_cursor(
    app: APIGatewayHttpResolver, place: str, position: str | None, **query: str
) -> str:
    """The address of the next page; "" at the end of the list."""
    if position is None:
        return ""
    sealed = _cursors(app, place).sealed(position) or ""
    return f"{place}?{urlencode({**{k: v for k, v in query.items() if v}, 'cursor': sealed})}"


def _cursors(app: APIGatewayHttpResolver, place: str) -> Cursors:
    return Cursors(settings.cursor_key(), ("page", place, app.context["principal"].subject))

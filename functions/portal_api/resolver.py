"""One Powertools resolver per application: validation on, refusals as problem+json."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)

from billing.core.errors import BillingError
from functions.portal_api import door, problem

Route = TypeVar("Route", bound=Callable[..., Any])


class Resolver(APIGatewayHttpResolver):
    """Powertools' resolver, for which a bare `Response` is an answer that is not JSON.

    It would make a schema of every annotation, and pages and PDFs have none.
    """

    def route(self, *args: Any, **options: Any) -> Callable[[Route], Route]:
        register = super().route(*args, **options)

        def registered(function: Route) -> Route:
            if function.__annotations__.get("return") is Response:
                del function.__annotations__["return"]
            return register(function)

        return registered


def new_app() -> APIGatewayHttpResolver:
    """A resolver with the refusals every route shares and without routes."""
    app = Resolver(enable_validation=True, response_validation_error_http_code=500)
    app.use([door.same_route])
    app.exception_handler(BillingError)(functools.partial(_refuse, app))
    app.exception_handler(RequestValidationError)(functools.partial(_name_fields, app))
    app.exception_handler(RequestUnsupportedContentType)(functools.partial(_media_type, app))
    app.exception_handler(NotFoundError)(functools.partial(_unknown, app))
    # A body that is no UTF-8, or nests deeper than the parser goes, is the sender's mistake.
    app.exception_handler([UnicodeDecodeError, RecursionError])(functools.partial(_unread, app))
    return app


def _refuse(app: APIGatewayHttpResolver, error: BillingError) -> Response:
    return door.refused(app.context["door"], error, app.current_event.path)


def _name_fields(app: APIGatewayHttpResolver, error: RequestValidationError) -> Response:
    errors = error.errors()
    path = app.current_event.path
    if any(e["type"] == "json_invalid" for e in errors):
        return _refuse(app, problem.MalformedRequest("the body is not JSON: send one JSON object"))
    fields = problem.field_errors(errors)
    named = ", ".join(field["pointer"] for field in fields)
    detail = f"these fields are wrong: {named}; each is explained in errors"
    return problem.problem(422, "InvalidFields", detail, instance=path, errors=fields)


def _media_type(app: APIGatewayHttpResolver, error: RequestUnsupportedContentType) -> Response:
    return _refuse(app, problem.MediaTypeRefused())


def _unknown(app: APIGatewayHttpResolver, error: NotFoundError) -> Response:
    return _refuse(app, problem.AddressUnknown(app.current_event.path))


def _unread(app: APIGatewayHttpResolver, error: Exception) -> Response:
    return _refuse(app, problem.MalformedRequest("the body cannot be read: send JSON in UTF-8"))

"""What happens to every request before and after its route: one order, for pages and API alike.

front door's secret → known address → no forged form → who is it → may he → the route → headers
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.shared.cookies import Cookie
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters import sign_in
from billing.adapters.identity import Identity, KeySet, Pool, TokenExpired, TokenRefused, verified
from billing.core.errors import BillingError
from functions.portal_api import access, headers, problem, session
from functions.portal_api.access import Access, Route
from functions.portal_api.once import checked_key
from functions.portal_api.principal import Principal, RoleRefused, SignInNeeded
from functions.portal_api.session import Site
from functions.runtime import logger

BODY_OCTETS_MAX = 64 * 1024
IMPORT_OCTETS_MAX = 4 * 1024 * 1024
IMPORTS = ("/v1/imports", "/console/customers/import")
JSON_MEDIA, IMPORT_MEDIA = "application/json", "text/csv"
SECRET_HEADER = "x-origin-secret"  # noqa: S105 - the header's name


class NotTheFrontDoor(BillingError):
    """The request did not come through the content delivery network and its firewall."""

    def __init__(self) -> None:
        super().__init__("this address answers only through its front door")


@dataclass(frozen=True, slots=True)
class Door:
    """One of the two applications with everything its requests are judged by.

    principal_of  whom an identity stands for at an entry of the table, now; asked for each
                  request, so that a role or an account taken away is gone with the next click
    error_page    renders a refusal for a browser; without one every refusal is problem+json
    """

    app: APIGatewayHttpResolver
    site: Site
    pool: Pool
    keys: KeySet
    table: Mapping[Route, Access]
    principal_of: Callable[[Identity, Access, datetime], Principal]
    origin_secret: str = ""
    form_targets: tuple[str, ...] = ()
    error_page: Callable[[int, str, str], str] | None = None


def answer(door: Door, event: dict[str, Any], context: LambdaContext, now: datetime) -> dict:
    """The response to one request of API Gateway (payload format 2.0)."""
    request = event["requestContext"]["http"]
    method, path = request["method"].upper(), event["rawPath"]
    try:
        response = _answer(door, event, context, method, path, now)
    except Exception:  # noqa: BLE001 - whatever failed, its answer has our headers and no details
        logger.exception("a request could not be answered")
        fault = problem.Fault(context.aws_request_id)
        response = _refusal(door, event, method, path, fault)
    return headers.secured(response, https=door.site.https, form_targets=door.form_targets)


def _answer(
    door: Door,
    event: dict[str, Any],
    context: LambdaContext,
    method: str,
    path: str,
    now: datetime,
) -> dict[str, Any]:
    try:
        route, principal, renewed = _admit(door, event, method, path, now)
    except BillingError as error:
        return _refusal(door, event, method, path, error)
    door.app.append_context(principal=principal, now=now, admitted=route, site=door.site, door=door)
    return _with_cookies(door.app.resolve(event, context), renewed)


def _admit(
    door: Door, event: Mapping[str, Any], method: str, path: str, now: datetime
) -> tuple[Route, Principal | None, list[Cookie]]:
    if not _through_front_door(event, door.origin_secret):
        raise NotTheFrontDoor
    route = access.find(door.table, method, path)
    if route is None:
        if methods := access.methods_at(door.table, path):
            raise problem.MethodNotAllowed(method, methods)
        raise problem.AddressUnknown(path)
    octets = len(event.get("body") or "")
    octets_max = IMPORT_OCTETS_MAX if route.rule in IMPORTS else BODY_OCTETS_MAX
    if octets > octets_max:
        raise problem.BodyTooLarge(octets_max)
    if method not in session.SAFE_METHODS and route.rule.startswith("/v1/"):
        _refuse_other_media(event, IMPORT_MEDIA if route.rule in IMPORTS else JSON_MEDIA)
    carried = session.carried(event, door.site)
    session.refuse_forged(event, door.site, by_cookie=carried.by_cookie)
    if method == "POST" and route.rule.startswith("/v1/") and door.table[route].writes:
        checked_key(session.header(event, "idempotency-key"))
    entry = door.table[route]
    if not entry.roles:
        return route, None, []
    identity, renewed = _identify(door, carried, now)
    principal = door.principal_of(identity, entry, now)
    held = principal.roles if principal.kind == "staff" else frozenset({"customer"})
    if not entry.roles & held:
        raise RoleRefused(entry.roles, principal.roles)
    return route, principal, renewed


def _refuse_other_media(event: Mapping[str, Any], known: str) -> None:
    """A body of another kind is not even looked at; one that names none is taken as ours."""
    sent = (session.header(event, "content-type") or known).partition(";")[0]
    if sent.strip().lower() != known:
        raise problem.MediaTypeRefused


def _identify(door: Door, carried: session.Carried, now: datetime) -> tuple[Identity, list[Cookie]]:
    """The identity of a token; an expired cookie is renewed on the way while it may be."""
    if carried.access:
        try:
            return verified(carried.access, door.pool, door.keys, now), []
        except TokenExpired:
            if not carried.refresh:
                raise
    if not carried.refresh:
        raise SignInNeeded
    try:
        tokens = sign_in.refreshed(door.pool, carried.refresh)
    except sign_in.SignInRefused:
        raise SignInNeeded from None
    return verified(tokens.access, door.pool, door.keys, now), session.started(tokens, door.site)


def _through_front_door(event: Mapping[str, Any], secret: str) -> bool:
    sent = session.header(event, SECRET_HEADER) or ""
    return not secret or hmac.compare_digest(sent.encode(), secret.encode())


def same_route(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response:
    """The route the resolver took must be the one that was judged; two matchers may not differ."""
    admitted: Route = app.context["admitted"]
    taken = app.context["_route"]
    if (taken.method, taken.path) != tuple(admitted):
        raise problem.AddressUnknown(app.current_event.path)
    return next_middleware(app)


def _refusal(
    door: Door, event: Mapping[str, Any], method: str, path: str, error: BillingError
) -> dict[str, Any]:
    """A refusal before any route: a browser without a session is led to the sign-in page."""
    page = not path.startswith("/v1/")
    if page and method == "GET" and isinstance(error, (SignInNeeded, TokenRefused)):
        return _plain(303, "", {"Location": f"/signin?next={quote(_back(event, path), safe='')}"})
    answered = refused(door, error, path)
    return _plain(answered.status_code, str(answered.body), _flat(answered))


def refused(door: Door, error: BillingError, path: str) -> Response:
    """The answer to a refusal: a page for people, problem+json for programs."""
    found = problem.of(error, path)
    if not path.startswith("/v1/") and door.error_page is not None:
        title = problem.words(type(error).__name__)
        body = door.error_page(found.status_code, title, str(error))
        sent = {**found.headers, "Content-Type": "text/html; charset=utf-8"}
        return Response(found.status_code, body=body, headers=sent)
    return found


def _back(event: Mapping[str, Any], path: str) -> str:
    """Where to go after signing in: the path and query that were asked for."""
    query = event.get("rawQueryString") or ""
    return urlsplit(f"{path}?{query}" if query else path)._replace(scheme="", netloc="").geturl()


def _flat(response: Response) -> dict[str, str]:
    return {
        "Content-Type": response.content_type or "",
        **{name: str(value) for name, value in response.headers.items()},
    }


def _plain(status: int, body: str, sent: Mapping[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "headers": dict(sent), "body": body, "isBase64Encoded": False}


def _with_cookies(response: dict[str, Any], cookies: list[Cookie]) -> dict[str, Any]:
    if not cookies:
        return response
    lines = [*(response.get("cookies") or []), *(str(cookie) for cookie in cookies)]
    return {**response, "cookies": lines}

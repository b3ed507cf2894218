"""A request as the routes see it, and the four ways to answer one: tell, list, create, edit."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from aws_lambda_powertools.event_handler.openapi.params import Query

from billing.core.errors import BillingError
from billing.core.period import local_day
from billing.store import pages
from functions.portal_api import once, session, settings
from functions.portal_api.operation import Operation
from functions.portal_api.paging import LIMIT_DEFAULT, LIMIT_MAX, Cursors, bound_to
from functions.portal_api.principal import Principal
from functions.portal_api.problem import MalformedRequest
from functions.portal_api.wire.base import Page, Wire

JSON = "application/json"
ETAG = re.compile(r'^(?:W/)?"([0-9]{1,15})"$')

T = TypeVar("T")
W = TypeVar("W", bound=Wire)

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Items of a page")]
Cursor = Annotated[str | None, Query(max_length=4096, description="nextCursor of a page before")]
LIMIT = LIMIT_DEFAULT


class VersionMissing(BillingError):
    """An edit must say which version it saw, or it could undo somebody else's."""

    def __init__(self) -> None:
        super().__init__('send If-Match with the ETag you read, e.g. If-Match: "3"')


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, when, and what for."""

    principal: Principal
    now: datetime
    event: Any  # APIGatewayProxyEventV2; Powertools types it as its base class

    @property
    def today(self) -> date:
        return local_day(self.now, settings.isp().isp.zone)

    @property
    def digest(self) -> str:
        method = self.event.http_method
        return once.digest_of(method, self.event.path, self.event.decoded_body or "")

    def header(self, name: str) -> str | None:
        return session.header(self.event.raw_event, name)

    @property
    def seen(self) -> int:
        """The version that If-Match names."""
        match = ETAG.fullmatch((self.header("if-match") or "").strip())
        if match is None:
            raise VersionMissing
        return int(match.group(1))

    @property
    def cursors(self) -> Cursors:
        """Cursors of this list, for this person."""
        query = self.event.query_string_parameters or {}
        return Cursors(
            settings.cursor_key(), bound_to(self.event.path, query, self.principal.subject)
        )

    def text(self) -> str:
        """The body as text, for what is not JSON."""
        try:
            return self.event.decoded_body or ""
        except UnicodeDecodeError:
            raise MalformedRequest("the body is not UTF-8: save the file as UTF-8") from None


def asked(router: BaseRouter) -> Asked:
    return Asked(router.context["principal"], router.context["now"], router.current_event)


def tell(answer: W, version: int | None = None, status: int = 200) -> Response[W]:
    """The answer as JSON, with its version as ETag where it has one."""
    headers = {} if version is None else {"ETag": f'"{version}"'}
    body: Any = dump(answer)
    return Response(status, content_type=JSON, body=body, headers=headers)


def listed(
    request: Asked, cursor: str | None, read: Callable[[str | None], pages.Page[T]],
    of: Callable[[T], W],
) -> Response[Page[W]]:  # fmt: skip
    """A page of a list; a Link header names the next one (RFC 8288)."""
    found = read(request.cursors.opened(cursor))
    following = request.cursors.sealed(found.cursor)
    body: Any = {"data": [dump(of(item)) for item in found.items], "nextCursor": following}
    return Response(200, content_type=JSON, body=body)


def create(
    request: Asked, do: Callable[[Operation], T], of: Callable[[T], W], status: int = 201
) -> Response[W]:
    """Do it once under the request's Idempotency-Key; a repeat gets the same answer."""
    answer = once.once(
        request.principal,
        request.header("idempotency-key"),
        request.digest,
        request.now,
        do,
        lambda result: (status, dump(of(result))),
    )
    version = answer.body.get("version")
    headers = {"ETag": f'"{version}"'} if isinstance(version, int) else {}
    body: Any = dict(answer.body)
    return Response(answer.status, content_type=JSON, body=body, headers=headers)


def edit(request: Asked, do: Callable[[Operation, int], T], of: Callable[[T], W]) -> Response[W]:
    """Do it to the version that If-Match names."""
    op = once.unnamed(request.principal, request.digest, request.now)
    answer = of(do(op, request.seen))
    return tell(answer, getattr(answer, "version", None))


def dump(answer: Wire) -> dict[str, Any]:
    return answer.model_dump(mode="json", by_alias=True)

"""The one place where a refusal becomes an answer: BillingError → problem+json (RFC 9457)."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response

from billing.core.errors import BillingError

CONTENT_TYPE = "application/problem+json"
UNPROCESSABLE = 422
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# By the name of the fact: a class of any layer may stand here, and naming it imports nothing.
STATUS: Mapping[str, int] = {
    # the request itself
    "MalformedRequest": 400,
    "IdempotencyKeyMissing": 400,
    "BadCursor": 400,
    "WrongOrigin": 403,
    "RoleRefused": 403,
    "NotTheFrontDoor": 403,
    "SignInNeeded": 401,
    "TokenRefused": 401,
    "TokenExpired": 401,
    "SignInRefused": 401,
    "WrongCode": 401,
    "TooManyAttempts": 429,
    "BodyTooLarge": 413,
    "MediaTypeRefused": 415,
    # what is not there, or not the caller's to see
    "NotFound": 404,
    "AccountNotFound": 404,
    "OfferingNotFound": 404,
    "PriceVersionNotFound": 404,
    "DocumentNotFound": 404,
    "PartyNotFound": 404,
    "ServiceNotFound": 404,
    "SubscriptionNotFound": 404,
    "LoginNotFound": 404,
    "InvoiceNotFound": 404,
    "DraftNotFound": 404,
    "UnknownPayLink": 404,
    "RunNotFound": 404,
    "SuspenseNotFound": 404,
    "ImportNotFound": 404,
    "AddressUnknown": 404,
    "MethodNotAllowed": 405,
    # what is there already, or moves meanwhile
    "KeyClaimed": 409,
    "KeyReused": 422,
    "EntryConflict": 409,
    "CycleAlreadyRun": 409,
    "PlanRuns": 409,
    "RunNotFinished": 409,
    "WrongRunState": 409,
    "RunUnderWay": 409,
    "DigestChanged": 409,
    "RunsMoved": 409,
    "OperationDiffers": 409,
    "ExternalIdTaken": 409,
    "IdentityAlreadyAssigned": 409,
    "IdentityNotAssigned": 409,
    "NotOpen": 409,
    "AlreadyEnded": 409,
    "PlanChangeInThePast": 409,
    "EndInThePast": 409,
    "PeriodBilledAlready": 409,
    "PeriodIsIssued": 409,
    "PlanHeldAlready": 409,
    "NothingChanges": 409,
    "ChangeInThePast": 409,
    "PartOfBundle": 409,
    "PartsBegin": 409,
    "ParentEnds": 409,
    "NotRunning": 409,
    "PurchaseConflict": 409,
    "NothingToPay": 409,
    "TooSmallToPayOnline": 409,
    "PaymentUnderWay": 409,
    "CheckoutBusy": 409,
    # what is ours to mend
    "Fault": 500,
    # what depends on others
    "ProcessorRefused": 502,
    "ProcessorUnreachable": 503,
    "VersionMissing": 428,
    "VersionMismatch": 412,
    "EditConflict": 412,
}


class NotFound(BillingError):
    """There is no such thing, or it is not the caller's: the two are never told apart."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"there is no {kind} {id!r}: check the id")
        self.kind, self.id = kind, id


class MalformedRequest(BillingError):
    """The request cannot be read at all."""


class Fault(BillingError):
    """Something failed that should not have. What it was stands in the log under the request's id.

    Asking again is safe: a write that was done after all is found by its Idempotency-Key.
    """

    def __init__(self, request_id: str) -> None:
        super().__init__(
            "something failed on our side: try again,"
            f" and if that does not help, tell us the number {request_id}"
        )


class AddressUnknown(BillingError):
    """No route leads there."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is nothing at {path}: the addresses are in openapi.json")


class MethodNotAllowed(BillingError):
    """The address exists and does not know this method. `methods` are those it knows."""

    def __init__(self, method: str, methods: Sequence[str]) -> None:
        super().__init__(f"{method} is not known here: use {' or '.join(methods)}")
        self.methods = tuple(methods)


class MediaTypeRefused(BillingError):
    """The body is of a kind this address does not read."""

    def __init__(self) -> None:
        super().__init__("send the body as application/json (an import as text/csv)")


class BodyTooLarge(BillingError):
    """The body is longer than this address takes."""

    def __init__(self, octets_max: int) -> None:
        super().__init__(f"the body is longer than {octets_max} octets: send less at a time")


class InvalidField(BillingError):
    """One field of a request cannot be what it says. `pointer` is a JSON pointer into the body."""

    def __init__(self, pointer: str, problem: str, code: str = "invalid") -> None:
        super().__init__(problem)
        self.errors = ({"pointer": pointer, "code": code, "detail": problem},)


def status_of(error: BillingError) -> int:
    """The nearest class of the error's ancestry in the table; any other refusal is 422."""
    names = (cls.__name__ for cls in type(error).__mro__)
    return next((STATUS[name] for name in names if name in STATUS), UNPROCESSABLE)


def of(error: BillingError, instance: str) -> Response[str]:
    """The answer to a refused request. `instance` is the path that was asked."""
    answer = problem(
        status_of(error),
        type(error).__name__,
        str(error),
        instance=instance,
        errors=_errors_of(error),
    )
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(error.methods)
    return answer


def problem(
    status: int,
    name: str,
    detail: str,
    *,
    instance: str = "",
    errors: Sequence[Mapping[str, str]] = (),
) -> Response[str]:
    body: dict[str, Any] = {
        "type": f"urn:demarc:problem:{_kebab(name)}",
        "title": words(name),
        "status": status,
        "detail": detail,
        "instance": instance,
        "errors": list(errors),
    }
    return Response(status, content_type=CONTENT_TYPE, body=json.dumps(body))


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Every wrong field as {pointer, code, detail}.

    Body fields are JSON pointers (`#/address/town`); others begin with where they stand
    (`query/limit`).
    """
    return [
        {
            "pointer": _pointer(error.get("loc", ())),
            "code": str(error.get("type", "invalid")),
            "detail": str(error.get("msg", "")),
        }
        for error in errors
    ]


def _errors_of(error: BillingError) -> Sequence[Mapping[str, str]]:
    """The fields an error of ours names: it lists them itself, or says the path of one."""
    path = getattr(error, "path", "")
    if not path:
        return getattr(error, "errors", ())
    parts = [part for part in re.split(r"[.\[\]]+", path) if part][1:]  # after "version"
    return [
        {"pointer": "/".join(["#", *parts]), "code": _kebab(type(error).__name__),
         "detail": str(error)}
    ]  # fmt: skip


def _pointer(location: Sequence[Any]) -> str:
    where, *rest = [str(part) for part in location] or ["body"]
    escaped = [part.replace("~", "~0").replace("/", "~1") for part in rest]
    return "/".join(["#" if where == "body" else where, *escaped])


def words(name: str) -> str:
    return _WORD_START.sub(" ", name).capitalize()


def _kebab(name: str) -> str:
    return _WORD_START.sub("-", name).lower()

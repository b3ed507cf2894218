"""Requests that write are done once, however often they are sent."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from billing.core.errors import BillingError
from billing.store import idempotency
from billing.store.idempotency import Answer, KeyClaimed
from functions.portal_api.operation import Operation
from functions.portal_api.principal import Principal

Result = TypeVar("Result")
KEY_SIGNS_MAX = 200


class IdempotencyKeyMissing(BillingError):
    """A POST without a name cannot be told apart from its own repetition."""

    def __init__(self) -> None:
        super().__init__(
            "send an Idempotency-Key header: a text of your own, at most"
            f" {KEY_SIGNS_MAX} printable signs, new for each new request"
        )


def once(
    principal: Principal,
    key: str | None,
    request: str,
    now: datetime,
    do: Callable[[Operation], Result],
    answer: Callable[[Result], tuple[int, Mapping[str, Any]]],
) -> Answer:
    """Do it and answer, or give the answer that the same request got before.

    request  a digest of what is asked; the same key with another one is refused (KeyReused)
    answer   status and body for the result; a page answers 303 with {"location": …}
    """
    name, who = checked_key(key), f"{principal.kind}:{principal.subject}"
    found = idempotency.load(who, name, request, now)
    if found is not None:
        return found

    def told(result: Result) -> Answer:
        status, body = answer(result)
        return Answer(who, name, request, status, body, now)

    op = Operation(
        principal.actor, now, f"{who}:{name}", lambda result: [idempotency.put_of(told(result))]
    )
    try:
        return told(do(op))
    except KeyClaimed:
        found = idempotency.load(who, name, request, now)
        if found is None:
            raise
        return found


def unnamed(principal: Principal, request: str, now: datetime) -> Operation:
    """An edit under If-Match: the version it names makes it happen once, so no answer is kept."""
    return Operation(principal.actor, now, f"{principal.kind}:{principal.subject}:{request}")


def checked_key(key: str | None) -> str:
    if not key or len(key) > KEY_SIGNS_MAX or not (key.isascii() and key.isprintable()):
        raise IdempotencyKeyMissing
    return key


def digest_of(method: str, path: str, body: str) -> str:
    """What the request asks for, in 64 hex digits."""
    asked = "\n".join((method, path, body))
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()

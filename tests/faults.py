"""Strike any one AWS call of the program, the way machines and networks fail.

    calls = calls_of(action)                      # it runs; how many AWS calls it makes
    for call, kind in strikes(calls):             # every place, every kind
        world.put_back(before)
        assert struck(action, call, kind).fired   # it was hit there
        action()                                  # delivered again
        assert what must hold

    before      the process dies before the request leaves
    after       it dies when the effect has happened, before the answer is read
    lost        the effect has happened, its answer is lost, and the SDK sends the request again
    refused     no connection, at every attempt of that call
    throttled   the service is too busy, at every attempt of that call
    conflict    another transaction holds a row (of TransactWriteItems alone; others: throttled)

A kill is a BaseException: no handler of errors catches it. The hooks stand in botocore's own list
of handlers, so the program is not changed; they work before moto, `tests.cloud` and the network.
Waits between attempts take no time.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args
from unittest.mock import patch

import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from tests.cloud import account

Kind = Literal["before", "after", "lost", "refused", "throttled", "conflict"]
When = Literal["before", "after"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Killed(BaseException):
    """The process ended here."""


@dataclass(frozen=True, slots=True)
class Strike:
    """What became of an action that was struck: whether it got so far, and what it raised."""

    fired: bool
    raised: BaseException | None


class _Bus:
    calls: list[tuple[str, Any]] = []  # noqa: RUF012 - operation and body, since the last start
    at: int | None = None  # the call to strike, from 1
    kind: Kind = "before"
    fired = False
    watch: Callable[[str], Any] | None = None  # told of each call before it is made


def install() -> None:
    """Put the hooks around every client made from now on. Once, before moto is imported or used."""
    register = botocore.handlers.BUILTIN_HANDLERS
    if any(handler is _before for _, handler, *_ in register):
        return
    register.append(("before-call", _count))
    account.on_the_wire.append(lambda: _Bus.at == len(_Bus.calls))
    register.append(("before-send", _before, botocore.handlers.REGISTER_FIRST))
    register.append(("before-send", _after, botocore.handlers.REGISTER_LAST))


def calls_of(action: Callable[[], Any]) -> int:
    """How many AWS calls the action makes. It runs."""
    return len(sent_by(action))


def sent_by(action: Callable[[], Any]) -> list[tuple[str, Any]]:
    """Each AWS call of the action: its operation and the body that was sent. It runs."""
    _start(None, "before")
    action()
    return list(_Bus.calls)


def calls_made() -> list[str]:
    """The operations called since the last action here began, in order."""
    return [operation for operation, _ in _Bus.calls]


def strikes(calls: int, kinds: tuple[Kind, ...] = KINDS) -> list[tuple[int, Kind]]:
    """Every place of an action of so many AWS calls, with every kind of fault."""
    return [(call, kind) for call in range(1, calls + 1) for kind in kinds]


def deaths(calls: int) -> list[tuple[int, When]]:
    """Every place where an action of so many AWS calls can die."""
    return [(call, when) for call in range(1, calls + 1) for when in get_args(When)]


def struck(action: Callable[[], Any], call: int, kind: Kind) -> Strike:
    """Run the action with one fault at its nth call (from 1)."""
    raised: BaseException | None = None
    with patch("time.sleep"), killed_at(call, kind):
        try:
            action()
        except (Killed, Exception) as error:  # noqa: BLE001 - that is what is asked
            raised = error
    return Strike(_Bus.fired, raised)


def killed(action: Callable[[], Any], call: int, when: When) -> bool:
    """Run the action and kill it at its nth call (from 1). False: it ended before that call."""
    with killed_at(call, when) as outcome:
        action()
    return outcome[0]


@contextmanager
def killed_at(call: int, kind: Kind) -> Iterator[list[bool]]:
    """Within, the nth AWS call (from 1) is struck. Yields a list whose item tells if it killed."""
    outcome = [False]
    _start(call, kind)
    try:
        yield outcome
    except Killed:
        outcome[0] = True
    finally:
        _Bus.at = None


@contextmanager
def meanwhile(call: int, other: Callable[[], Any]) -> Iterator[None]:
    """Within, something else happens just before the nth AWS call (from 1): a race, in order."""

    def at_that_call(_: str) -> None:
        if len(_Bus.calls) == call:
            _Bus.watch = None
            other()

    _start(None, "before")
    with watched(at_that_call):
        yield


@contextmanager
def watched(watch: Callable[[str], Any]) -> Iterator[None]:
    """Within, `watch` is told the operation of each AWS call just before it is made."""
    _Bus.watch = watch
    try:
        yield
    finally:
        _Bus.watch = None


def _start(call: int | None, kind: Kind) -> None:
    _Bus.calls, _Bus.at, _Bus.kind, _Bus.fired = [], call, kind, False


def _count(params: dict[str, Any], event_name: str, **_: Any) -> None:
    operation = event_name.split(".")[-1]
    _Bus.calls.append((operation, params.get("body")))
    if _Bus.watch is not None:
        _Bus.watch(operation)


def _before(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
    if _Bus.at != len(_Bus.calls):
        return None
    if _Bus.kind == "before":
        _Bus.fired = True
        raise Killed
    if _Bus.kind == "refused":
        _Bus.fired = True
        raise EndpointConnectionError(endpoint_url=request.url)
    if _Bus.kind in ("throttled", "conflict"):
        _Bus.fired = request.answered = True  # the service never sees it
        return _busy(request, *event_name.split(".")[1:])
    return None


def _after(request: AWSPreparedRequest, **_: Any) -> None:
    # Registered last: what answers in the service's place has done so, and the effect is there.
    if _Bus.at != len(_Bus.calls):
        return
    if _Bus.kind == "after":
        _Bus.fired = True
        raise Killed
    if _Bus.kind == "lost":
        _Bus.fired, _Bus.at = True, None  # the SDK's next attempt arrives
        raise ReadTimeoutError(endpoint_url=request.url)


def _busy(request: AWSPreparedRequest, service: str, operation: str) -> AWSResponse:
    if service == "s3":
        return account.s3_error(request, 503, "SlowDown")
    if _Bus.kind == "conflict" and operation == "TransactWriteItems":
        actions = len(json.loads(request.body)["TransactItems"])
        reasons = [{"Code": "TransactionConflict", "Message": "busy"}] + [{"Code": "None"}] * (
            actions - 1
        )
        return account.error(
            request,
            400,
            "TransactionCanceledException",
            "Transaction cancelled [TransactionConflict]",
            CancellationReasons=reasons,
        )
    code = (
        "ProvisionedThroughputExceededException" if service == "dynamodb" else "ThrottlingException"
    )
    return account.error(request, 400, code, "Rate exceeded")

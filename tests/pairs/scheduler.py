"""Handlers that wait before each call, and one who says which goes on.

Every handler is a greenlet. Before a call leaves, it waits with what it is about to ask; when it
may go on, the call is made and answered in one step. Its own pauses are points of the same kind:
nobody sleeps. What a process remembers of the request it is at is each handler's own.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from unittest.mock import patch

import botocore.handlers
import time_machine
from botocore.exceptions import ClientError
from greenlet import getcurrent, greenlet

from tests.cloud import Cloud
from tests.pairs import memory
from tests.pairs.calls import WAITS, Call, call_of

AGAIN_AFTER = timedelta(minutes=1)  # what died is delivered again
STEPS_MAX = 2000  # more: they wait for each other for ever

What = Literal["goes", "dies", "conflicts", "ends"]
Handler = Callable[[], Any]


class Killed(BaseException):
    """The process ended here."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What happens next: a handler goes on, dies, or has its transaction refused once.

    The last of all may die of its last call too; that it does not is said by "ends".
    """

    who: str
    what: What = "goes"


@dataclass(frozen=True, slots=True)
class Step:
    """What happened: the call that a handler made, or what befell it instead."""

    who: str
    call: Call
    what: What = "goes"

    def __str__(self) -> str:
        befell = {"goes": "", "dies": "dies", "conflicts": "is refused for another's transaction: "}
        return befell[self.what] + ("" if self.what == "dies" else str(self.call))


@dataclass(frozen=True, slots=True)
class Now:
    """A point at which somebody has to go on."""

    waiting: Mapping[str, Call]  # who waits, with the call to be made next
    last: Step | None
    at_it: str  # who is in the middle of it: to let another go on preempts him; "": nobody
    mortal: str  # who made the last call and may die of it; "": nobody

    @property
    def refusable(self) -> list[str]:
        """Whose transaction may meet another one that is on its way to an item of both."""
        pending = [(who, one) for who, one in self.waiting.items() if one.is_transaction]
        return [
            who
            for who, mine in pending
            if any(other != who and mine.writes & theirs.writes for other, theirs in pending)
        ]


@dataclass
class Outcome:
    """Everything that happened, and what each handler returned or raised in the end."""

    chosen: list[Choice] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)


def run(handlers: Mapping[str, Handler], decide: Callable[[Now], Choice]) -> Outcome:
    """Run the handlers in the order of the choices; what died runs again when all have ended."""
    with patch("time.sleep", _pause):
        return _Run(handlers).to_the_end(decide)


class _Run:
    active: ClassVar["_Run | None"] = None

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self.hub = getcurrent()
        self.handlers = handlers
        self.outcome = Outcome()
        self.waiting: dict[str, Call] = {}
        self.greenlets = {who: greenlet(self._body(who), self.hub) for who in handlers}
        self.names = {one: who for who, one in self.greenlets.items()}
        self.remembered = {who: memory.blank() for who in handlers}
        self.dead: set[str] = set()

    def to_the_end(self, decide: Callable[[Now], Choice]) -> Outcome:
        _Run.active, before = self, memory.take()
        try:
            for who in self.handlers:
                self._release(who)
            died = self._play(decide)
            memory.give(before)
            for who in died:  # delivered again, to a process of its own
                memory.give(memory.blank())
                with time_machine.travel(datetime.now(UTC) + AGAIN_AFTER, tick=False):
                    self.outcome.results[who] = _result(self.handlers[who])
            return self.outcome
        finally:
            memory.give(before)
            for who in self.handlers:
                self._end(who)
            _Run.active = None

    def _play(self, decide: Callable[[Now], Choice]) -> list[str]:
        steps, died = self.outcome.steps, []
        mortal = at_it = ""
        while self.waiting or mortal:
            last = steps[-1] if steps else None
            chosen = decide(Now(dict(self.waiting), last, at_it, mortal))
            self.outcome.chosen.append(chosen)
            if chosen.what == "ends":
                break
            who, call = chosen.who, self.waiting.get(chosen.who, WAITS)
            steps.append(Step(who, call, chosen.what))
            if chosen.what == "dies":
                died.append(who)
                self._end(who)
                self.outcome.results.pop(who, None)
                mortal = at_it = ""
                continue
            self._release(who, chosen.what)
            mortal = who if call is not WAITS and chosen.what == "goes" else ""
            # Whoever pauses of his own accord, or has ended, is not in the middle of it.
            at_it = who if self.waiting.get(who, WAITS) is not WAITS else ""
            if len(steps) > STEPS_MAX:
                raise RuntimeError("the handlers wait for each other for ever")
        return died

    def _release(self, who: str, how: What = "goes") -> None:
        """Let a handler go on until it waits again, or has ended."""
        self.waiting.pop(who, None)
        memory.give(self.remembered[who])
        call = self.greenlets[who].switch(how)
        self.remembered[who] = memory.take()
        if call is not None:
            self.waiting[who] = call

    def _end(self, who: str) -> None:
        self.waiting.pop(who, None)
        self.dead.add(who)
        if not self.greenlets[who].dead:
            memory.give(self.remembered[who])
            self.greenlets[who].throw(Killed)

    def _body(self, who: str) -> Callable[..., None]:
        def body(_: What) -> None:
            try:
                self.outcome.results[who] = _result(self.handlers[who])
            except Killed:
                self.outcome.results.pop(who, None)

        return body


def reach(call: Call) -> What:
    """Called where a handler is about to make a call: it waits until it may go on.

    Outside of a run, and for what is delivered again, it goes on at once.
    """
    active = _Run.active
    who = None if active is None else active.names.get(getcurrent())
    if active is None or who is None:
        return "goes"
    if who in active.dead:  # what a block does on its way out, the dead do not do
        raise Killed
    return active.hub.switch(call)


def install() -> None:
    """Have every client made from now on wait before each call. Once."""
    register = botocore.handlers.BUILTIN_HANDLERS
    if not any(handler is _before_call for _, handler, *_ in register):
        register.append(("before-call", _before_call))


def _before_call(params: dict[str, Any], event_name: str, **_: Any) -> None:
    if _Run.active is None or Cloud._entered is None:
        return
    _, service, operation = event_name.split(".")
    call = call_of(Cloud._entered, service, operation, params)
    if reach(call) == "conflicts":
        raise ClientError(_conflict(len(json.loads(params["body"])["TransactItems"])), operation)


def _conflict(actions: int) -> Any:
    """What DynamoDB answers when another transaction holds one of the items."""
    busy = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return {
        "Error": {
            "Code": "TransactionCanceledException",
            "Message": "Transaction cancelled [TransactionConflict]",
        },
        "ResponseMetadata": {"RequestId": "refused", "HTTPStatusCode": 400},
        "CancellationReasons": [busy, *({"Code": "None"} for _ in range(actions - 1))],
    }


def _pause(_: float) -> None:
    reach(WAITS)


def _result(handler: Handler) -> Any:
    """What it returns, or the error it raises."""
    try:
        return handler()
    except Exception as error:  # noqa: BLE001 - the law judges it
        return error

"""One handler delivered under every fault: what is swept, how, and what must be the same after it.

A scenario is one delivery of a handler as its platform makes it. It is delivered once undisturbed;
then, from the same beginning, once for each AWS call and kind of fault: struck there, and delivered
again until it succeeds, as the platform would. What the account holds must be what it held after
the undisturbed delivery, item for item, and the books must be in order.

    a struck delivery that reports success is not delivered again: then it must be whole at once
    a delivery that succeeded is delivered again, too: platforms promise at least once
    stale: the index tells what was true before the scenario began, and after it ended
    late: delivered again a minute after it died (ids and instants may differ then, the books not)
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import time_machine

from tests import faults
from tests.cloud import Cloud
from tests.effort import WHOLE
from tests.faults import KINDS, Kind
from tests.invariants import Octets, broken
from tests.sweep.account import NOW, forget

DELIVERIES_MAX = 4
WRITES = ("PutItem", "BatchWriteItem", "TransactWriteItems", "PutObject", "StartExecution")
LATER = NOW + timedelta(seconds=61)

State = Mapping[str, Any]
Holding = dict[str, Any]  # what an account holds, each thing under its address
Visible = Callable[[Holding], None]


class Redeliver(Exception):
    """The delivery reported a failure: its platform would deliver it again."""


@dataclass(frozen=True)
class Place:
    """Where scenarios play: the account, and what else keeps a state beside it."""

    aws: Cloud
    others: Mapping[str, Any] = field(default_factory=dict)  # each with state, put_back

    def state(self) -> State:
        return {
            "aws": self.aws.state(),
            **{name: one.state() for name, one in self.others.items()},
        }

    def put_back(self, state: State) -> None:
        self.aws.put_back(state["aws"])
        for name, one in self.others.items():
            one.put_back(state[name])

    def holding(self) -> Holding:
        """All that is kept, each thing under its address: two holdings are compared as they are."""
        held: Holding = {
            f"{name} {key[0][1].decode()} / {key[1][1].decode()}": item
            for name, table in self.aws.dynamodb.tables.items()
            for key, item in table.items.items()
        }
        held |= {f"s3 {path}": stored for path, stored in self.aws.s3.objects.items()}
        held |= {f"sqs {url}": list(bodies) for url, bodies in self.aws.sqs.sent.items()}
        held |= {f"execution {key}": one for key, one in self.aws.states.started.items()}
        held |= {f"person {key}": one for key, one in self.aws.cognito.people.items()}
        held |= {f"revoked {token}": True for token in self.aws.cognito.revoked}
        held["letters"] = [json.dumps(one, sort_keys=True) for one in self.aws.ses.sent]
        for name, one in self.others.items():
            held |= {f"{name} {key}": value for key, value in one.holding().items()}
        return held


@dataclass(frozen=True)
class Scenario:
    """One delivery.

    handler  as the template names it: "functions.bill_cycle.number.lambda_handler"
    name     what is delivered
    deliver  delivers once; what it returns must be the same however often it was interrupted.
             Redeliver or an error: it is to be delivered again
    visible  what a repeat may legitimately be seen by: the reason, and a function that takes it
             out of what an account holds
    octets   what was measured by identity, where that is known
    scheduled  a schedule delivers it again whatever it reported
    unheard  why an index is never met that has not even heard of what the scenario begins with
    """

    handler: str
    name: str
    deliver: Callable[[], Any]
    visible: Mapping[str, Visible] = field(default_factory=dict)
    octets: Octets | None = None
    scheduled: bool = False
    unheard: str = ""


@dataclass(frozen=True)
class Swept:
    """What a sweep came to: the calls of one delivery, the points struck, what was wrong."""

    handler: str
    name: str
    calls: tuple[str, ...]
    points: Mapping[str, int]  # by kind
    wrong: tuple[str, ...]


def sweep(place: Place, scenario: Scenario, before: State, first_only: bool = False) -> Swept:
    """Deliver under every fault, from the state that the place is in now.

    before      an earlier state: what a stale index tells
    first_only  stop at the first thing that is wrong
    """
    run = _Run(place, scenario, place.state(), before)
    wrong: list[str] = []
    points: dict[str, int] = {}
    for kind, problem in run.faults():
        if kind:
            points[kind] = points.get(kind, 0) + 1
        if problem:
            wrong.append(problem)
            if first_only:
                break
    place.put_back(run.start)
    return Swept(scenario.handler, scenario.name, tuple(run.calls), points, tuple(wrong))


def kinds_at(call: int) -> Sequence[Kind]:
    """What may happen to a call; in `make test` it is lost, refused or throttled in turn."""
    in_turn: tuple[Kind, ...] = ("lost", "refused", "throttled")
    left_out = {kind for kind in in_turn if kind != in_turn[call % 3]}
    return KINDS if WHOLE else [kind for kind in KINDS if kind not in left_out]


class _Run:
    def __init__(self, place: Place, scenario: Scenario, start: State, before: State) -> None:
        self.place, self.scenario, self.start, self.before = place, scenario, start, before
        self.answer: Any = None
        # The undisturbed delivery.
        self.calls = [operation for operation, _ in faults.sent_by(self.deliver)]
        self.end = self.seen()

    def faults(self) -> Iterator[tuple[str, str]]:
        """Each fault: its kind ("" for what is no fault of a call), and what was wrong after it."""
        yield "", self.told("undisturbed", self.books())
        for call, operation in enumerate(self.calls, 1):
            for kind in kinds_at(call):
                if kind != "conflict" or operation == "TransactWriteItems":
                    yield kind, self.told(f"{kind} call {call} ({operation})", self.at(call, kind))
        yield "", self.told("delivered twice", self.twice())
        if not self.scenario.unheard:
            yield "", self.told("an index that is behind", self.stale(self.before))
        yield "", self.told("an index that stands still", self.stale(self.start))
        for call, operation in enumerate(self.calls, 1):
            if operation in WRITES:  # to die at a read is to die after the write before it
                found = self.later(call)
                yield "late", self.told(f"late after call {call} ({operation})", found)

    def at(self, call: int, kind: Kind) -> str:
        self.begin()
        outcome = faults.struck(self.deliver, call, kind)
        if not outcome.fired:
            return "it was never struck: it makes other calls than before"
        if outcome.raised is None and not self.scenario.scheduled and (found := self.compared()):
            return f"it reported success, and {found}"
        return self.again() or self.compared()

    def twice(self) -> str:
        self.begin()
        self.deliver()
        return self.again() or self.compared()

    def stale(self, known: State) -> str:
        self.begin()
        indexes = self.place.aws.dynamodb
        indexes.lag_indexes(known["aws"]["dynamodb"])
        for _ in range(2):  # the second delivery does not see what the first one wrote
            with contextlib.suppress(Exception):  # a refusal on old news is no harm
                self.deliver()
        indexes.settle_indexes()
        return self.again() or self.compared()

    def later(self, call: int) -> str:
        self.begin()
        faults.struck(self.deliver, call, "after")
        with time_machine.travel(LATER, tick=False):
            return self.again() or self.books()

    def begin(self) -> None:
        self.place.put_back(self.start)

    def deliver(self) -> None:
        forget()  # each delivery may meet a new process
        self.answer = self.scenario.deliver()

    def again(self) -> str:
        """Deliver until it succeeds."""
        failed: Exception | None = None
        for _ in range(DELIVERIES_MAX):
            try:
                self.deliver()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is delivered again
                failed = error
            else:
                return ""
        return f"delivered again {DELIVERIES_MAX} times it still fails: {failed!r}"

    def compared(self) -> str:
        return _difference(self.end, self.seen()) or self.books()

    def books(self) -> str:
        return "; ".join(broken(self.place.aws, octets=self.scenario.octets))

    def seen(self) -> Holding:
        held = self.place.holding() | {"the answer": self.answer}
        for take_out in self.scenario.visible.values():
            take_out(held)
        return held

    def told(self, what: str, problem: str) -> str:
        return f"{self.scenario.name}, {what}: {problem}" if problem else ""


def _difference(wanted: Holding, found: Holding) -> str:
    if wanted == found:
        return ""
    return "; ".join(
        f"{key}: {_apart(found.get(key), wanted.get(key))}"
        for key in sorted(wanted.keys() | found.keys())
        if wanted.get(key) != found.get(key)
    )


def _apart(found: Any, wanted: Any) -> str:
    """How two things under one address differ, in a few words."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        names = sorted(found.keys() | wanted.keys())
        apart = [name for name in names if found.get(name) != wanted.get(name)]
        return ", ".join(f"{name} {_apart(found.get(name), wanted.get(name))}" for name in apart)
    return f"{str(found)[:200]} instead of {str(wanted)[:200]}"

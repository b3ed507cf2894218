"""The two machines, as the templates order their states, one invocation at a time.

A step is one invocation: a task, or one child of a map. What it is given went through JSON.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from billing.adapters import documents
from functions.bill_cycle import (
    close_run,
    collect,
    compare,
    draft_partition,
    freeze,
    issue_partition,
    number,
    open_run,
)
from tests.functions.bill_cycle.world import Context, through

Json = dict[str, Any]
Machine = tuple[ModuleType, ...]

PREPARE: Machine = (open_run, draft_partition, compare)
ISSUE: Machine = (freeze, number, issue_partition, collect, close_run)
MAPS = (draft_partition, issue_partition)


@dataclass(frozen=True)
class Step:
    """One invocation: which state, what that was given, and of a map its item and place."""

    state: ModuleType
    given: Json
    child: int = 0
    item: Json | None = None

    @property
    def name(self) -> str:
        return self.state.__name__.rpartition(".")[2]

    @property
    def place(self) -> str:
        """Where in its machine it is: from here on, the same state leads to the same end."""
        return f"{self.name} {self.child} {json.dumps(self.given, sort_keys=True)}"

    def run(self, context: Any = None) -> Json:
        payload = self.given if self.item is None else self.item
        return through(self.state.lambda_handler(through(payload), context or Context()))


Watch = Callable[[Step], bool]  # told before each step; True: nothing more needs to be seen


def walk(machine: Machine, given: Json, watch: Watch, context: Any = None) -> Json | None:
    """Walk a machine from its first state; its output, or None when `watch` had seen enough.

    A task that answers with `at` is invoked again from there.
    """
    for state in machine:
        if state in MAPS:
            for step in children(state, given):
                if watch(step):
                    return None
                step.run(context)
            continue
        while True:
            step = Step(state, given)
            if watch(step):
                return None
            given = step.run(context)
            if "at" not in given:
                break
    return given


def children(state: ModuleType, given: Json) -> Iterator[Step]:
    """The invocations of a map: one for each partition of the plan."""
    for child, item in enumerate(documents.get_list(given["partitions"])):
        yield Step(state, given, child, item)

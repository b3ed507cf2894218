"""A run of twenty accounts, killed at each of its AWS calls and resumed in both ways there are.

In `make test` at every fifth place of each state, in `make long` at each.

The state machine invokes the killed state again; or the execution is dead, and a new attempt begins
from the start. Time has passed meanwhile. What is kept in the end must be what it would have been
without the kill, to the byte: documents, canonical invoices, manifests, ledger, outbox.

A resumed run is followed until it stands where one stood before that led to that end: the same
state of the account, the same place in the machine, the same input.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
import time_machine

from billing.core.invoicing import Invoice
from billing.store import ledger, runs
from tests import faults
from tests.cloud import Cloud
from tests.cycle.essence import essence
from tests.cycle.machines import ISSUE, PREPARE, Json, Machine, Step, walk
from tests.cycle.town import NOON, mend, settle_in
from tests.effort import sampled
from tests.functions.bill_cycle.world import OCTOBER, STAFF, approve, issued_to
from tests.invariants import broken
from tests.reports import report

SUPPLEMENT = {**OCTOBER, "supplementary": True}


@dataclass(frozen=True)
class Moment:
    """Before a step of the run that nobody kills (None: at its end)."""

    step: Step | None
    state: Any
    essence: str


def moments(aws: Cloud, machine: Machine, given: Json) -> tuple[list[Moment], Json]:
    """Walk a machine undisturbed: every moment of it, and its output."""
    seen: list[Moment] = []

    def note(step: Step | None) -> bool:
        seen.append(Moment(step, aws.state(), essence(aws)))
        return False

    output = walk(machine, given, note)
    note(None)
    assert output is not None
    return seen, output


def reach(aws: Cloud, which: str) -> tuple[Machine, Json]:
    """The machine of that name and its input, with the account as it is then."""
    settle_in()
    if which == "prepare":
        return PREPARE, OCTOBER
    review = finished(PREPARE, OCTOBER)
    approve(review)
    if which == "issue":
        return ISSUE, approved(review)
    finished(ISSUE, approved(review))
    mend()
    if which == "prepare the supplement":
        return PREPARE, SUPPLEMENT
    review = finished(PREPARE, SUPPLEMENT)
    approve(review)
    return ISSUE, approved(review)


def finished(machine: Machine, given: Json) -> Json:
    output = walk(machine, given, lambda _: False)
    assert output is not None
    return output


def approved(review: Json) -> Json:
    return {"run": review["run"], "revision": review["revision"], "actor": STAFF}


@pytest.mark.parametrize(
    "which",
    [
        "prepare",
        "issue",
        pytest.param("prepare the supplement", marks=pytest.mark.long),
        pytest.param("issue the supplement", marks=pytest.mark.long),
    ],
)
def test_killed_at_any_call_and_resumed_in_either_way_it_ends_as_if_nothing_had_been(
    isp: Cloud, which: str
):
    machine, given = reach(isp, which)
    clean, _ = moments(isp, machine, given)
    assert broken(isp) == []
    places = {(one.essence, one.step.place) for one in clean if one.step is not None}
    sweep = Sweep(isp, machine, given, clean, places)

    for moment, after in pairwise(clean):
        sweep.kill(moment, after.essence)

    report(f"cycle/{which.replace(' ', '-')}", [*sweep.table(which)])


class Sweep:
    """Kills every step of one machine at every call. `proven` are places that lead to the end."""

    def __init__(
        self, aws: Cloud, machine: Machine, given: Json, clean: list[Moment], proven: set[Any]
    ) -> None:
        self.aws, self.machine, self.given = aws, machine, given
        self.end, self.proven = clean[-1].essence, proven
        self.rows: list[tuple[str, int, int, int]] = []

    def kill(self, moment: Moment, after: str) -> None:
        step = moment.step
        assert step is not None
        self.aws.put_back(moment.state)
        output = {}
        calls = faults.calls_of(lambda: output.update(step.run()))
        points = sampled(faults.deaths(calls), every=8, offset=len(self.rows))
        died_as = set[str]()
        for call, when in points:
            self.aws.put_back(moment.state)
            assert faults.killed(step.run, call, when), (step.name, call, when)
            died = essence(self.aws)
            if died in died_as:
                continue  # what it left behind was resumed before
            died_as.add(died)
            assert broken(self.aws, at_rest=False) == []
            left = self.aws.state()
            with time_machine.travel(NOON, tick=False):
                self.invoked_again(step, output, after)
                self.aws.put_back(left)
                self.attempted_again()
        self.rows.append((f"{step.name} {step.child + 1}", calls, len(points), len(died_as)))

    def invoked_again(self, step: Step, output: Json, after: str) -> None:
        """The machine's Retry: from here on it is as if the first try had gone through."""
        again = step.run()
        assert essence(self.aws) == after, step.name
        assert told(again) == told(output), step.name

    def attempted_again(self) -> None:
        """A new execution, from the first state on."""
        passed: list[tuple[str, str]] = []

        def known(step: Step) -> bool:
            passed.append((essence(self.aws), step.place))
            return passed[-1] in self.proven

        if walk(self.machine, self.given, known) is not None:
            assert essence(self.aws) == self.end
        self.proven.update(passed)

    def table(self, which: str) -> Iterator[str]:
        yield f"{which:24} {'calls':>6} {'points':>7} {'left behind':>12}"
        for name, calls, points, states in self.rows:
            yield f"  {name:22} {calls:6} {points:7} {states:12}"
        calls, points, states = (sum(row[n] for row in self.rows) for n in (1, 2, 3))
        yield f"  {'all':22} {calls:6} {points:7} {states:12}   each resumed twice, all identical"


def told(output: Json) -> Json:
    """What the next state is told that matters: a repeat counts only what it did itself."""
    return {name: value for name, value in output.items() if name != "settled"}


def test_the_twenty_accounts_are_of_every_kind(isp: Cloud):
    settle_in()
    review = finished(PREPARE, OCTOBER)
    approve(review)
    steps, closed = moments(isp, ISSUE, approved(review))

    names = [one.step.name for one in steps if one.step]
    assert names.count("issue_partition") == 3
    assert (review["drafts"], review["parked"], closed["count"]) == (17, 2, 17)
    assert {kind for kind, *_ in differences(review)} == {"new", "changed"}
    assert numbers("acc_ada", "acc_quin") == ["MF-2026-000001", "MF-2026-000008", "MF-2026-000019"]
    assert numbers("acc_hal", "acc_oda")[-1] == "BW-2026-000007"
    assert {line.kind for line in bill("acc_ada").lines} == {"recurring", "usage"}
    assert len({line.price_ref for line in bill("acc_ben").lines}) == 2
    assert ledger.position("acc_pat").open_items == ()
    assert ledger.position("acc_pat").credit.minor > 0
    [left] = ledger.position("acc_oda").open_items
    assert left.open < left.total
    mend()
    supplement = finished(PREPARE, SUPPLEMENT)
    assert (supplement["drafts"], supplement["parked"]) == (1, 1)
    assert broken(isp) == []


def bill(account_id: str) -> Invoice:
    return issued_to(account_id)[-1]


def numbers(*account_ids: str) -> list[str]:
    return [invoice.number for one in account_ids for invoice in issued_to(one)]


def differences(review: Json) -> list[tuple[str, str]]:
    found = runs.list_differences(review["run"], review["revision"]).items
    return [(one.kind, one.account_id) for one in found]

"""Which orders of two handlers' calls are tried, and what each came to.

Up to five calls each: all interleavings, each also with one death anywhere. Above that: all with at
most two preemptions, a death after any write with at most one, and orders drawn from a seed, half
of which may hold a death. What died is delivered again when the others have ended. Where two
transactions on one item are both on their way, an order of its own has one refused for the other.

That is `make long`. In `make test` a death in all interleavings stands where at most one preemption
is; above five calls orders have one preemption or are drawn, and only the drawn ones hold a death.

A preemption just before a call that touches nothing which the other handler touches comes to the
same as one just after it, for those calls may change places; so it is left out. What the two have
in common is learnt from the runs, until all orders have been tried and nothing new was learnt.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tests.effort import WHOLE
from tests.pairs.calls import WAITS, Call
from tests.pairs.scheduler import Choice, Handler, Now, Step, run

ALL_UP_TO = 5  # calls of each handler
PREEMPTIONS_MAX, SEEDED = (2, 500) if WHOLE else (1, 20)

Law = Callable[[Mapping[str, Any]], Sequence[str]]
Chosen = tuple[Choice, ...]


class World(Protocol):
    """What both handlers work on: all of its state is a value."""

    def state(self) -> Any: ...
    def put_back(self, state: Any) -> None: ...


@dataclass(frozen=True)
class Pair:
    """Handlers that meet, and the law of what they may come to.

    law  told what each handler returned, or the error it raised; answers what is broken
    """

    name: str
    world: World
    handlers: Mapping[str, Handler]
    law: Law


@dataclass(frozen=True)
class Broken:
    """An order of calls after which something does not hold."""

    steps: tuple[Step, ...]
    what: tuple[str, ...]

    def __str__(self) -> str:
        width = max(len(step.who) for step in self.steps)
        told = [f"  {step.who:{width}}  {step}" for step in self.steps]
        return "\n".join([*self.what, "after this order of calls:", *told])


@dataclass
class Explored:
    """What was tried, and what broke."""

    name: str
    calls: tuple[int, ...]  # of each handler, alone
    schedules: int = 0
    kills: int = 0
    conflicts: int = 0
    broken: list[Broken] = field(default_factory=list)

    @property
    def all_orders(self) -> bool:
        return max(self.calls) <= ALL_UP_TO

    @property
    def trouble(self) -> str:
        """The shortest order that breaks the law, to be read; "" if none does."""
        found = sorted(self.broken, key=lambda one: len(one.steps))
        return str(found[0]) if found else ""

    def __str__(self) -> str:
        sizes = " x ".join(f"{one:2}" for one in self.calls)
        how = "all" if self.all_orders else f"<= {PREEMPTIONS_MAX} preemptions, {SEEDED} seeded"
        return (
            f"{self.name:32} {sizes} calls {self.schedules:6} schedules ({how}),"
            f" {self.kills} with a kill, {self.conflicts} with a conflict,"
            f" broken {len(self.broken)}"
        )


def explore(pair: Pair, *, seeded: int = SEEDED, until_broken: bool = False) -> Explored:
    """Try the orders of a pair and ask the law after each. The world is as before in the end.

    until_broken  stop at the first order that breaks it
    """
    explorer = _Explorer(pair)
    try:
        for _ in explorer.all_tried(seeded):
            if until_broken and explorer.explored.broken:
                break
    finally:
        pair.world.put_back(explorer.before)
    return explorer.explored


@dataclass(frozen=True)
class _Budget:
    """What a schedule may hold at most."""

    preemptions: int | None  # None: any number
    deaths: int
    conflicts: int
    everywhere: bool  # preempt and die also where it comes to the same as elsewhere


DISTURBED = (
    _Budget(1, deaths=1, conflicts=0, everywhere=False),
    _Budget(1, deaths=0, conflicts=1, everywhere=False),
)
BOUNDED = (
    _Budget(PREEMPTIONS_MAX, deaths=0, conflicts=0, everywhere=False),
    *(DISTURBED if WHOLE else ()),
)
ALL = (
    _Budget(None, deaths=0, conflicts=0, everywhere=True),
    *(replace(one, preemptions=None, everywhere=True) if WHOLE else one for one in DISTURBED),
)


@dataclass(frozen=True)
class _Tried:
    """One run: what could be seen at each of its points, and what was chosen there."""

    points: tuple[Now, ...]
    chosen: Chosen


class _Common:
    """What one handler changes and another touches, as far as is known."""

    def __init__(self) -> None:
        self._touched: dict[str, set[str]] = {}
        self._changed: dict[str, set[str]] = {}

    def learn(self, step: Step) -> bool:
        """Whether that was news."""
        news = False
        for known, places in (
            (self._touched, step.call.reads | step.call.writes),
            (self._changed, step.call.writes),
        ):
            for place in places:
                who = known.setdefault(place, set())
                news |= step.who not in who
                who.add(step.who)
        return news

    def matters(self, who: str, call: Call) -> bool:
        """Whether it makes a difference if others go before this call."""
        return any(
            self._changed.get(place, set()) - {who} for place in call.reads | call.writes
        ) or any(self._touched.get(place, set()) - {who} for place in call.writes)


class _Explorer:
    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.before = pair.world.state()
        self.common = _Common()
        self.news = False
        self.known: dict[Chosen, _Tried] = {}
        self.seen: set[Chosen] = set()
        for who in pair.handlers:
            self._calls_alone(who)  # what a process reads once has been read from now on
        alone = tuple(self._calls_alone(who) for who in pair.handlers)
        self.explored = Explored(pair.name, alone)

    def all_tried(self, seeded: int) -> Iterator[None]:
        if self.explored.all_orders:
            for budget in ALL:
                yield from self._exhaust(budget)
            return
        self.news = True
        while self.news:
            self.news = False
            for budget in BOUNDED:
                yield from self._exhaust(budget)
        for number in range(seeded):
            self._draw(random.Random(f"{self.pair.name}/{number}"), deaths=number % 2)
            yield

    def _calls_alone(self, who: str) -> int:
        """How many calls a handler makes when nobody is in its way."""
        self.pair.world.put_back(self.before)
        outcome = run({who: self.pair.handlers[who]}, lambda now: _goes(now)[0])
        for step in outcome.steps:
            self.common.learn(step)
        return len(outcome.steps)

    def _exhaust(self, budget: _Budget) -> Iterator[None]:
        """Depth first: a run goes by its prefix and then by default; what else could have been
        chosen behind the prefix is a prefix of its own."""
        todo: list[Chosen] = [()]
        while todo:
            prefix = todo.pop()
            tried = self.known.get(prefix) or self._try(prefix)
            todo += _others(tried, len(prefix), budget, self.common)
            yield

    def _try(self, prefix: Chosen) -> _Tried:
        points: list[Now] = []

        def decide(now: Now) -> Choice:
            points.append(now)
            place = len(points) - 1
            return prefix[place] if place < len(prefix) else _goes(now)[0]

        tried = self.known[prefix] = self._run(decide, points)
        return tried

    def _draw(self, drawn: random.Random, deaths: int) -> None:
        points: list[Now] = []
        spent = _Spent()
        budget = _Budget(None, deaths, 1, everywhere=True)

        def decide(now: Now) -> Choice:
            points.append(now)
            usual = _goes(now)
            rare = [o for o in spent.options(now, budget, self.common) if o not in usual]
            chosen = drawn.choice(rare if rare and drawn.random() < 0.1 else usual)
            spent.add(now, chosen)
            return chosen

        self._run(decide, points)

    def _run(self, decide: Callable[[Now], Choice], points: list[Now]) -> _Tried:
        self.pair.world.put_back(self.before)
        outcome = run(self.pair.handlers, decide)
        chosen = tuple(outcome.chosen)
        for step in outcome.steps:
            self.news |= self.common.learn(step)
        if chosen not in self.seen:
            self.seen.add(chosen)
            self.explored.schedules += 1
            self.explored.kills += any(one.what == "dies" for one in chosen)
            self.explored.conflicts += any(one.what == "conflicts" for one in chosen)
            if what := tuple(self.pair.law(outcome.results)):
                self.explored.broken.append(Broken(tuple(outcome.steps), what))
        return _Tried(tuple(points), chosen)


class _Spent:
    """What a schedule has used of its budget so far."""

    def __init__(self) -> None:
        self.preemptions = self.deaths = self.conflicts = 0

    def add(self, now: Now, chosen: Choice) -> None:
        self.preemptions += bool(now.at_it) and chosen.what != "dies" and chosen.who != now.at_it
        self.deaths += chosen.what == "dies"
        self.conflicts += chosen.what == "conflicts"

    def options(self, now: Now, budget: _Budget, common: _Common) -> list[Choice]:
        """What may happen next."""
        options = [one for one in _goes(now) if self._may_go(one.who, now, budget, common)]
        if self.conflicts < budget.conflicts:
            options += [Choice(who, "conflicts") for who in now.refusable if Choice(who) in options]
        died_of = now.last and (budget.everywhere or now.last.call.writes)
        if now.mortal and died_of and self.deaths < budget.deaths:
            options.append(Choice(now.mortal, "dies"))
        return options

    def _may_go(self, who: str, now: Now, budget: _Budget, common: _Common) -> bool:
        if not now.at_it or who == now.at_it or budget.preemptions is None:
            return True
        matters = budget.everywhere or common.matters(now.at_it, now.waiting[now.at_it])
        return matters and self.preemptions < budget.preemptions


def _goes(now: Now) -> list[Choice]:
    """Who may go on: first whoever is at it, then whoever does not pause."""
    if not now.waiting:
        return [Choice(now.mortal, "ends")]
    order = sorted(now.waiting, key=lambda who: (who != now.at_it, now.waiting[who] is WAITS, who))
    return [Choice(who) for who in order]


def _others(tried: _Tried, start: int, budget: _Budget, common: _Common) -> list[Chosen]:
    """The prefixes that leave a run at a point from `start` on, within the budget."""
    spent, found = _Spent(), []
    for place, (now, chosen) in enumerate(zip(tried.points, tried.chosen, strict=True)):
        if place >= start:
            found += [
                (*tried.chosen[:place], option)
                for option in spent.options(now, budget, common)
                if option != chosen
            ]
        spent.add(now, chosen)
    return found

"""A collector killed with SIGKILL at random points under load, and what came of each packet.

    python -m tests.edge.fire --kills 200 --seed 7

The points are drawn from the seed; what the processes do between them is their own.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Timer

from rich.console import Console
from rich.table import Table

from billing.core.usage import (
    Grid,
    Pack,
    Received,
    Session,
    Settings,
    Suspended,
    holes,
    identity_of_user,
    increments,
    join,
    join_received,
    mediate,
    open_pack,
    unpack_sessions,
)
from edge.records import rfc3339
from tests.edge import stream as streams
from tests.edge.load import Load
from tests.edge.process import KEY, Collector
from tests.edge.stream import Stream

POINTS = {
    "starting": "while it starts",
    "running": "some time after it listens",
    "answering": "after some answers",
    "offering": "before the stream has taken a call",
    "offered": "after it has, before it says so",
    "deleting": "after it has said so",
}
POINT_SECONDS_MAX = 10.0
PACKS_PER_BATCH_MAX = 9
SETTINGS = Settings(4, Grid("Europe/Dublin"), {}, {})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was sent, what arrived and what the core counts from it."""

    kills: Counter[str]
    sent: int
    acknowledged: int
    arrived: int  # different records
    repeated: int  # records that came again on the wire
    lost: int  # acknowledged packets that did not arrive
    double: int  # numbers of a boot that bore two contents
    holes: int  # numbers of a boot that never came
    suspended: int
    too_little: int  # subscribers counted below the truth
    too_much: int
    octets: int  # counted, all subscribers

    @property
    def right(self) -> bool:
        return self.sent == self.acknowledged and not any(
            (self.lost, self.double, self.holes, self.suspended, self.too_little, self.too_much)
        )


def points(count: int, seed: int) -> list[str]:
    """Where to kill, each kind about as often."""
    return Random(seed).choices(list(POINTS), k=count)


def under_fire(
    folder: Path, points: Sequence[str], seed: int, command: Sequence[str] = ("edge.collector",)
) -> Outcome:
    """Start, load, kill at each point and start again; drain, then compare."""
    random = Random(seed)
    with (
        streams.running() as stream,
        Collector(folder, stream.url, command=command) as collector,
    ):
        stream.refuse = lambda call, place, pack: (call + place) % 5 == 3
        load = Load(collector.port, seed)
        collector.start()
        try:
            load.open()
            for point in points:
                _kill_at(point, collector, stream, load, random)
                collector.launch()
            load.close()
            drained_after = rfc3339(datetime.now(UTC))
            collector.wait_for(
                lambda status: (
                    status["at"] > drained_after and status["oldest_unsent_age_seconds"] is None
                ),
            )
        finally:
            load.done.set()
    return _judged(Counter(points), load, stream, random)


def _kill_at(point: str, collector: Collector, stream: Stream, load: Load, random: Random) -> None:
    """Wait for the point and kill; the collector has just been launched."""
    if point == "starting":
        time.sleep(random.uniform(0, 0.8))
        collector.kill()
        return
    collector.wait_for(lambda status: status["listening"])
    reached, calls = Event(), random.randrange(1, 8)

    def strike() -> None:
        collector.kill()
        reached.set()

    def on(call: int) -> bool:
        nonlocal calls
        calls -= 1
        if not calls:
            strike()
        return calls <= 0

    def after(call: int) -> bool:
        nonlocal calls
        calls -= 1
        if not calls:
            Timer(random.uniform(0, 0.01), strike).start()
        return False

    if point == "running":
        Timer(random.uniform(0, 0.5), strike).start()
    elif point == "offering":
        stream.unreachable = on
    elif point == "offered":
        stream.lose_reply = on
    elif point == "deleting":
        stream.lose_reply = after
    else:
        enough = len(load.acknowledged) + random.randrange(1, 150)
        until = time.monotonic() + POINT_SECONDS_MAX
        while len(load.acknowledged) < enough and time.monotonic() < until:
            time.sleep(0.0005)
        strike()
    if not reached.wait(POINT_SECONDS_MAX):
        strike()
    stream.unreachable = stream.lose_reply = lambda call: False


def _judged(kills: Counter[str], load: Load, stream: Stream, random: Random) -> Outcome:
    today = datetime.now(UTC).date()
    packs = [open_pack(data, {"col-1": KEY}, today) for data in stream.wire]
    numbered = stream.records()
    arrived = {
        (record["session_id"], record["octets_in"], record["octets_out"])
        for pack in stream.taken
        for record in pack["records"]
    }
    known, received, suspended = _mediated(packs, random)
    counted = {user: _octets(sessions) for user, sessions in known.items()}
    truth = {identity_of_user(user): octets for user, octets in load.truth().items()}
    off = [
        _difference(counted.get(user, (0, 0)), truth.get(user, (0, 0)))
        for user in truth.keys() | counted.keys()
    ]
    return Outcome(
        kills=kills,
        sent=len(load.sent),
        acknowledged=len(load.acknowledged),
        arrived=len(arrived),
        repeated=sum(len(pack["records"]) for pack in stream.taken) - len(numbered),
        lost=len(load.acknowledged - arrived),
        double=sum(len(contents) > 1 for contents in numbered.values()),
        holes=_missing(received),
        suspended=suspended,
        too_little=sum(under for under, _ in off),
        too_much=sum(over for _, over in off),
        octets=sum(map(sum, counted.values())),
    )


def _mediated(
    packs: Sequence[Pack | Suspended], random: Random
) -> tuple[dict[str, tuple[Session, ...]], tuple[Received, ...], int]:
    """As the stream delivers: in batches, some of them twice, and here in any order."""
    order = list(packs)
    random.shuffle(order)
    known: dict[str, tuple[Session, ...]] = {}
    received: list[Received] = []
    suspended = 0
    while order:
        size = random.randrange(1, PACKS_PER_BATCH_MAX)
        delivered, order = order[:size], order[size:]
        for _ in range(random.choice((1, 1, 2))):
            batch = mediate(delivered, SETTINGS)
            received += batch.received
            for segment in batch.segments:
                for identity, sessions in unpack_sessions(segment.data).items():
                    known[identity] = join(known.get(identity, ()), sessions)
        suspended += len(batch.suspended)
    return known, join_received(received), suspended


def _octets(sessions: tuple[Session, ...]) -> tuple[int, int]:
    used = increments(sessions, {})
    return sum(one.octets_in for one in used), sum(one.octets_out for one in used)


def _difference(counted: tuple[int, int], truth: tuple[int, int]) -> tuple[bool, bool]:
    pairs = list(zip(counted, truth, strict=True))
    return any(a < b for a, b in pairs), any(a > b for a, b in pairs)


def _missing(received: Iterable[Received]) -> int:
    boots: dict[str, list[Received]] = {}
    for interval in received:
        boots.setdefault(interval.boot, []).append(interval)
    return sum(hole.last - hole.first + 1 for boot in boots.values() for hole in holes(boot))


def main(arguments: list[str] | None = None) -> int:
    """Kill as often as asked, print the table; 1 if anything was lost or counted twice."""
    parser = argparse.ArgumentParser(prog="tests.edge.fire", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args(arguments)
    print(f"seed {chosen.seed}", flush=True)
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        outcome = under_fire(Path(folder), points(chosen.kills, chosen.seed), chosen.seed)
    Console().print(_table(outcome, time.monotonic() - began))
    return 0 if outcome.right else 1


def _table(outcome: Outcome, seconds: float) -> Table:
    table = Table("killed with SIGKILL", "", show_lines=False)
    for point, said in POINTS.items():
        table.add_row(said, str(outcome.kills[point]))
    table.add_row("kills", str(outcome.kills.total()), end_section=True)
    table.add_row("packets sent", f"{outcome.sent:,}")
    table.add_row("acknowledged", f"{outcome.acknowledged:,}")
    table.add_row("arrived", f"{outcome.arrived:,}")
    table.add_row("arrived again, adding nothing", f"{outcome.repeated:,}", end_section=True)
    table.add_row("lost", str(outcome.lost))
    table.add_row("numbers with two contents", str(outcome.double))
    table.add_row("numbers that never came", str(outcome.holes))
    table.add_row("suspended", str(outcome.suspended))
    table.add_row("subscribers counted too low", str(outcome.too_little))
    table.add_row("subscribers counted too high", str(outcome.too_much), end_section=True)
    table.add_row("octets counted", f"{outcome.octets:,}")
    table.add_row("seconds", f"{seconds:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main())

"""Completeness: which records of a collector have arrived, as intervals of its sequence numbers.

A collector numbers its records from one within a boot. Stored = received less suspended; what lies
between two received intervals is a hole. Joining what is known is a union: order-free, repeatable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Received:
    """An unbroken run of sequence numbers, both ends included, of one boot of a collector."""

    collector: str
    boot: str
    first: int
    last: int
    at: int  # earliest receipt at the collector that is known of the run, epoch seconds
    until: int  # latest receipt
    suspended: tuple[int, ...] = ()  # those of the run that are in suspense, ascending


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers never received although later ones were."""

    first: int
    last: int
    since: int  # receipt of the earliest record after it, epoch seconds


def join_received(intervals: Iterable[Received]) -> tuple[Received, ...]:
    """The same knowledge in as few intervals as possible, per collector and boot."""
    joined: list[Received] = []
    for new in sorted(intervals, key=lambda i: (i.collector, i.boot, i.first, i.last)):
        old = joined[-1] if joined else None
        if (
            old is not None
            and (old.collector, old.boot) == (new.collector, new.boot)
            and new.first <= old.last + 1
        ):
            suspended = tuple(sorted({*old.suspended, *new.suspended}))
            joined[-1] = Received(
                old.collector,
                old.boot,
                old.first,
                max(old.last, new.last),
                min(old.at, new.at),
                max(old.until, new.until),
                suspended,
            )
        else:
            joined.append(new)
    return tuple(joined)


def runs_of(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending numbers as runs, both ends included: 1, 2, 3, 7 is (1, 3), (7, 7)."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def holes(intervals: Iterable[Received]) -> tuple[Hole, ...]:
    """What is missing in one boot of one collector, from its first number on."""
    joined = join_received(intervals)
    if not joined:
        return ()
    before = (Hole(1, joined[0].first - 1, joined[0].at),) if joined[0].first > 1 else ()
    return before + tuple(
        Hole(one.last + 1, other.first - 1, other.at) for one, other in pairwise(joined)
    )


def stored(intervals: Iterable[Received]) -> int:
    """How many records of one boot of one collector count: received less suspended."""
    return sum(i.last - i.first + 1 - len(i.suspended) for i in join_received(intervals))

"""Two things timed in turns, so that whatever slows the machine slows both; the ratio is kept."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Case:
    """What is timed, and against what. `per` says what there are `n` of in each round."""

    name: str
    per: str
    n: int
    run: Callable[[], Any]
    against: str
    floor: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Timed:
    """CPU of this process, all its threads. Microseconds are of this machine and this hour."""

    name: str
    per: str
    against: str
    n: int
    rounds: int
    microseconds: float  # median, for each of n
    floor_microseconds: float
    ratio: float  # median of the rounds' ratios
    quartiles: tuple[float, float]


def timed(case: Case, rounds: int = ROUNDS) -> Timed:
    """Each round runs both once, in changing order; the first, which warms caches, is dropped."""
    pairs: list[tuple[float, float]] = []
    for turn in range(rounds + 1):
        if turn % 2:
            one = _seconds(case.run)
            pairs.append((one, _seconds(case.floor)))
        else:
            other = _seconds(case.floor)
            pairs.append((_seconds(case.run), other))
    pairs = pairs[1:]
    ratios = [one / other for one, other in pairs]
    low, _, high = quantiles(ratios, n=4, method="inclusive")
    return Timed(
        case.name,
        case.per,
        case.against,
        case.n,
        rounds,
        median(one for one, _ in pairs) * 1e6 / case.n,
        median(other for _, other in pairs) * 1e6 / case.n,
        median(ratios),
        (low, high),
    )


def _seconds(action: Callable[[], Any]) -> float:
    gc.collect()
    begun = time.process_time()
    action()
    return time.process_time() - begun

"""Levels: what a share of the samples does not exceed, and what a level costs."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from billing.core.catalog import BASE_UNITS, Percentile, UsagePrice
from billing.core.rating.quantities import BadQuantity, Parts, exact_of, listed, parts_of
from billing.core.usage.measured import Sample


class Level(NamedTuple):
    """A percentile of samples, in their unit."""

    level: Fraction
    present: int  # samples; missing ones count for nothing
    dropped: int  # of them, from above


def percentile_level(samples: Iterable[object], percentile: Fraction | int = 95) -> Level:
    """The largest sample left when floor((100 - percentile) %) of those present are dropped.

    None is a missing sample: it is no zero. Without any sample the level is 0.
    """
    return _left([exact_of(sample) for sample in samples if sample is not None], percentile)


def level_of(price: UsagePrice, model: Percentile, quantity: object) -> Level:
    """The level a price charges, from samples in its unit, measured ones, or the level itself.

    Measured samples count in the price's direction: of both their sum sample by sample; of the
    larger one the percentile of each direction is taken, and the larger of the two charged.
    """
    samples = listed(quantity)
    if samples is None:
        return Level(exact_of(quantity), 1, 0)
    measured = [sample for sample in samples if isinstance(sample, Sample)]
    if not measured:
        return percentile_level(samples, model.percentile)
    if len(measured) != len(samples):
        raise BadQuantity(quantity, "give measured samples or numbers, not both")
    found = max(_left(series, model.percentile) for series in _series(price, measured))
    return found._replace(level=found.level / BASE_UNITS[price.unit])


def _series(price: UsagePrice, samples: Sequence[Sample]) -> list[list[int]]:
    """The samples of the directions that are charged, in bits a second."""
    down, up = [sample.down for sample in samples], [sample.up for sample in samples]
    both = [one + other for one, other in zip(down, up, strict=True)]
    return {"down": [down], "up": [up], "both": [both], "larger": [down, up]}[price.direction]


def _left(present: Sequence[Fraction | int], percentile: Fraction | int) -> Level:
    dropped = len(present) * (100 - Fraction(percentile)) // 100
    if not present:
        return Level(Fraction(0), 0, 0)
    highest = sorted(present)[max(0, len(present) - dropped - 1)]
    return Level(Fraction(highest), len(present), dropped)


def percentile(
    model: Percentile, level: Fraction, per_started: Fraction | None, share: Fraction
) -> Parts:
    """What a level costs: the committed amount and what lies above; each is an increment."""
    over = overage(model, level, per_started)
    return parts_of([model.amount * share, over * model.per_unit])


def overage(model: Percentile, level: Fraction, per_started: Fraction | None) -> Fraction:
    """How much of a level lies above the committed one, in started units where those count."""
    over = max(Fraction(0), level - model.committed)
    return over if per_started is None else -(-over // per_started) * per_started

"""What a rule has to know about the charges it makes."""

from collections.abc import Callable
from typing import NamedTuple

from billing.core.charging import Charge, PriceOf
from billing.core.money import Money


class Rule(NamedTuple):
    """How charges of one rule explain themselves."""

    steps: Callable[[Charge, PriceOf], tuple[str, ...]]  # inputs, arithmetic, rounding, in words
    recomputed: Callable[[Charge, PriceOf], Money]  # what was priced, computed again from the facts

"""Rating: what a quantity costs under a price, exact until the one rounding, and why.

lines        rate(price, quantity) -> Line: commitments, rounding, what is booked already
quantities   what may be rated; octets and samples in a price's unit
tiers        per unit, graduated, volume, package
amounts      percentages of amounts of money
levels       percentiles of samples
calls        calls by destination and window
words        the steps of a line, made when somebody asks for them
"""

from billing.core.rating.calls import RatedCall, RatedPart, rated_calls
from billing.core.rating.levels import Level, level_of, percentile_level
from billing.core.rating.lines import Line, rate
from billing.core.rating.quantities import BadQuantity, Quantity, quantity_of

__all__ = [
    "BadQuantity",
    "Level",
    "Line",
    "Quantity",
    "RatedCall",
    "RatedPart",
    "level_of",
    "percentile_level",
    "quantity_of",
    "rate",
    "rated_calls",
]

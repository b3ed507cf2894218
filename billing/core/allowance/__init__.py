"""Allowances: which bucket pays what, hour by hour, and what is left.

Owns the burning of buckets, what follows the last one, the state between periods, and passes.
Does not own how usage was measured, how overage is priced (rating), or charges (charging).
Time: instants in UTC; usage by grid hours of the term's zone. Quantities: whole base units.
Invariant: what opened + what was granted = what was used of buckets + what was lost + what closes.
"""

from billing.core.allowance.passes import (
    pass_span,
    pass_spans,
    suspended_spans,
)
from billing.core.allowance.plan import NotWhole
from billing.core.allowance.simulation import edges, simulate, simulate_periods
from billing.core.allowance.state import EMPTY, Grant, NoAllowance, State, after_change
from billing.core.allowance.values import (
    OVERAGE,
    SLOW,
    STOPPED,
    Alert,
    Bought,
    NegativeUsage,
    NotPooled,
    Paid,
    Part,
    PartCrossesEdge,
    PartOutside,
    Simulation,
    Term,
    term_of,
)

__all__ = [
    "EMPTY",
    "OVERAGE",
    "SLOW",
    "STOPPED",
    "Alert",
    "Bought",
    "Grant",
    "NegativeUsage",
    "NoAllowance",
    "NotPooled",
    "NotWhole",
    "Paid",
    "Part",
    "PartCrossesEdge",
    "PartOutside",
    "Simulation",
    "State",
    "Term",
    "after_change",
    "edges",
    "pass_span",
    "pass_spans",
    "simulate",
    "simulate_periods",
    "suspended_spans",
    "term_of",
]

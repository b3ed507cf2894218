"""What-if: past months of real subscriptions, priced again as if they had had another plan.

A month is compared whole, and bears its part of a price for a year. Both plans, the one that was
held at its end and the proposed one, are priced for all of it and for the usage that was measured
in it, so that a start, an end or a change in its middle moves neither side. What comes once or for
a while (setup, trial, contract, passing discounts) is on neither side, and nothing is rolled over
from the month before. Passes and top-ups count for the plan they were bought under. Amounts are net
of tax.

months.py prices the months of an account; changes.py says how the changes are distributed.
"""

from billing.core.whatif.changes import Bar, Distribution, LeftOut, Repriced, distribution
from billing.core.whatif.months import (
    Month,
    OtherCurrency,
    UsageNotKept,
    from_bills,
    measured_of,
    months_of,
    refuse_expired,
    repriced,
    windows_of,
)

__all__ = [
    "Bar",
    "Distribution",
    "LeftOut",
    "Month",
    "OtherCurrency",
    "Repriced",
    "UsageNotKept",
    "distribution",
    "from_bills",
    "measured_of",
    "months_of",
    "refuse_expired",
    "repriced",
    "windows_of",
]

"""Charging: what a subscription owes for a period, as charges that explain themselves.

A cycle closes one period and charges three things: recurring prices in advance for the following
period; for the closed one, corrections of what was billed before (credits for days a price was not
held, charges for days it was) and recurring prices in arrears; and usage, in arrears, per price.

charge.py is the value; recurring.py compares what was held (held.py) with what was billed
(credits.py); once.py has what is charged once, metered.py usage; cycle.py puts a bill together.
"""

from billing.core.charging.allowances import UsageNotCounted
from billing.core.charging.charge import (
    Charge,
    Counted,
    Kind,
    PriceOf,
    charge_from,
    charge_to_dict,
    counted_from,
    counted_to_dict,
    together,
)
from billing.core.charging.cycle import charges_for, preview, preview_change, preview_end
from billing.core.charging.metered import (
    Measured,
    NothingMeasured,
    UsageWindow,
    usage_charges,
    usage_windows,
)
from billing.core.charging.once import Pass, once_charges, passes
from billing.core.charging.recurring import advance, corrections, recurring_charges

__all__ = [
    "Charge",
    "Counted",
    "Kind",
    "Measured",
    "NothingMeasured",
    "Pass",
    "PriceOf",
    "UsageNotCounted",
    "UsageWindow",
    "advance",
    "charge_from",
    "charge_to_dict",
    "charges_for",
    "corrections",
    "counted_from",
    "counted_to_dict",
    "once_charges",
    "passes",
    "preview",
    "preview_change",
    "preview_end",
    "recurring_charges",
    "together",
    "usage_charges",
    "usage_windows",
]

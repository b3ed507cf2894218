"""Subscriptions: a timeline of priced segments. Operations extend it; the bill cycle prices it.

values.py holds the timeline; operations.py what one does to it; bundles.py parents with children;
rises.py dated rises of a price; storage.py its form in the table. No money moves in an operation.
"""

from billing.core.subscription.bundles import (
    ChildrenDiffer,
    end_bundle,
    pause_bundle,
    resume_bundle,
    start_bundle,
)
from billing.core.subscription.operations import (
    buy,
    change_plan,
    effective,
    end,
    grant,
    override,
    pause,
    resume,
    set_members,
    set_quantity,
    start,
    withdraw,
)
from billing.core.subscription.rises import NothingToRaise, rise, risen
from billing.core.subscription.storage import subscription_from, to_dict
from billing.core.subscription.values import (
    AlreadyEnded,
    BadQuantity,
    ChangeInThePast,
    Contract,
    EndInThePast,
    Granted,
    NotRunning,
    NotSold,
    PlanChangeInThePast,
    Purchase,
    PurchaseConflict,
    Segment,
    Subscription,
)

__all__ = [
    "AlreadyEnded",
    "BadQuantity",
    "ChangeInThePast",
    "ChildrenDiffer",
    "Contract",
    "EndInThePast",
    "Granted",
    "NotRunning",
    "NotSold",
    "NothingToRaise",
    "PlanChangeInThePast",
    "Purchase",
    "PurchaseConflict",
    "Segment",
    "Subscription",
    "buy",
    "change_plan",
    "effective",
    "end",
    "end_bundle",
    "grant",
    "override",
    "pause",
    "pause_bundle",
    "resume",
    "resume_bundle",
    "rise",
    "risen",
    "set_members",
    "set_quantity",
    "start",
    "start_bundle",
    "subscription_from",
    "to_dict",
    "withdraw",
]

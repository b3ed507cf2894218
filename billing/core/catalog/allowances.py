"""Allowances: buckets of usage that are burnt in a declared order, and what happens after the last.

Sizes and thresholds are in the unit of the price that holds them.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from billing.core.catalog.models import Graduated, Package, PerUnit, Volume
from billing.core.catalog.windows import Window
from billing.core.period import Validity

AtChange = Literal["kept", "forfeited"]
AfterLast = Literal["charge", "stop", "slow", "top-up"]


@dataclass(frozen=True, slots=True)
class Rollover:
    """What is left of a period's grant goes on into the next ones."""

    cap: Fraction | None = None  # units that all rolled-over grants hold together; None: no cap
    periods: int = 1  # for so many further periods
    grace_days: int = 0  # a prepaid renewal within so many days after the expiry restores it
    at_change: AtChange = "forfeited"  # when the plan changes
    burnt: Literal["first", "last"] = "first"  # before or after the period's own grant


@dataclass(frozen=True, slots=True)
class Bucket:
    """Usage that is paid already. Of its several grants, the one that expires first pays."""

    code: str
    name: str
    size: Fraction | None  # units each period; None: without end
    window: Window | None = None  # only usage in these hours; None: at any hour
    validity: Validity | None = None  # of each grant; None: the period
    rollover: Rollover | None = None
    price: Fraction | None = None  # minor units: bought at an instant as a top-up; None: granted


@dataclass(frozen=True, slots=True)
class AutoTopUp:
    """Buys a bucket's size again whenever all is burnt, at most so often in a period."""

    bucket: str  # code of a bucket with a price
    at_most: int


@dataclass(frozen=True, slots=True)
class Courtesy:
    """Overage forgiven in so many months of any so many; charge and credit are both shown."""

    months: int
    of: int = 12


@dataclass(frozen=True, slots=True)
class SpeedStep:
    """Above a threshold of the period's usage the service runs under this policy."""

    above: Fraction
    policy: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """Points at which the customer is told, each once in a period."""

    percents: tuple[Fraction, ...] = ()  # of the first granted bucket's size
    blocks: bool = False  # and at each further block that is charged, up to the ceiling


@dataclass(frozen=True, slots=True)
class Allowance:
    """Buckets in the order in which they are burnt, and what happens after the last one."""

    buckets: tuple[Bucket, ...]  # in burn order
    after: AfterLast
    overage: PerUnit | Graduated | Volume | Package | None = None  # with "charge"
    top_up: AutoTopUp | None = None  # with "top-up"; after its ceiling: stop
    speeds: tuple[SpeedStep, ...] = ()  # by rising threshold; "slow" needs at least one
    courtesy: Courtesy | None = None
    alerts: Alerts | None = None
    pooled: bool = False  # one allowance for all services that share the subscription
    at_change: Literal["replaced", "prorated"] = "replaced"  # grants of a part of a period

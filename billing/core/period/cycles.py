"""Cycles: periods of days, weeks, months or years, each counted from one anchor, never chained."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Every:
    """How long a period is: 1 month, 3 months, 2 weeks, 30 days, 1 year."""

    unit: Literal["day", "week", "month", "year"] = "month"
    count: int = 1


MONTHLY = Every("month", 1)

"""Validity: how long something bought or granted at an instant can be used."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Validity:
    """So many of a unit from the instant on; "period": to the end of the bill's period.

    hours and days are of 60 minutes and 24 hours; months go to the same local clock time on the
    same day so many calendar months later, or on the month's last day when it is shorter; local
    days end at the local midnight that ends the last of them (the day of the instant is the first).
    """

    unit: Literal["hours", "days", "local-days", "months", "period", "never"]
    count: int = 1

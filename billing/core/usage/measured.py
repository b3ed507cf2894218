"""What is measured besides octets: calls and levels. Both are joins: a repeat changes nothing."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a phone number. Reports of a call that still runs carry its seconds so far; of
    several reports of one id the longest counts.
    """

    id: str
    start: datetime
    seconds: int
    to: str  # digits of the number called, with the country code


@dataclass(frozen=True, slots=True)
class Sample:
    """The level of a port over one interval, in bits a second; of several, the highest counts."""

    at: datetime  # start of the interval
    down: int
    up: int

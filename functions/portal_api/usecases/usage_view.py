"""Usage as people look at it: by hour or day, with its age; and what nobody claims."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billing.config import Isp
from billing.core.period import Period, Span
from billing.store.access import Access

Step = Literal["hour", "day"]


@dataclass(frozen=True, slots=True)
class Point:
    """Usage of one hour or local day. In is from the subscriber (up), out to it (down)."""

    start: datetime
    end: datetime
    octets_in: int
    octets_out: int
    flags: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.octets_in + self.octets_out


@dataclass(frozen=True, slots=True)
class Series:
    """A service's usage in a window, oldest first. `newest`: the last measurement, None if none."""

    service_id: str
    step: Step
    points: tuple[Point, ...]
    octets_in: int
    octets_out: int
    newest: datetime | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Usage of an identity in hours when no service held it."""

    identity: str
    octets_in: int
    octets_out: int
    first: datetime
    last: datetime


def current_period(account_id: str, sees: Access, isp: Isp, now: datetime) -> Period:
    """The account's running period."""
    raise NotImplementedError


def of_account(
    account_id: str, sees: Access, window: Span, step: Step, isp: Isp, now: datetime
) -> tuple[Series, ...]:
    """The series of every service of an account. The window is widened to whole hours."""
    raise NotImplementedError


def unbilled(window: Span, isp: Isp, limit: int = 100) -> tuple[Unclaimed, ...]:
    """What no assignment claims in a window."""
    raise NotImplementedError

"""Usage that goes into an allowance, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from billing.core.allowance.state import State
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.period import Period, Span, next_grid_hour, rfc3339
from billing.core.rating import Line

# What pays when no bucket does: charged, at reduced speed, or used although it should have stopped.
OVERAGE, SLOW, STOPPED = "overage", "slow", "stopped"


class PartOutside(BillingError):
    """Usage of other hours does not burn the buckets of this term."""

    def __init__(self, start: datetime, end: datetime, term: "Term") -> None:
        super().__init__(
            f"usage of {rfc3339(start)} to {rfc3339(end)} lies outside of"
            f" {rfc3339(term.start)} to {rfc3339(term.end)}"
        )
        self.start, self.end, self.term = start, end, term


class PartCrossesEdge(BillingError):
    """Within a part nothing may change in what can pay."""

    def __init__(self, start: datetime, end: datetime, edge: datetime) -> None:
        super().__init__(
            f"usage of {rfc3339(start)} to {rfc3339(end)} crosses {rfc3339(edge)}, where other"
            " buckets can pay: read it between the instants that edges() lists"
        )
        self.start, self.end, self.edge = start, end, edge


class NegativeUsage(BillingError):
    """Usage is never negative: a correction is a smaller cumulative counter."""

    def __init__(self, start: datetime, service_id: str) -> None:
        super().__init__(f"usage of {service_id or 'the service'} at {rfc3339(start)} is negative")
        self.start, self.service_id = start, service_id


class NotPooled(BillingError):
    """An allowance that is not pooled serves one service."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(
            f"usage of {one!r} and {other!r} in one allowance that is not pooled: simulate each"
            " service by itself, or set pooled"
        )
        self.one, self.other = one, other


class Part(NamedTuple):
    """What a service used in some grid hours, in base units: in = upload, out = download.

    Seconds and events have no direction: `Part.of`.
    """

    start: datetime
    end: datetime
    octets_in: int
    octets_out: int
    service_id: str = ""

    @classmethod
    def of(cls, start: datetime, end: datetime, quantity: int, service_id: str = "") -> "Part":
        """Seconds, events, or octets that all came down."""
        return cls(start, end, 0, quantity, service_id)


@dataclass(frozen=True, slots=True)
class Term:
    """The time of one set of grants: a bill's period, or the span of a pass."""

    start: datetime
    end: datetime
    zone: str

    @property
    def hours(self) -> tuple[datetime, datetime]:
        """The grid hours [first, last) whose usage counts: from the next hour on, at both ends."""
        return _grid_hours(self.start, self.end, self.zone)


class Paid(NamedTuple):
    """Who paid how much of a part, in base units. A part that several paid gives several."""

    start: datetime
    end: datetime
    service_id: str
    bucket: str  # a bucket's code; "overage", "slow" or "stopped" when none was left
    quantity: int
    policy: str = ""  # the speed it ran at; "": full speed


class Bought(NamedTuple):
    """One automatic top-up."""

    bucket: str
    at: datetime  # start of the part in which all was burnt
    quantity: int  # base units
    price: Money
    number: int  # counted from 1 in its term


class Alert(NamedTuple):
    """A point that was reached, in the part that starts at `at`."""

    kind: Literal["percent", "block"]
    number: int  # which percent or block of the tariff, counted from 1
    quantity: int  # base units of the bucket and of what followed it
    at: datetime


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a term's usage did to an allowance. Quantities are base units."""

    paid: tuple[Paid, ...]
    used: Mapping[str, int]  # by bucket, and "overage", "slow", "stopped"
    granted: Mapping[str, int]  # by bucket: granted, renewed and bought in this term
    lost: Mapping[str, int]  # by bucket: expired, above a rollover's cap, or past its grace
    overage: Line | None  # with "charge": rated once, on all of it
    courtesy: Money | None  # what of the overage is forgiven: shown as a credit of its own
    bought: tuple[Bought, ...]
    alerts: tuple[Alert, ...]
    policy: str  # the speed at which the next octet runs
    closing: State

    @property
    def quantity(self) -> int:
        """All usage of the term, whoever paid."""
        return sum(self.used.values())


def term_of(period: Period | Term | Span, zone: str = "") -> Term:
    """A period of a bill, or the closed span of a pass in a grid zone, as a term."""
    if isinstance(period, Term):
        return period
    if isinstance(period, Period):
        return _term_of_days(period)
    return _term_of_span(period, zone)


@lru_cache(maxsize=256)
def _term_of_days(period: Period) -> Term:
    return _term_of_span(period.span, period.zone)


def _term_of_span(span: Span, zone: str) -> Term:
    if span.end is None:
        raise ValueError("a span that still runs is no term: give it an end")
    return Term(span.start.astimezone(UTC), span.end.astimezone(UTC), zone)


@lru_cache(maxsize=1024)
def _grid_hours(start: datetime, end: datetime, zone: str) -> tuple[datetime, datetime]:
    return next_grid_hour(start, zone), next_grid_hour(end, zone)

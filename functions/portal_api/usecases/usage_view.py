"""Usage as people look at it: by hour or day, with its age; and what nobody claims."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billing.config import Isp
from billing.core.period import (
    Period,
    Span,
    grid_hour,
    local_day,
    next_grid_hour,
    period_containing,
)
from billing.core.usage import Used
from billing.store import accounts, assignments, usage
from billing.store.access import Access
from functions.portal_api.problem import InvalidField

Step = Literal["hour", "day"]
DAYS_MAX = {"hour": 32, "day": 400}


@dataclass(frozen=True, slots=True)
class Series:
    """A service's usage in a window, oldest first. In is from the subscriber (up), out to it.

    newest  the last measurement that counts, None if nothing was measured: how old this is
    """

    service_id: str
    step: Step
    points: tuple[Used, ...]
    octets_in: int
    octets_out: int
    newest: datetime | None
    flags: tuple[str, ...]


def current_period(account_id: str, sees: Access, isp: Isp, now: datetime) -> Period:
    """The account's running period."""
    account = accounts.load_account(account_id, sees)
    return period_containing(local_day(now, isp.isp.zone), account.cycle_anchor, isp.isp.zone)


def of_account(
    account_id: str, sees: Access, window: Span, step: Step, isp: Isp
) -> tuple[Series, ...]:
    """The series of every service of an account that ever held an identity, by service id.

    The window is widened to whole grid hours.
    """
    accounts.load_account(account_id, sees)
    span = whole_hours(window, isp)
    if span.end is None or (span.end - span.start).days > DAYS_MAX[step]:
        raise InvalidField(
            "query/until", f"by {step} at most {DAYS_MAX[step]} days can be asked for at a time"
        )
    claims = assignments.assignments_of(account_id)
    settings = usage.settings_of(isp)
    return tuple(
        _series(
            service_id,
            step,
            usage.series([c for c in claims if c.service_id == service_id], span, settings),
        )
        for service_id in sorted({claim.service_id for claim in claims})
    )


def unbilled(window: Span, isp: Isp) -> tuple[usage.Unbilled, ...]:
    """What no assignment claims in a window, most octets first."""
    span = whole_hours(window, isp)
    return tuple(usage.list_unbilled(span, assignments.who_has_each, usage.settings_of(isp)))


def whole_hours(window: Span, isp: Isp) -> Span:
    """The window on the usage grid: from the hour it begins in to the end of its last hour."""
    zone = isp.usage.grid_zone
    end = None if window.end is None else next_grid_hour(window.end, zone)
    if end is not None and end <= window.start:
        raise InvalidField("query/until", "it must lie after `from`")
    return Span(grid_hour(window.start, zone), end)


def _series(service_id: str, step: Step, found: usage.Series) -> Series:
    points = found.hours if step == "hour" else found.days
    return Series(
        service_id,
        step,
        points,
        sum(point.octets_in for point in points),
        sum(point.octets_out for point in points),
        found.newest,
        tuple(sorted({flag for point in points for flag in point.flags})),
    )

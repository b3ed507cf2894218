"""Usage as the pages draw it: day by day, with its age."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from billing.config import Isp
from billing.core.period import Span
from billing.store.access import Access
from functions.portal_api.pages import views
from functions.portal_api.usecases import usage_view
from functions.portal_api.usecases.usage_view import Series

UNREMARKABLE = {"reset"}  # a router that restarts tells no end: nothing is lost by it
OLD_AFTER = timedelta(minutes=30)  # routers tell every few minutes; longer silence is worth a mark


def of_running_period(account_id: str, sees: Access, isp: Isp, now: datetime) -> tuple[Series, ...]:
    """The daily series of an account's services since its running period began."""
    period = usage_view.current_period(account_id, sees, isp, now)
    span = Span(period.span.start, min(now, period.span.end or now))
    return usage_view.of_account(account_id, sees, span, "day", isp)


def chart(
    found: tuple[Series, ...],
    isp: Isp,
    now: datetime,
    meters: Sequence[Mapping[str, Any]] = (),
    hours_href: str = "",
) -> dict[str, Any]:
    """Several series as one chart, and meters: what the template usage_fragment.html shows."""
    newest = max((one.newest for one in found if one.newest), default=None)
    columns = [views.chart_days(one.points, isp.isp.zone) for one in found]
    days = [
        {
            "label": same[0]["label"],
            **{way: sum(part[way] for part in same) for way in ("down", "up", "total")},
        }
        for same in zip(*columns, strict=True)
    ]
    return {
        "days": days,
        "meters": meters,
        "hours_href": hours_href,
        "total": sum(one.octets_in + one.octets_out for one in found),
        "newest": newest,
        "stale": newest is None or now - newest > OLD_AFTER,
        "flags": views.marks({flag for one in found for flag in one.flags} - UNREMARKABLE),
    }

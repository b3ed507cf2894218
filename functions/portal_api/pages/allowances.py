"""Allowances: what is left of each bucket, and hour by hour which one paid."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.period import local_time
from billing.store.access import EVERY_ACCOUNT, Access
from billing.store.customers import Customer
from functions.portal_api.pages.answers import html
from functions.portal_api.pages.render import day
from functions.portal_api.usecases import customers
from functions.portal_api.usecases.subscriptions import meters
from functions.portal_api.usecases.subscriptions.meters import Meter

CHART_DAYS = 7
COLOURS = 6  # of app.css


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get("/console/customers/<account_id>/allowances", include_in_schema=False)
    def of_customer(account_id: str) -> Response:
        found = customers.customer(account_id, EVERY_ACCOUNT)
        return html(
            "console/allowances.html",
            app,
            section="Customers",
            account_id=account_id,
            name=found.subject.name,
            meters=detailed(found, EVERY_ACCOUNT, isp, app.context["now"]),
        )


def detailed(found: Customer, sees: Access, isp: Isp, now: datetime) -> list[dict[str, Any]]:
    """Each allowance with its levels, and the hours of the last days with who paid in them."""
    known = meters.of_customer(found, sees, isp, now)
    services = {one.id: one.name for one in found.services}
    return [levels(one, services) | _hours(one, isp.isp.zone, now, services) for one in known]


def summary(found: Customer, isp: Isp, now: datetime) -> list[dict[str, Any]]:
    """What is left of each allowance of a customer whom the caller may see."""
    sees, services = Access(frozenset({found.account.id})), {s.id: s.name for s in found.services}
    return [levels(one, services) for one in meters.of_customer(found, sees, isp, now)]


def levels(one: Meter, services: dict[str, str]) -> dict[str, Any]:
    """What is left of each bucket, as the meters on pages show it."""
    return {
        "subscription_id": one.subscription_id,
        "name": one.name,
        "service": services.get(one.service_id, one.service_id),
        "levels": [
            {
                "name": level.name,
                "used": level.used,
                "left": level.left,
                "size": None if level.left is None else level.used + level.left,
            }
            for level in one.levels
        ],
        "beyond": one.beyond,
        "policy": one.policy,
    }


def _hours(one: Meter, zone: str, now: datetime, services: dict[str, str]) -> dict[str, Any]:
    codes = list(dict.fromkeys(paid.bucket for paid in one.hours))
    colours = {code: place % COLOURS for place, code in enumerate(codes)}
    first = now - timedelta(days=CHART_DAYS)
    columns: dict[datetime, dict[str, int]] = {}
    for paid in one.hours:
        if paid.start >= first:
            column = columns.setdefault(paid.start, {})
            column[paid.bucket] = column.get(paid.bucket, 0) + paid.quantity
    return {
        "keys": [(colours[code], one.names.get(code, code)) for code in codes],
        "hours": [
            {
                "label": _hour(start, zone),
                "parts": [(colours[code], one.names.get(code, code), octets)
                          for code, octets in parts.items()],
                "total": sum(parts.values()),
            }
            for start, parts in _every_hour(columns)
        ],
        "rows": [
            {
                "label": _hour(paid.start, zone),
                "service": services.get(paid.service_id, ""),
                "bucket": one.names.get(paid.bucket, paid.bucket),
                "octets": paid.quantity,
                "policy": paid.policy,
            }
            for paid in reversed(one.hours)
        ],
        "pooled": len({paid.service_id for paid in one.hours}) > 1,
    }  # fmt: skip


def _every_hour(
    columns: dict[datetime, dict[str, int]],
) -> Iterable[tuple[datetime, dict[str, int]]]:
    """Hours without usage stand as gaps between those with some."""
    if not columns:
        return
    at, last = min(columns), max(columns)
    while at <= last:
        yield at, columns.get(at, {})
        at += timedelta(hours=1)


def _hour(start: datetime, zone: str) -> str:
    local = local_time(start, zone)
    return f"{day(local.date())}, {local:%H:%M}"

"""The console's first page: what waits for someone, four figures, what happened lately."""

from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import load_isp
from billing.core.money import Money
from billing.core.period import Span, local_day
from billing.store import timeline
from functions.portal_api.pages import views
from functions.portal_api.pages.answers import html, see_other
from functions.portal_api.pages.render import ago, day, money
from functions.portal_api.usecases import bill_runs, bills, suspended, usage_view

EVENTS_SHOWN = 12
OVERDUE_SHOWN = 5


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get("/", include_in_schema=False)
    def home() -> Response:
        return see_other("/console")

    @app.get("/console", include_in_schema=False)
    def today() -> Response:
        now: datetime = app.context["now"]
        day_now = local_day(now, isp.isp.zone)
        runs = bill_runs.list_runs().items
        late = bills.overdue(day_now)
        records = suspended.list_suspended()
        unbilled = usage_view.unbilled(Span(now - timedelta(days=7), now), isp)
        late_sum = Money.total((item.open for item in late), isp.isp.currency)
        last = next((row for row in runs if row.review and row.review.totals), None)
        newest = max((one.newest for one in suspended.list_collectors()), default=None)
        return html(
            "console/today.html",
            app,
            section="Today",
            tiles=[
                _tile("Overdue", money(late_sum), views.count(len(late), "bill")),
                _tile(
                    "Last run",
                    money(last.review.totals[0].total) if last and last.review else "–",
                    views.period_label(last.run.period) if last else "none yet",
                ),
                _tile("In suspense", str(len(records)), "usage records to correct"),
                _tile(
                    "Last usage record",
                    ago(newest, now) if newest else "–",
                    "from any collector",
                ),
            ],
            work=_work(runs, late, records, unbilled),
            events=[
                views.event(event) for event in timeline.list_isp_events(limit=EVENTS_SHOWN).items
            ],
        )


def _tile(name: str, figure: str, note: str) -> dict[str, str]:
    return {"name": name, "figure": figure, "note": note}


def _work(runs: Any, late: Any, records: Any, unbilled: Any) -> list[dict[str, str]]:
    work = [
        {
            "href": f"/console/bill-runs/{row.run.id}",
            "title": f"Bill run {views.period_label(row.run.period)}",
            "note": _waiting(row.review.drafts if row.review else 0),
            "state": row.run.state,
        }
        for row in runs
        if row.run.state == "review"
    ]
    work += [
        {
            "href": f"/console/bill-runs/{row.run.id}",
            "title": (
                f"{views.count(row.review.parked, 'account')} parked"
                f" in {views.period_label(row.run.period)}"
            ),
            "note": "Not billed until what is missing is there",
            "state": "parked",
        }
        for row in runs
        if row.review and row.review.parked
    ]
    work += [
        {
            "href": f"/console/customers/{item.account_id}",
            "title": f"{bill_runs.name_of(item.account_id)} is overdue",
            "note": f"{money(item.open)} of {item.number} since {day(item.due_on)}",
            "state": "overdue",
        }
        for item in late[:OVERDUE_SHOWN]
    ]
    if records:
        note = "Correct them and send them through again"
        work.append(
            _suspense_item(f"{views.count(len(records), 'usage record')} in suspense", note)
        )
    if unbilled:
        note = "Give each identity to a service, and its usage is billed"
        work.append(
            _suspense_item(
                f"{views.count(len(unbilled), 'identity', 'identities')} that nobody claims", note
            )
        )
    return work


def _suspense_item(title: str, note: str) -> dict[str, str]:
    return {"href": "/console/suspense", "title": title, "note": note, "state": "open"}


def _waiting(bills: int) -> str:
    return f"{views.count(bills, 'bill')} {'waits' if bills == 1 else 'wait'} for review"

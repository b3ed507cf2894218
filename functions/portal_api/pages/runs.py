"""Bill runs on the console: prepare, review, mend, approve, follow."""

from datetime import date, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.invoicing import Difference
from billing.core.money import Money
from billing.store.run_rows import Review, Run
from functions.portal_api.operation import Operation
from functions.portal_api.pages import views
from functions.portal_api.pages.answers import done_or, form, html, whole_number
from functions.portal_api.pages.links import read_cursor, write_cursor
from functions.portal_api.pages.render import money, who
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases import bill_runs, run_bills
from functions.portal_api.usecases.bill_runs import RunRow, RunView
from functions.portal_api.usecases.run_bills import RunBill

BUSY = {
    "preparing": "The bills are being prepared.",
    "approved": "The bills are being issued.",
}

STUCK_AFTER = timedelta(minutes=20)  # a cycle of many thousands takes minutes


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get("/console/bill-runs", include_in_schema=False)
    def listed() -> Response:
        return _show_list(app, isp)

    @app.post("/console/bill-runs", include_in_schema=False)
    def start() -> Response:
        fields = form(app)

        def do(op: Operation) -> Run:
            anchor, first_day = _chosen(fields.get("period", ""))
            return bill_runs.start(op, anchor, first_day, isp)

        return done_or(
            app,
            fields,
            do,
            lambda run: f"/console/bill-runs/{run.id}?done=prepared",
            lambda words: _show_list(app, isp, words),
        )

    @app.get("/console/bill-runs/<run_id>", include_in_schema=False)
    def one(run_id: str) -> Response:
        return _show(app, run_id)

    @app.get("/console/bill-runs/<run_id>/drafts/<account_id>", include_in_schema=False)
    def draft(run_id: str, account_id: str) -> Response:
        found = run_bills.draft(run_id, account_id)
        invoice = views.document(found, f"/console/customers/{account_id}#usage") | {
            "state": "draft",
            "pdf_href": "",
            "pay_href": "",
            "facts": [("Period", views.period_label(found.period)), ("Run", run_id)],
        }
        return html("console/invoice.html", app, section="Bill runs", invoice=invoice)

    @app.post("/console/bill-runs/<run_id>/approve", include_in_schema=False)
    def approve(run_id: str) -> Response:
        fields = form(app)
        revision = whole_number(fields, "revision")
        return done_or(
            app,
            fields,
            lambda op: bill_runs.approve(op, run_id, revision, fields.get("digest", "")),
            lambda _: f"/console/bill-runs/{run_id}?done=approved",
            lambda words: _show(app, run_id, words),
        )

    @app.post("/console/bill-runs/<run_id>/prepare", include_in_schema=False)
    def again(run_id: str) -> Response:
        return done_or(
            app,
            form(app),
            lambda op: bill_runs.prepare_again(op, run_id, "mended in review"),
            lambda _: f"/console/bill-runs/{run_id}?done=prepared",
            lambda words: _show(app, run_id, words),
        )

    @app.post("/console/bill-runs/<run_id>/issue", include_in_schema=False)
    def go_on(run_id: str) -> Response:
        return done_or(
            app,
            form(app),
            lambda op: bill_runs.issue_again(op, run_id),
            lambda _: f"/console/bill-runs/{run_id}?done=goes-on",
            lambda words: _show(app, run_id, words),
        )

    @app.post("/console/bill-runs/<run_id>/supplementary", include_in_schema=False)
    def supplementary(run_id: str) -> Response:
        return done_or(
            app,
            form(app),
            lambda op: bill_runs.supplementary(op, run_id),
            lambda run: f"/console/bill-runs/{run.id}?done=prepared",
            lambda words: _show(app, run_id, words),
        )


def _chosen(text: str) -> tuple[int, date]:
    """The cycle a form names: "1:2026-10-01" is the period from then of anchor 1."""
    anchor, _, first_day = text.partition(":")
    try:
        return int(anchor), date.fromisoformat(first_day)
    except ValueError:
        raise InvalidField("#/period", "choose one of the closed periods") from None


def _show_list(app: APIGatewayHttpResolver, isp: Isp, problem: str = "") -> Response:
    cursor = app.current_event.query_string_parameters.get("cursor")
    found = bill_runs.list_runs(cursor=read_cursor(app, cursor))
    periods = bill_runs.closed_periods(isp, app.context["now"])
    return html(
        "console/runs.html",
        app,
        409 if problem else 200,
        problem,
        section="Bill runs",
        runs=[_row(row) for row in found.items],
        periods=[
            {
                "value": f"{anchor}:{period.start.isoformat()}",
                "label": f"{views.period_label(period)} (billed on day {anchor})",
            }
            for anchor, period in periods
        ],
        next_href=write_cursor(app, "/console/bill-runs", found.cursor),
    )


def _row(row: RunRow) -> dict[str, Any]:
    run, review = row.run, row.review
    return {
        "id": run.id,
        "label": _label(row.run),
        "state": run.state,
        "revision": run.revision,
        "digest": run.digest,
        "approved_by": who(run.approved_by) if run.approved_by else "",
        "bills": review.drafts if review else 0,
        "parked": review.parked if review else 0,
        "total": _total(review),
    }


def _label(run: Run) -> str:
    label = views.period_label(run.period)
    return f"{label}, supplement" if run.supplement_of else label


def _total(review: Review | None) -> Money | None:
    return review.totals[0].total if review and review.totals else None


def _show(app: APIGatewayHttpResolver, run_id: str, problem: str = "") -> Response:
    seen = bill_runs.view(run_id)
    run = seen.run
    # A busy page asks again every two seconds: the bills stand there when the work is done.
    bills = [] if run.state in BUSY else _bills(seen)
    shown = _row(RunRow(run, seen.review)) | {
        "busy": BUSY.get(run.state, ""),
        "outdated": run.outdated,
        "stuck": run.state == "preparing" and app.context["now"] - run.opened_at > STUCK_AFTER,
        "supplementary_possible": run.state == "closed" and bool(seen.parked),
    }
    return html(
        "console/run.html",
        app,
        409 if problem else 200,
        problem,
        section="Bill runs",
        run=shown,
        tiles=_tiles(seen.review),
        parked=[
            {
                "account_id": one.account_id,
                "name": views.names_of(seen.names, one.account_id),
                "reason": one.text,
            }
            for one in seen.parked
        ],
        diff=[_difference(one, seen) for one in seen.differences],
        diff_more=_more(seen),
        bills=bills,
    )


def _tiles(review: Review | None) -> list[dict[str, Any]]:
    if review is None:
        return []
    changes = ", ".join(f"{count} {kind}" for kind, count in sorted(review.differences.items()))
    tiles = [
        {"name": "Bills", "figure": review.drafts, "note": changes or "all as in the last cycle"},
        {"name": "Parked", "figure": review.parked, "note": "not billed until mended"},
    ]
    for one in review.totals:
        note = f"net {money(one.net)}, tax {money(one.tax)}"
        tiles.append({"name": f"Total {one.currency}", "figure": money(one.total), "note": note})
    return tiles


def _difference(one: Difference, seen: RunView) -> dict[str, Any]:
    return {
        "account_id": one.account_id,
        "name": views.names_of(seen.names, one.account_id),
        "kind": one.kind,
        "before": one.before,
        "now": one.after,
        "cause": views.delta_words(one.causes),
    }


def _more(seen: RunView) -> str:
    if seen.review is None:
        return ""
    all_of_them = sum(seen.review.differences.values())
    left = all_of_them - len(seen.differences)
    return f"{left} more differ; the API lists them all." if left > 0 else ""


def _bills(seen: RunView) -> list[RunBill]:
    bills = run_bills.bills_of(seen.run)
    return sorted(bills, key=lambda bill: (bill.number, bill.name))

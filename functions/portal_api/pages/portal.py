"""The portal: what a subscriber sees on a phone, and the page behind a pay link."""

from datetime import date, datetime
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from markupsafe import Markup

from billing.config import Isp, load_isp
from billing.core.catalog import OCTETS, Graduated, Package, UsagePrice
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.period import local_day
from billing.store.access import Access
from billing.store.customers import Customer
from functions.portal_api.pages import allowances, entry, plan_words, views
from functions.portal_api.pages import usage as used
from functions.portal_api.pages.answers import html, pdf, sentence
from functions.portal_api.pages.render import page
from functions.portal_api.principal import Principal
from functions.portal_api.problem import NotFound, status_of
from functions.portal_api.usecases import bills, customers, usage_view
from functions.portal_api.usecases.bills import Bill
from functions.portal_api.usecases.usage_view import Series

# Why a bill differs from the last one, in the customer's words.
CHANGES = {
    "plan": "Another plan",
    "proration": "Parts of a month",
    "usage": "Usage",
    "discount": "Discount",
    "tax": "Tax",
    "other": "Other charges",
}
SERVER_AT_FAULT = 500
PAY_LATER = "Paying is not possible at the moment. Nothing was charged: please try again later."
BILLS_SHOWN = 60  # five years of months


def register(app: APIGatewayHttpResolver) -> None:
    """Add the portal's pages to the customers' application."""
    isp = load_isp()
    entry.register(app, "Your account", by_email=True)

    @app.get("/", include_in_schema=False)
    def home() -> Response:
        now, who = _asked(app)
        own = customers.own_customers(who.accounts)
        balance = Money.total((one.balance for one in own), isp.isp.currency)
        return html(
            "portal/home.html",
            app,
            section="Home",
            name=own[0].subject.name if own else who.name,
            balance=balance,
            due=_due(own, who.sees, local_day(now, isp.isp.zone)),
            services=[line for one in own for line in _lines(one, who.sees, isp, now)],
        )

    @app.get("/bills", include_in_schema=False)
    def listed() -> Response:
        now, who = _asked(app)
        day_now = local_day(now, isp.isp.zone)
        found = [
            bill
            for account_id in who.accounts
            for bill in bills.list_bills(
                account_id, who.sees, today=day_now, limit=BILLS_SHOWN
            ).items
        ]
        newest = sorted(found, key=lambda bill: bill.invoice.issued_on, reverse=True)
        rows = [views.bill_row(bill) for bill in newest]
        return html("portal/bills.html", app, section="Bills", bills=rows)

    @app.get("/bills/<invoice_id>", include_in_schema=False)
    def one(invoice_id: str) -> Response:
        now, who = _asked(app)
        day_now = local_day(now, isp.isp.zone)
        bill = bills.bill(invoice_id, who.sees, day_now)
        shown = _shown(bill, day_now, "/usage") | {"changes": _changes(bill)}
        return html("portal/bill.html", app, section="Bills", invoice=shown)

    @app.get("/bills/<invoice_id>/pdf", include_in_schema=False)
    def paper(invoice_id: str) -> Response:
        now, who = _asked(app)
        bill = bills.bill(invoice_id, who.sees, local_day(now, isp.isp.zone))
        return pdf(bill.invoice.number, bills.pdf(bill))

    @app.get("/usage", include_in_schema=False)
    def usage() -> Response:
        now, who = _asked(app)
        services = [
            {"id": service.id, "name": service.name, "fragment": _fragment(one, series, isp, now)}
            for one in customers.own_customers(who.accounts)
            for series in _series(one, who.sees, isp, now)
            for service in one.services
            if service.id == series.service_id
        ]
        return html("portal/usage.html", app, section="Usage", services=services)

    @app.get("/usage/<service_id>", include_in_schema=False)
    def fragment(service_id: str) -> Response:
        now, who = _asked(app)
        for one in customers.own_customers(who.accounts):
            for series in _series(one, who.sees, isp, now):
                if series.service_id == service_id:
                    context = _chart(one, series, isp, now)
                    return html("usage_fragment.html", app, **context)
        raise NotFound("service", service_id)

    @app.get("/allowances", include_in_schema=False)
    def hours() -> Response:
        now, who = _asked(app)
        own = customers.own_customers(who.accounts)
        known = [meter for one in own for meter in allowances.detailed(one, who.sees, isp, now)]
        return html("portal/allowances.html", app, section="Usage", meters=known)

    @app.get("/paid/<token>", include_in_schema=False)
    def paid(token: str) -> Response:
        bill = bills.bill_of_token(token, local_day(app.context["now"], isp.isp.zone))
        settled = bill.open.minor <= 0
        return html(
            "portal/paid.html",
            app,
            waiting=not settled,
            heading="Paid. Thank you!" if settled else "Thank you",
            sentence=f"Bill {bill.invoice.number} is settled."
            if settled
            else "Your payment is on its way to us. This page renews itself when it arrives.",
            self_href=f"/paid/{token}",
            back_href=f"/pay/{token}",
        )


def pay_page(
    app: APIGatewayHttpResolver, token: str, refusal: BillingError | None = None
) -> Response:
    """The page behind a pay link: the bill and a button. Opening it changes nothing."""
    day_now = local_day(app.context["now"], load_isp().isp.zone)
    bill = bills.bill_of_token(token, day_now)
    return html(
        "portal/pay.html",
        app,
        problem=_plain(refusal) if refusal else "",
        invoice=_shown(bill, day_now),
        action=f"/pay/{token}",
    )


def _plain(refusal: BillingError) -> str:
    """Why paying cannot begin: what is ours or the processor's to mend is not the payer's news."""
    theirs = status_of(refusal) < SERVER_AT_FAULT
    return sentence(refusal) if theirs else PAY_LATER


def _asked(app: APIGatewayHttpResolver) -> tuple[datetime, Principal]:
    return app.context["now"], app.context["principal"]


def _shown(bill: Bill, day_now: date, usage_href: str = "") -> dict[str, Any]:
    return views.document(bill.invoice, usage_href) | {
        "state": bill.state,
        "open": bill.open,
        "sentence": views.due_sentence(bill.open, bill.invoice.due_on, day_now),
        "pay_href": bill.pay_path,
        "pdf_href": f"/bills/{bill.id}/pdf",
        "changes": [],
    }


def _due(own: tuple[Customer, ...], sees: Access, day_now: date) -> dict[str, Any] | None:
    """The oldest bill that is open."""
    items = sorted((item for one in own for item in one.open_items), key=lambda item: item.due_on)
    if not items:
        return None
    first = items[0]
    return {
        "open": first.open,
        "sentence": views.due_sentence(first.open, first.due_on, day_now),
        "pay_href": bills.bill(first.invoice_id, sees, day_now).pay_path,
    }


def _series(one: Customer, sees: Access, isp: Isp, now: datetime) -> tuple[Series, ...]:
    return used.of_running_period(one.account.id, sees, isp, now)


def _lines(one: Customer, sees: Access, isp: Isp, now: datetime) -> list[dict[str, Any]]:
    """Each running service with what it used since its period began."""
    period = usage_view.current_period(one.account.id, sees, isp, now)
    found = {series.service_id: series for series in _series(one, sees, isp, now)}
    lines: list[dict[str, Any]] = []
    for subscription in one.subscriptions:
        price = subscription.price_at(now)
        if subscription.parent_id:
            continue
        service = next((s for s in one.services if s.id == subscription.service_id), None)
        if price is None or service is None:
            continue
        series = found.get(service.id)
        lines.append(
            {
                "plan": plan_words.title(subscription, now),
                "facts": plan_words.facts(subscription, now, isp.isp.zone),
                "address": ", ".join(service.site.lines()) if service.site else "",
                "used": series.octets_in + series.octets_out if series else 0,
                "included": _included(price.usage),
                "since": period.start,
                "newest": series.newest if series else None,
            }
        )
    return lines


def _included(prices: tuple[UsagePrice, ...]) -> int:
    """Octets that cost nothing, where down and up count alike; 0: there is no such limit."""
    for price in prices:
        if price.direction != "both" or price.unit not in OCTETS:
            continue
        if isinstance(price.model, Package):
            return int(price.model.included * OCTETS[price.unit])
        if not isinstance(price.model, Graduated):
            continue
        first = price.model.tiers[0]
        if first.up_to is not None and not first.per_unit and not first.flat:
            return int(first.up_to * OCTETS[price.unit])
    return 0


def _chart(one: Customer, series: Series, isp: Isp, now: datetime) -> dict[str, Any]:
    """The chart of a service, with what is left of the allowances that its plan has."""
    ours = {s.id for s in one.subscriptions if s.service_id == series.service_id}
    left = [each for each in allowances.summary(one, isp, now) if each["subscription_id"] in ours]
    return used.chart((series,), isp, now, left, "/allowances")


def _fragment(one: Customer, series: Series, isp: Isp, now: datetime) -> Markup:
    context = _chart(one, series, isp, now)
    return Markup(page("usage_fragment.html", now=now, **context))  # noqa: S704 - rendered


def _changes(bill: Bill) -> list[str]:
    difference = bills.difference_from_last(bill)
    if difference is None or difference.kind != "changed":
        return []
    return [
        f"{CHANGES.get(cause.name, cause.name)}: {views.signed(cause.delta)}"
        for cause in difference.causes
    ]

"""What several pages show of the same things, made ready for their templates."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from billing.adapters import words
from billing.core.charging import Charge, PriceOf, together
from billing.core.explaining import explain
from billing.core.invoicing import Draft, Invoice
from billing.core.money import Money
from billing.core.period import Period, local_day
from billing.core.tax import percent_text
from billing.core.usage import Used
from billing.store.timeline import Event
from functions.portal_api.pages.render import day, money
from functions.portal_api.usecases.bills import Bill


def chart_days(points: Iterable[Used], zone: str) -> list[dict[str, Any]]:
    """Usage per local day: down is to the subscriber, up is from him."""
    return [
        {
            "label": f"{local_day(point.start, zone):%-d %b}",
            "down": point.octets_out,
            "up": point.octets_in,
            "total": point.octets_out + point.octets_in,
        }
        for point in points
    ]


# Facts that are long or for computing again; the JSON explanation has them.
FOR_PROGRAMS = {"rule", "parts", "opening", "closing", "counted", "calls", "purchases", "services"}


def line(
    charge: Charge,
    price_of: PriceOf,
    usage_href: str = "",
    names: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """A line with its explanation: the steps for people, and what they rest on.

    usage_href  the page on which what was counted can be looked up
    names       of services and plans, by id
    """
    first, end = charge.span
    last = end - timedelta(days=1)
    why = explain(charge, price_of)
    return {
        "description": charge.description,
        "explanation": why.steps,
        "rule": why.rule,
        "price_ref": why.price_ref if why.price is not None else None,
        "price": None if why.price is None else _written(why.price),
        "inputs": [
            (name, _written(value))
            for name, value in why.inputs.items()
            if name not in FOR_PROGRAMS
        ],
        "evidence": [_named(text, names) for text in why.evidence],
        "usage_href": usage_href if charge.kind == "usage" else "",
        "gross": charge.gross,
        "when": day(first) if last <= first else f"{day(first)} – {day(last)}",
        "quantity": words.quantity(charge.quantity, charge.unit, "en"),
        "amount": charge.amount,
    }


def document(draft: Draft, usage_href: str = "") -> dict[str, Any]:
    """The lines, taxes and totals of a draft or an invoice."""
    names = {one["offering_id"]: one["name"] for one in draft.price_versions}
    names |= draft.buyer.get("services", {})
    return {
        "lines": [line(one, draft.price_of, usage_href, names) for one in draft.lines],
        "net": draft.net,
        "taxes": [
            {
                "label": f"VAT {percent_text(item.percent)} % of {money(item.base)}",
                "amount": item.amount,
            }
            for item in draft.taxes
        ],
        "total": draft.total,
        "account_id": draft.account_id,
        "buyer_name": draft.buyer["name"],
        "seller_name": draft.seller["name"],
        "number": draft.number if isinstance(draft, Invoice) else "",
        "counted": [
            {
                "start": one.start,
                "end": one.end,
                "down": one.octets_out,
                "up": one.octets_in,
                "flags": marks(one.flags),
            }
            for one in together(draft.counted)
        ],
    }


def _written(value: Any) -> str:
    """A value of the facts or of a price, as it is stored."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _named(text: str, names: Mapping[str, str]) -> str:
    for id, name in names.items():
        text = text.replace(id, name)
    return text


# What the marks of counted usage mean, for people.
MARKS: Mapping[str, str] = {
    "baseline": "began before we counted: what was used until then is not billed",
    "gap": "some reports of the router are missing: what was used counts where it next shows",
    "regress": "a counter of the router fell back: it counts again above its largest value",
    "reset": "a session began before the end of the last one was told",
}


def marks(flags: Iterable[str]) -> list[str]:
    return [MARKS.get(flag, flag) for flag in sorted(flags)]


def bill_row(bill: Bill) -> dict[str, Any]:
    return {
        "id": bill.id,
        "number": bill.invoice.number,
        "issued_on": bill.invoice.issued_on,
        "due_on": bill.invoice.due_on,
        "state": bill.state,
        "total": bill.invoice.total,
    }


def due_sentence(open: Money, due_on: date, today: date) -> str:
    """When an amount is due, or since when it is late."""
    if open.minor <= 0:
        return "Nothing is open."
    late = (today - due_on).days
    if late > 0:
        return f"It was due on {day(due_on)}, {late} day{'s' if late > 1 else ''} ago."
    return f"Due on {day(due_on)}."


def period_label(period: Period) -> str:
    """A whole calendar month by its name, any other period by its days."""
    if period.start.day == 1 and period.end.day == 1:
        return f"{period.start:%B %Y}"
    return f"{day(period.start)} – {day(period.end - timedelta(days=1))}"


def span_label(start: datetime, end: datetime | None, zone: str) -> str:
    since = f"since {day(local_day(start, zone))}"
    return since if end is None else f"{since} until {day(local_day(end, zone))}"


def delta_words(causes: Iterable[Any]) -> str:
    """The causes of a difference in words: "usage +€4.20, plan −€2.00"."""
    return ", ".join(f"{cause.name} {signed(cause.delta)}" for cause in causes)


def signed(amount: Money) -> str:
    """A difference: what is more has a plus."""
    return f"{'+' if amount.minor > 0 else ''}{money(amount)}"


def event(event: Event) -> dict[str, Any]:
    """A line of a timeline, with a link to what it speaks of where there is a page for it."""
    return {
        "at": event.at,
        "text": event.text,
        "actor": event.actor,
        "href": _page_of(event.object),
    }


def count(number: int, name: str, plural: str = "") -> str:
    """1 bill, 2 bills."""
    return f"{number} {name if number == 1 else plural or name + 's'}"


def names_of(names: Mapping[str, str], account_id: str) -> str:
    return names.get(account_id, account_id)


def _page_of(object_id: str) -> str:
    kind, _, rest = object_id.partition("_")
    place = {"inv": "invoices", "run": "bill-runs"}.get(kind, "")
    return f"/console/{place}/{object_id}" if place and rest else ""

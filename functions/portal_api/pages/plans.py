"""One subscription, and what may be done to it: first what it will cost, then the deed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from billing.config import Isp, load_isp
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.period import local_day, local_midnight, local_time, rfc3339
from billing.core.subscription import Subscription
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import Customer
from functions.portal_api.operation import Operation
from functions.portal_api.pages import plan_words, views
from functions.portal_api.pages.answers import (
    done_or,
    form,
    html,
    instant_field,
    refused,
    whole_number,
)
from functions.portal_api.pages.customers import show
from functions.portal_api.pages.render import day as spoken
from functions.portal_api.problem import InvalidField, NotFound
from functions.portal_api.usecases import catalogue, customers
from functions.portal_api.usecases.subscriptions import changes, deeds
from functions.portal_api.usecases.subscriptions.deeds import Decide, Preview
from functions.portal_api.usecases.subscriptions.held import PERIOD_END, instant_of

PLAN = "/console/customers/<account_id>/plans/<subscription_id>"
END = "end"  # the choice beside the offerings
QUANTITY_DIGITS_MAX = 4


@dataclass(frozen=True, slots=True)
class Deed:
    """What a form asks for: how it is decided, and how a page says it."""

    decide: Decide
    at: datetime
    heading: str
    button: str
    fields: Mapping[str, str]  # that ask for it again


Read = Callable[[Customer, Mapping[str, str], datetime], Deed]


def register(app: APIGatewayHttpResolver) -> None:
    isp = load_isp()

    @app.get("/console/customers/<account_id>/subscriptions/<subscription_id>",
             include_in_schema=False)  # fmt: skip
    def one(account_id: str, subscription_id: str) -> Response:
        return show_one(app, isp, account_id, subscription_id)

    @app.get(PLAN, include_in_schema=False)
    def preview(account_id: str, subscription_id: str) -> Response:
        return _preview(app, isp, account_id, subscription_id, "", _deed)

    @app.post(PLAN, include_in_schema=False)
    def change(account_id: str, subscription_id: str) -> Response:
        return _do(app, isp, account_id, subscription_id, _deed)

    @app.get(f"{PLAN}/price", include_in_schema=False)
    def preview_price(account_id: str, subscription_id: str) -> Response:
        return _preview(app, isp, account_id, subscription_id, "/price", _override)

    @app.post(f"{PLAN}/price", include_in_schema=False)
    def override(account_id: str, subscription_id: str) -> Response:
        return _do(app, isp, account_id, subscription_id, _override)


def _preview(
    app: APIGatewayHttpResolver,
    isp: Isp,
    account_id: str,
    subscription_id: str,
    place: str,
    read: Read,
) -> Response:
    asked = app.current_event.query_string_parameters
    now: datetime = app.context["now"]
    try:
        found = customers.customer(account_id, EVERY_ACCOUNT)
        deed = read(found, asked, _moment(asked, found, now, isp))
        seen = deeds.preview(account_id, subscription_id, deed.decide, EVERY_ACCOUNT, now, isp)
    except BillingError as refusal:
        return refused(refusal, lambda words: show(app, isp, account_id, words))
    zone = isp.isp.zone
    return html(
        "console/change.html",
        app,
        section="Customers",
        account_id=account_id,
        name=found.subject.name,
        heading=deed.heading,
        button=deed.button,
        sentence=_sentence(deed, seen, zone),
        others=[plan_words.title(one, seen.at) for one in seen.others],
        lines=[views.line(one, seen.price_of) for one in seen.lines],
        total=seen.total,
        action=f"/console/customers/{account_id}/plans/{subscription_id}{place}",
        fields=[
            *deed.fields.items(),
            ("at", rfc3339(deed.at)),
            ("version", str(seen.subscription.version)),
        ],
    )


def _do(
    app: APIGatewayHttpResolver, isp: Isp, account_id: str, subscription_id: str, read: Read
) -> Response:
    fields = form(app)
    at, version = instant_field(fields, "at"), whole_number(fields, "version")
    place = f"/console/customers/{account_id}"
    deed = read(customers.customer(account_id, EVERY_ACCOUNT), fields, at)
    done = "ended" if fields.get("offering") == END else "changed"

    def do(op: Operation) -> Subscription:
        return deeds.do(op, account_id, subscription_id, version, deed.decide, isp)

    return done_or(
        app,
        fields,
        do,
        lambda _: f"{place}?done={done}",
        lambda words: show(app, isp, account_id, words),
    )


def _deed(found: Customer, asked: Mapping[str, str], at: datetime) -> Deed:
    """What is asked for: `do` names it; without one another plan, or the end."""
    do, offering = asked.get("do", ""), asked.get("offering", "")
    match do:
        case "quantity":
            text = asked.get("quantity", "")
            if not (text.isascii() and text.isdecimal() and len(text) <= QUANTITY_DIGITS_MAX):
                raise InvalidField("query/quantity", "a whole number is needed")
            fields = {"do": do, "quantity": text}
            return Deed(changes.quantity(int(text), at), at, f"Hold it {int(text)} ×",
                        "Set the quantity", fields)  # fmt: skip
        case "pause":
            return Deed(changes.pause(at), at, "Pause", "Pause it", {"do": do})
        case "resume":
            return Deed(changes.resume(at), at, "Resume", "Let it run again", {"do": do})
        case "withdraw":
            heading = "Take back what is scheduled"
            return Deed(changes.withdraw(), at, heading, "Take it back", {"do": do})
        case "buy":
            code = asked.get("code", "")
            heading = f"Buy {_name_for_sale(found, code)}"
            return Deed(changes.buy(code, at), at, heading, "Buy it", {"do": do, "code": code})
        case _ if offering == END:
            return Deed(changes.end(at), at, "End the subscription", "End it", {"offering": END})
        case _:
            heading = f"Change to {catalogue.offering(offering).name}"
            fields = {"offering": offering}
            return Deed(changes.plan(offering, at), at, heading, "Change the plan", fields)


def _override(found: Customer, asked: Mapping[str, str], at: datetime) -> Deed:
    code, text, reason = (asked.get(name, "") for name in ("code", "amount", "reason"))
    if not reason:
        raise InvalidField("query/reason", "say why: it stands on the timeline")
    amount = Money.parse(text, found.account.currency) if text else None
    fields = {"code": code, "amount": text, "reason": reason}
    decide = changes.override(code, amount, at, reason)
    heading = f"Another price: {text} {found.account.currency}" if text else "The list's price"
    return Deed(decide, at, heading, "Set the price", fields)


def _name_for_sale(found: Customer, code: str) -> str:
    names = (changes.for_sale(one.current.price).get(code) for one in found.subscriptions)
    return next((name for name in names if name), code)


def _sentence(deed: Deed, seen: Preview, zone: str) -> str:
    on = spoken(local_day(seen.at, zone))
    if "do" in deed.fields and deed.fields["do"] == "buy":
        return f"Valid from {on}, {local_time(seen.at, zone):%H:%M}."
    if deed.fields.get("offering") == END:
        return f"On {on}; that day is not charged any more."
    if "offering" in deed.fields:
        return (
            f"From {on}. That day is charged at the new price;"
            f" usage counts under it from {local_time(seen.usage_from, zone):%H:%M} on."
        )
    return f"From {on}."


def _moment(asked: Mapping[str, str], found: Customer, now: datetime, isp: Isp) -> datetime:
    """When it takes effect: now, at the period's end, or on a day; today is now, too."""
    when, zone = asked.get("when", ""), isp.isp.zone
    if when == PERIOD_END:
        return instant_of(when, found.account, now, isp)
    if when == "now" or ("day" not in asked and asked.get("do") in ("buy", "withdraw")):
        return now
    try:
        wanted = date.fromisoformat(asked.get("day", ""))
    except ValueError:
        raise InvalidField("query/day", "a day is written as 2026-10-31") from None
    return now if wanted == local_day(now, zone) else local_midnight(wanted, zone)


def show_one(
    app: APIGatewayHttpResolver, isp: Isp, account_id: str, subscription_id: str
) -> Response:
    """The page of one subscription: its terms, its timeline, what may be done."""
    zone, now = isp.isp.zone, app.context["now"]
    found = customers.customer(account_id, EVERY_ACCOUNT)
    one = next((s for s in found.subscriptions if s.id == subscription_id), None)
    if one is None:
        raise NotFound("subscription", subscription_id)
    held = one.at(now) or one.current
    names = {service.id: service.name for service in found.services}
    parents = {s.id: s for s in found.subscriptions}
    parent = parents.get(one.parent_id)
    return html(
        "console/subscription.html",
        app,
        section="Customers",
        account_id=account_id,
        name=found.subject.name,
        plan={
            "id": one.id,
            "title": plan_words.title(one, now),
            "service": names.get(one.service_id, one.service_id),
            "service_id": one.service_id,
            "facts": plan_words.facts(one, now, zone),
            "timeline": plan_words.timeline(one, zone),
            "purchases": plan_words.purchases(one),
            "members": [names.get(id, id) for id in held.members],
            "parent": None if parent is None else (parent.id, plan_words.title(parent, now)),
            "is_part": parent is not None
            and held.price.offering_id in {c.offering_id for c in parent.current.price.children},
            "parts": [
                (s.id, plan_words.title(s, now), plan_words.facts(s, now, zone))
                for s in found.subscriptions
                if s.parent_id == one.id
            ],
            "quantity": held.quantity,
            "paused": one.current.paused,
            "open": one.ended is None,
            "scheduled": any(s.span.start > now for s in one.segments)
            or (one.ended is not None and one.ended > now),
            "for_sale": list(changes.for_sale(one.price_at(now)).items()),
            "prices": [
                (p.code, p.name)
                for p in (*one.current.price.recurring, *one.current.price.one_time)
            ],
        },
        offerings=catalogue.offerings(),
        currency=found.account.currency,
        today=local_day(now, zone).isoformat(),
    )

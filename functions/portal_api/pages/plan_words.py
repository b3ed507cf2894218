"""A subscription in people's words: what it is, until when, and what comes."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from billing.core.charging.contracts import contract_end
from billing.core.charging.discounts import discount_end
from billing.core.money import Money
from billing.core.period import DAY, MONTHLY, Cycle, local_day
from billing.core.subscription import Segment, Subscription
from functions.portal_api.pages.render import day, instant, money
from functions.portal_api.usecases.subscriptions.changes import for_sale


def facts(one: Subscription, now: datetime, zone: str) -> list[str]:
    """What a customer should know of a plan, in short sentences."""
    held = one.at(now) or one.current
    return [
        *_state(one, held, now, zone),
        *_discounts(one, now, zone),
        *_contract(one, now, zone),
        *_own_prices(held),
        *_coming(one, now, zone),
    ]


def title(one: Subscription, now: datetime) -> str:
    """The plan's name, with how many of it: "Static address, 2 ×"."""
    held = one.at(now) or one.current
    return f"{held.price.name}, {held.quantity} ×" if held.quantity > 1 else held.price.name


def purchases(one: Subscription) -> list[str]:
    """What was bought, the latest first."""
    return [
        f"{for_sale(one.price_at(bought.at)).get(bought.code, bought.code)}, {instant(bought.at)}"
        for bought in reversed(one.purchases)
    ]


def timeline(one: Subscription, zone: str) -> list[str]:
    """Each piece of the timeline, oldest first."""
    return [_piece(segment, zone) for segment in one.segments]


def for_plan(
    subscriptions: Iterable[Subscription], names: dict[str, str], now: datetime, zone: str
) -> list[dict[str, Any]]:
    """The plans of a customer that have not ended, each with its parts and add-ons."""
    known = [one for one in subscriptions if one.ended is None or one.ended > now]
    return [
        {
            "id": one.id,
            "title": title(one, now),
            "facts": facts(one, now, zone),
            "members": [names.get(id, id) for id in (one.at(now) or one.current).members],
            "parts": [
                {"id": part.id, "title": title(part, now), "facts": facts(part, now, zone)}
                for part in known
                if part.parent_id == one.id
            ],
            "purchases": purchases(one),
        }
        for one in known
        if not one.parent_id
    ]


def _state(one: Subscription, held: Segment, now: datetime, zone: str) -> Iterator[str]:
    if one.started > now:
        yield f"begins on {_day(one.started, zone)}"
    elif held.paused:
        yield f"paused since {_day(held.span.start, zone)}"


def _discounts(one: Subscription, now: datetime, zone: str) -> Iterator[str]:
    today = local_day(now, zone)
    for granted in one.discounts:
        until = discount_end(granted, Cycle(MONTHLY, granted.since))
        if until is None:
            yield f"{granted.discount.name}, without end"
        elif until > today:
            yield f"{granted.discount.name} until {day(until - DAY)}"


def _contract(one: Subscription, now: datetime, zone: str) -> Iterator[str]:
    if one.contract is not None and contract_end(one.contract) > local_day(now, zone):
        yield f"contract until {day(contract_end(one.contract) - DAY)}"


def _own_prices(held: Segment) -> Iterator[str]:
    names = {price.code: price.name for price in (*held.price.recurring, *held.price.one_time)}
    for code, minor in held.overrides:
        amount = Money.rounded(minor, held.price.currency)
        yield f"{names.get(code, code)} at a price of its own, {money(amount)}"


def _coming(one: Subscription, now: datetime, zone: str) -> Iterator[str]:
    before = one.at(now)
    for held in one.segments:
        if before is not None and held.span.start > now:
            yield f"{_difference(before, held)} from {_day(held.span.start, zone)}"
            before = held
    if one.ended is not None and one.ended > now:
        yield f"ends on {_day(one.ended, zone)}"


def _difference(before: Segment, after: Segment) -> str:
    if before.price.offering_id != after.price.offering_id:
        return f"changes to {after.price.name}"
    if before.price.version != after.price.version:
        return "new prices"
    if before.paused != after.paused:
        return "paused" if after.paused else "resumes"
    if before.quantity != after.quantity:
        return f"{after.quantity} ×"
    return "other terms"


def _piece(segment: Segment, zone: str) -> str:
    since = f"since {_day(segment.span.start, zone)}"
    end = segment.span.end
    when = since if end is None else f"{since} until {_day(end, zone)}"
    many = f", {segment.quantity} ×" if segment.quantity > 1 else ""
    paused = ", paused," if segment.paused else ""
    return f"{segment.price.name}{many}{paused} {when}"


def _day(at: datetime, zone: str) -> str:
    return day(local_day(at, zone))

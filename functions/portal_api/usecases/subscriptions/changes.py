"""What happens to a subscription that runs: one function for each operation, all decided alike.

Each answers with a decision for `deeds.preview` and `deeds.do`. A bundle goes with its parts: what
ends, pauses or resumes it does so to them, and to add-ons; another plan brings its own parts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from billing.core import subscription as core
from billing.core.catalog import Allowance, PriceVersion
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.period import local_day, rfc3339
from billing.core.subscription import Purchase, Subscription
from functions.portal_api.usecases.subscriptions.begin import begin_parts
from functions.portal_api.usecases.subscriptions.deeds import Decide, Deed
from functions.portal_api.usecases.subscriptions.held import NOW, Held, Moment

PURCHASED = "subscription.purchased"


class PlanHeldAlready(BillingError):
    """A change to the price that is held changes nothing."""

    def __init__(self, subscription: Subscription) -> None:
        name = subscription.current.price.name
        super().__init__(f"{subscription.id} is on {name} already: choose another plan")
        self.subscription_id = subscription.id


class NothingChanges(BillingError):
    """The operation would leave the subscription as it is."""

    def __init__(self, subscription: Subscription, what: str) -> None:
        super().__init__(f"{subscription.id} {what} already, so nothing would change")
        self.subscription_id = subscription.id


class PartOfBundle(BillingError):
    """What begins and ends with a bundle is changed by changing the bundle."""

    def __init__(self, part: Subscription, bundle: Subscription) -> None:
        super().__init__(
            f"{part.current.price.name} is a part of {bundle.current.price.name}"
            f" ({bundle.id}): change that one, and its parts follow"
        )
        self.part_id, self.bundle_id = part.id, bundle.id


class PartsBegin(BillingError):
    """A change to a bundle is not withdrawn: its parts have been begun."""

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(
            f"the scheduled change of {subscription.id} begins or ends parts of a bundle:"
            " change back to the plan before instead of withdrawing it"
        )
        self.subscription_id = subscription.id


def plan(offering_id: str, moment: Moment) -> Decide:
    """Another plan from an instant on; the parts of the old one end, those of the new one begin."""

    def decide(held: Held) -> Deed:
        now, at = held.subscription, held.instant(moment)
        _refuse_part(held)
        price = held.price(offering_id, at)
        after = core.change_plan(now, price, at, zone=held.zone)
        if after == now:
            raise PlanHeldAlready(now)
        text = f"Plan changes from {now.current.price.name} to {price.name} at {rfc3339(at)}"
        parts = _parts_changed(held, after, at)
        return Deed((after, *parts), at, "subscription.changed", text)

    return decide


def quantity(wanted: int, moment: Moment) -> Decide:
    """So many of it from an instant on, and of each part of a bundle as many as that has."""

    def decide(held: Held) -> Deed:
        now, at = held.subscription, held.instant(moment)
        _refuse_part(held)
        after = _other(now, core.set_quantity(now, wanted, at), f"has the quantity {wanted}")
        each = {child.offering_id: child.quantity for child in now.current.price.children}
        parts = [
            core.set_quantity(part, each[part.current.price.offering_id] * wanted, at)
            for part in _parts_of(now.current.price, _open(held.children))
        ]
        text = f"{now.current.price.name}: quantity {wanted} from {rfc3339(at)}"
        return Deed((after, *parts), at, "subscription.quantity-changed", text)

    return decide


def override(code: str, amount: Money | None, moment: Moment, reason: str) -> Decide:
    """Another amount for a fixed price, of this subscription alone; the reason is on the timeline.

    None: the price of the list again.
    """

    def decide(held: Held) -> Deed:
        now, at = held.subscription, held.instant(moment)
        after = _other(now, core.override(now, code, amount, at), "has this price")
        plan = now.current.price
        name = next(p.name for p in (*plan.recurring, *plan.one_time) if p.code == code)
        what = f"costs {amount}" if amount is not None else "costs what the list says"
        text = f"{plan.name}: {name} {what} from {rfc3339(at)}. {reason}"
        return Deed((after,), at, "subscription.price-overridden", text, {"reason": reason})

    return decide


def pause(moment: Moment) -> Decide:
    """Charged at the prices of a pause from an instant on, with its parts and add-ons."""
    return _together(moment, core.pause, "subscription.paused", "is paused from", "is paused")


def resume(moment: Moment) -> Decide:
    """Charged in full again from an instant on, with its parts and add-ons."""
    return _together(moment, core.resume, "subscription.resumed", "resumes at", "runs")


def withdraw() -> Decide:
    """Take back what is scheduled and has not begun: a change, a pause, an end."""

    def decide(held: Held) -> Deed:
        now = held.subscription
        _refuse_part(held)
        ended = now.ended
        scheduled = [one.span.start for one in now.segments if one.span.start > held.now]
        scheduled += [ended] if ended is not None and ended > held.now else []
        after = _other(now, core.withdraw(now, held.now), "has nothing scheduled")
        after = _without_what_came_with_it(now, after, held)
        since = min(scheduled)
        if ended is None and after.current.price.ref != now.current.price.ref:
            _refuse_parts_begun(held, after)
        parts = [core.withdraw(one, held.now) for one in held.children if one.ended in scheduled]
        text = f"What was to happen to {after.current.price.name} at {rfc3339(since)} is withdrawn"
        return Deed((after, *parts), since, "subscription.change-withdrawn", text)

    return decide


def end(moment: Moment) -> Decide:
    """The end of it, and of its parts and add-ons."""

    def decide(held: Held) -> Deed:
        now, at = held.subscription, held.instant(moment)
        _refuse_part(held)
        if now.ended == at:
            raise core.AlreadyEnded(now.id, at)
        after, children = core.end_bundle(now, _open(held.children), at)
        text = f"{after.current.price.name} ends at {rfc3339(at)}"
        return Deed((after, *children), at, "subscription.ended", text)

    return decide


def buy(code: str, moment: Moment = NOW) -> Decide:
    """A pass or a top-up, valid from the instant on; it is on the next bill."""

    def decide(held: Held) -> Deed:
        now, at = held.subscription, held.instant(moment)
        bought = Purchase(held.new_id("pur"), code, at)
        after = core.buy(now, bought)
        name = for_sale(now.price_at(at))[code]
        text = f"{name} was bought, valid from {rfc3339(at)}"
        return Deed((after,), at, PURCHASED, text, {"purchase": bought.id})

    return decide


def for_sale(price: PriceVersion | None) -> dict[str, str]:
    """The names of what can be bought at an instant, by code: passes, and buckets with a price."""
    if price is None:
        return {}
    allowances = [one.model for one in price.usage if isinstance(one.model, Allowance)]
    buckets = [bucket for one in allowances for bucket in one.buckets if bucket.price is not None]
    return {one.code: one.name for one in (*price.passes, *buckets)}


def _together(
    moment: Moment,
    operation: Callable[[Subscription, datetime], Subscription],
    kind: str,
    verb: str,
    is_so: str,
) -> Decide:
    """An operation on a subscription, and on all that hangs from it and runs."""

    def decide(held: Held) -> Deed:
        now, at = held.subscription, held.instant(moment)
        _refuse_part(held)
        after = _other(now, operation(now, at), is_so)
        changed = [(one, operation(one, at)) for one in _open(held.children)]
        parts = [new for old, new in changed if new != old]
        text = f"{now.current.price.name} {verb} {rfc3339(at)}"
        return Deed((after, *parts), at, kind, text)

    return decide


def _other(before: Subscription, after: Subscription, what: str) -> Subscription:
    if after == before:
        raise NothingChanges(before, what)
    return after


def _without_what_came_with_it(
    before: Subscription, after: Subscription, held: Held
) -> Subscription:
    """Discounts and the contract as they were before the plan changes that are withdrawn.

    What a change gave bears its day, and what it took ends on that day.
    """
    stays = after.current.price
    changes = [
        (local_day(one.span.start, held.zone), one.price)
        for one in before.segments
        if one.span.start > held.now and one.price.ref != stays.ref
    ]
    days = {day for day, _ in changes}
    given = {(day, one.code) for day, price in changes for one in price.discounts}
    discounts = tuple(
        replace(one, until=None) if one.until in days else one
        for one in after.discounts
        if (one.since, one.discount.code) not in given
    )
    bound = after.contract
    if bound is not None and bound.signed_on in days and stays.contract is None:
        bound = None
    return replace(after, discounts=discounts, contract=bound)


def _open(children: tuple[Subscription, ...]) -> list[Subscription]:
    return [one for one in children if one.ended is None]


def _refuse_part(held: Held) -> None:
    """A part of a bundle follows it; an add-on changes by itself."""
    one = held.subscription
    for bundle in held.customer.subscriptions:
        if bundle.id == one.parent_id and one in _parts_of(bundle.current.price, (one,)):
            raise PartOfBundle(one, bundle)


def _parts_of(bundle: PriceVersion, subscriptions: Sequence[Subscription]) -> list[Subscription]:
    offerings = {child.offering_id for child in bundle.children}
    return [one for one in subscriptions if one.current.price.offering_id in offerings]


def _refuse_parts_begun(held: Held, after: Subscription) -> None:
    left = held.subscription.current.price
    if left.children or after.current.price.children:
        raise PartsBegin(after)


def _parts_changed(held: Held, after: Subscription, at: datetime) -> Iterator[Subscription]:
    """Parts of the plan before that end, and those of the plan after that begin."""
    wanted = {child.offering_id for child in after.current.price.children}
    kept: set[str] = set()
    for part in _parts_of(held.subscription.current.price, _open(held.children)):
        offering_id = part.current.price.offering_id
        if offering_id in wanted:
            kept.add(offering_id)
        else:
            yield core.end(part, at)
    yield from begin_parts(after, at, held.isp, held.new_id, without=kept)

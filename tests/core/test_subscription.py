import pytest

from billing.core.money import CurrencyMismatch
from billing.core.subscription import (
    AlreadyEnded,
    EndInThePast,
    PlanChangeInThePast,
    change_plan,
    end,
    subscription_from,
    to_dict,
)
from tests.core.makers import at, on, plan

BASIC, FAST = plan("Basic", "30.00"), plan("Fast", "60.00")
SINCE = at("2026-04-01 09:00")
NOON = at("2026-04-11 12:00")


def test_a_plan_change_closes_the_running_segment_and_opens_the_next_at_the_same_instant():
    changed = change_plan(on(BASIC, SINCE), FAST, NOON)
    assert [segment.price.name for segment in changed.segments] == ["Basic", "Fast"]
    assert changed.segments[0].span.end == changed.segments[1].span.start == NOON
    assert changed.price_at(NOON) == FAST
    assert changed.price_at(at("2026-04-11 11:59")) == BASIC


def test_an_operation_repeated_returns_the_same_subscription():
    changed = change_plan(on(BASIC, SINCE), FAST, NOON)
    assert change_plan(changed, FAST, NOON) is changed
    ended = end(changed, at("2026-05-01 00:00"))
    assert end(ended, at("2026-05-01 00:00")) is ended


def test_a_plan_does_not_change_before_its_price_began():
    with pytest.raises(PlanChangeInThePast, match="choose a later instant"):
        change_plan(on(BASIC, SINCE), FAST, at("2026-03-31 12:00"))


def test_a_change_at_the_instant_at_which_a_price_began_takes_its_place():
    changed = change_plan(on(BASIC, SINCE), FAST, SINCE)
    assert [(held.price, held.span.start) for held in changed.segments] == [(FAST, SINCE)]


def test_there_and_back_at_one_instant_leaves_the_subscription_as_it_was():
    basic = on(BASIC, SINCE)
    assert change_plan(change_plan(basic, FAST, NOON), BASIC, NOON) == basic


def test_an_end_at_the_instant_of_a_scheduled_change_leaves_the_plan_that_was_held():
    ended = end(change_plan(on(BASIC, SINCE), FAST, NOON), NOON)
    assert ended == end(on(BASIC, SINCE), NOON)
    assert end(ended, NOON) is ended


def test_a_subscription_does_not_end_before_its_price_began():
    with pytest.raises(EndInThePast, match="choose a later instant"):
        end(on(BASIC, SINCE), SINCE)


def test_nothing_changes_after_the_end():
    ended = end(on(BASIC, SINCE), NOON)
    with pytest.raises(AlreadyEnded, match="start a new subscription"):
        change_plan(ended, FAST, at("2026-05-01 00:00"))
    with pytest.raises(AlreadyEnded, match="start a new subscription"):
        end(ended, at("2026-05-01 00:00"))
    assert ended.price_at(NOON) is None


def test_a_plan_of_another_currency_is_refused():
    with pytest.raises(CurrencyMismatch):
        change_plan(on(BASIC, SINCE), plan("Abroad", "30.00", currency="USD"), NOON)


def test_a_subscription_survives_being_stored():
    subscription = end(change_plan(on(BASIC, SINCE), FAST, NOON), at("2026-05-01 00:00"))
    prices = {price.ref: price for price in (BASIC, FAST)}
    assert subscription_from(to_dict(subscription), lambda *ref: prices[ref]) == subscription

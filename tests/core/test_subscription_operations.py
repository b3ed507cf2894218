"""What one does to a subscription over time, and that doing it twice is doing it once."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.catalog import Child, ContractTerms, Discount, TerminationFee
from billing.core.money import CurrencyMismatch
from billing.core.subscription import (
    AlreadyEnded,
    BadQuantity,
    ChangeInThePast,
    ChildrenDiffer,
    Contract,
    Granted,
    NothingToRaise,
    NotRunning,
    NotSold,
    Purchase,
    PurchaseConflict,
    buy,
    change_plan,
    effective,
    end,
    end_bundle,
    grant,
    override,
    pause,
    pause_bundle,
    resume,
    resume_bundle,
    rise,
    risen,
    set_members,
    set_quantity,
    start,
    start_bundle,
    subscription_from,
    to_dict,
    withdraw,
)
from tests.core.makers import DUBLIN, at, eur, month, on, plan, usd

BASIC, FAST = plan("Basic", "30.00"), plan("Fast", "60.00")
PASS = {"model": "pass", "code": "pass", "amount": "5", "validity": "30 days"}
SINCE, NOON = at("2026-04-01 09:00"), at("2026-04-11 12:00")
TERMS = ContractTerms(
    12, 14, TerminationFee("per completed month", Fraction(18000), Fraction(1500))
)
PROMO = Discount("promo", "Promotion", "percent", Fraction(50), periods=3)
COUPON = Discount("friend", "Friend", "amount", Fraction(500), coupon="FRIEND")
HOME = on(BASIC, SINCE)


def lengths(subscription):
    return [(held.paused, held.quantity) for held in subscription.segments]


@pytest.mark.parametrize(
    ("when", "instant"),
    [
        ("now", NOON),
        ("period end", at("2026-05-01 00:00")),
        (date(2026, 4, 20), at("2026-04-20 00:00")),
    ],
)
def test_now_a_day_and_the_end_of_the_period_are_instants(when, instant):
    assert effective(when, NOON, month("2026-04")) == instant


def test_a_start_takes_on_what_its_version_promises():
    version = replace(BASIC, contract=TERMS, discounts=(PROMO, COUPON))
    late = at("2026-04-01 00:30")  # in Dublin; in UTC it is still March
    plain = start("s", "a", "v", version, late, zone=DUBLIN)
    assert plain.contract == Contract(TERMS, date(2026, 4, 1))
    assert plain.discounts == (Granted(PROMO, date(2026, 4, 1)),)
    friend = start(
        "s", "a", "v", version, late, zone=DUBLIN, coupons=["FRIEND"], signed_on=date(2026, 3, 20)
    )
    assert friend.contract == Contract(TERMS, date(2026, 3, 20))
    assert [one.discount.code for one in friend.discounts] == ["promo", "friend"]


def test_a_pause_and_its_end_are_segments_of_the_same_plan():
    paused = pause(HOME, NOON)
    resumed = resume(paused, at("2026-04-21 12:00"))
    assert lengths(resumed) == [(False, 1), (True, 1), (False, 1)]
    assert {held.price for held in resumed.segments} == {BASIC}
    assert resume(HOME, NOON) is HOME


def test_what_is_undone_at_the_same_instant_was_never_done():
    assert resume(pause(HOME, NOON), NOON) == HOME
    assert set_quantity(set_quantity(HOME, 3, NOON), 1, NOON) == HOME


OPERATIONS = {
    "pause": lambda s: pause(s, NOON),
    "quantity": lambda s: set_quantity(s, 3, NOON),
    "members": lambda s: set_members(s, ["svc_2"], NOON),
    "override": lambda s: override(s, "access", eur("24.00"), NOON),
    "grant": lambda s: grant(s, PROMO, date(2026, 4, 11)),
    "rise": lambda s: rise(s, risen(BASIC, by_percent=5, valid_from=date(2026, 4, 11)), NOON),
}


@pytest.mark.parametrize("operation", [*OPERATIONS.values(), lambda s: end(s, NOON)])
def test_the_same_operation_again_returns_the_same_subscription(operation):
    done = operation(HOME)
    assert done != HOME
    assert operation(done) is done


@given(st.permutations(["pause", "quantity", "members", "override", "grant"]))
def test_operations_at_one_instant_commute(order):
    one = HOME
    for name in order:
        one = OPERATIONS[name](one)
    other = HOME
    for name in sorted(order):
        other = OPERATIONS[name](other)
    assert one == other
    assert len(one.segments) == 2


def test_nothing_is_changed_in_the_past_or_after_the_end():
    changed = change_plan(HOME, FAST, NOON)
    with pytest.raises(ChangeInThePast, match="withdraw what is scheduled"):
        pause(changed, SINCE)
    with pytest.raises(AlreadyEnded, match="start a new subscription"):
        set_quantity(end(HOME, NOON), 2, NOON)
    with pytest.raises(BadQuantity, match="end the subscription"):
        set_quantity(HOME, 0, NOON)
    with pytest.raises(CurrencyMismatch):
        override(HOME, "access", usd("1.00"), NOON)
    with pytest.raises(NotSold, match="it has access"):
        override(HOME, "router", eur("1.00"), NOON)


def test_a_scheduled_change_is_withdrawn_and_a_begun_one_is_not():
    scheduled = end(change_plan(HOME, FAST, NOON), at("2026-05-01 00:00"))
    assert withdraw(scheduled, at("2026-04-10 00:00")) == HOME
    assert withdraw(scheduled, NOON) == change_plan(HOME, FAST, NOON)
    assert withdraw(scheduled, at("2026-05-01 00:00")) is scheduled
    assert withdraw(HOME, NOON) is HOME


def test_a_plan_change_is_no_termination_and_keeps_the_contract_or_renews_it():
    bound = start("s", "a", "v", replace(BASIC, contract=TERMS), SINCE, zone=DUBLIN)
    new = replace(FAST, contract=replace(TERMS, months=24))
    assert change_plan(bound, new, NOON).contract == bound.contract
    assert change_plan(bound, FAST, NOON, contract="renewed", zone=DUBLIN).contract == Contract(
        TERMS, date(2026, 4, 11)
    )
    renewed = change_plan(bound, new, NOON, contract="renewed", zone=DUBLIN)
    assert renewed.contract == Contract(new.contract, date(2026, 4, 11))
    assert change_plan(HOME, new, NOON).contract == Contract(new.contract, date(2026, 4, 11))


def test_with_the_plan_its_discounts_and_agreed_prices_end_and_what_was_granted_stays():
    home = start("s", "a", "v", replace(BASIC, discounts=(PROMO,)), SINCE, zone=DUBLIN)
    home = grant(home, replace(COUPON, coupon=""), date(2026, 4, 1))
    home = override(set_quantity(home, 2, SINCE), "access", eur("24.00"), SINCE)
    changed = change_plan(home, FAST, NOON)
    assert changed.discounts == (
        Granted(PROMO, date(2026, 4, 1), until=date(2026, 4, 11)),
        Granted(replace(COUPON, coupon=""), date(2026, 4, 1)),
    )
    assert (changed.current.quantity, changed.current.overrides) == (2, ())


def test_a_promotion_goes_on_after_there_and_back_within_a_day():
    home = start("s", "a", "v", replace(BASIC, discounts=(PROMO,)), SINCE, zone=DUBLIN)
    away = change_plan(home, FAST, NOON)
    back = change_plan(away, home.current.price, NOON + timedelta(hours=1))
    assert back.discounts == home.discounts


def test_a_promotion_that_ended_with_its_plan_does_not_begin_again_with_it():
    endless = replace(PROMO, code="loyal", periods=None)
    home = start("s", "a", "v", replace(BASIC, discounts=(PROMO, endless)), SINCE, zone=DUBLIN)
    away = change_plan(home, FAST, NOON)
    back = change_plan(away, home.current.price, NOON + timedelta(days=1))
    ended = [replace(one, until=date(2026, 4, 11)) for one in home.discounts]
    assert back.discounts == (*ended, Granted(endless, date(2026, 4, 12)))


def test_what_is_bought_is_on_sale_when_it_is_bought():
    home = on(plan("Prepaid", "30.00", PASS), SINCE)
    first, second = Purchase("p1", "pass", NOON), Purchase("p2", "pass", SINCE)
    bought = buy(buy(home, first), second)
    assert [one.id for one in bought.purchases] == ["p2", "p1"]  # by their instants
    assert buy(bought, first) is bought
    with pytest.raises(PurchaseConflict, match="use a new id"):
        buy(bought, Purchase("p1", "pass", SINCE))
    with pytest.raises(NotSold, match="it has pass"):
        buy(home, Purchase("p3", "access", NOON))
    with pytest.raises(NotRunning, match="choose an instant at which it does"):
        buy(home, Purchase("p3", "pass", at("2026-03-01 00:00")))


BUNDLE = replace(plan("Bundle", "50.00"), children=(Child("tv"), Child("phone", quantity=2)))
PARTS = [("s.tv", plan("TV", "10.00")), ("s.phone", plan("Phone", "5.00"))]


def test_the_parts_of_a_bundle_begin_pause_and_end_with_it():
    bundle = start_bundle("s", "a", "v", BUNDLE, SINCE, parts=PARTS)
    assert [(part.id, part.parent_id, part.current.quantity) for part in bundle[1]] == [
        ("s.tv", "s", 1),
        ("s.phone", "s", 2),
    ]
    paused = pause_bundle(*bundle, NOON)
    assert all(part.current.paused for part in (paused[0], *paused[1]))
    resumed = resume_bundle(*paused, at("2026-04-21 12:00"))
    tv, phone = resumed[1]
    ended = end_bundle(resumed[0], [end(tv, at("2026-04-25 00:00")), phone], at("2026-05-01 00:00"))
    assert [part.ended for part in (ended[0], *ended[1])] == [
        at("2026-05-01 00:00"),
        at("2026-04-25 00:00"),
        at("2026-05-01 00:00"),
    ]
    assert end_bundle(*ended, at("2026-05-01 00:00")) == ended


def test_a_bundle_begins_with_all_its_parts_or_not():
    with pytest.raises(ChildrenDiffer, match="one price and one id for each part"):
        start_bundle("s", "a", "v", BUNDLE, SINCE, parts=PARTS[:1])


def test_a_rise_is_the_next_version_with_higher_fixed_amounts():
    router = {"model": "flat", "code": "router", "amount": "5.00"}
    old = plan("Line", "32.99", router)
    by_percent = risen(old, by_percent="3.9", codes=["access"], valid_from=date(2025, 3, 31))
    assert [price.amount for price in by_percent.recurring] == [Fraction("3427.661"), 500]
    assert (by_percent.version, by_percent.valid_from) == (2, date(2025, 3, 31))
    by_amount = risen(old, by_amount=eur("3.00"), valid_from=date(2025, 3, 31))
    assert [price.amount for price in by_amount.recurring] == [3599, 800]


def test_a_rise_that_raises_nothing_is_refused():
    for problem in (
        {},
        {"by_percent": 1, "by_amount": eur("1.00")},
        {"by_percent": 1, "codes": ["other"]},
        {"by_amount": eur("-31.00")},
    ):
        with pytest.raises(NothingToRaise):
            risen(BASIC, valid_from=date(2026, 1, 1), **problem)


def test_a_rise_moves_its_cohort_and_nobody_else():
    new = risen(BASIC, by_amount=eur("3.00"), valid_from=date(2026, 4, 11))
    held = override(set_quantity(HOME, 2, SINCE), "access", eur("24.00"), SINCE)
    raised = rise(held, new, NOON)
    assert [one.price.version for one in raised.segments] == [1, 2]
    assert raised.segments[1].quantity == 2
    assert raised.segments[1].overrides == held.current.overrides
    for untouched in (on(FAST, SINCE), on(new, SINCE), end(HOME, at("2026-04-05 00:00"))):
        assert rise(untouched, new, NOON) is untouched
    leaving = change_plan(HOME, FAST, at("2026-05-01 00:00"))
    assert [one.price.name for one in rise(leaving, new, NOON).segments] == ["Basic"] * 2 + ["Fast"]


def test_all_of_it_survives_being_stored_and_an_old_row_reads_as_plain():
    version = replace(plan("All", "30.00", PASS), contract=TERMS, discounts=(PROMO,))
    full = start("s", "a", "v", version, SINCE, zone=DUBLIN, members=["svc_2"], parent_id="p")
    full = buy(full, Purchase("p1", "pass", NOON))
    for operation in OPERATIONS.values():
        full = operation(full) if operation is not OPERATIONS["rise"] else full
    full = change_plan(full, FAST, at("2026-04-21 12:00"), zone=DUBLIN)
    prices = {one.ref: one for one in (version, FAST)}
    assert subscription_from(to_dict(full), lambda *ref: prices[ref]) == full
    row = {
        "id": "sub_1",
        "account_id": "acc_1",
        "service_id": "svc_1",
        "version": 0,
        "segments": [
            {"offering_id": "basic", "version": 1, "start": "2026-04-01T08:00:00Z", "end": None}
        ],
    }
    assert subscription_from(row, lambda *ref: BASIC) == HOME
    assert to_dict(HOME) == row

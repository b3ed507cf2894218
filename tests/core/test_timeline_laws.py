"""Laws of fixed prices: bill after bill, whatever is done to a subscription in between."""

import json
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.core.charging import advance, charge_to_dict, corrections
from billing.core.charging.held import pieces_of, share_at_early_end
from billing.core.explaining import recomputed
from billing.core.period import Cycle
from billing.core.subscription import (
    change_plan,
    end,
    override,
    pause,
    resume,
    set_quantity,
    subscription_from,
    to_dict,
)
from tests.core.makers import DUBLIN, at, eur, on, plan

BILLS = Cycle.on_day(31)
FIRST = BILLS.containing(date(2026, 1, 31), DUBLIN)
FIELDS = st.fixed_dictionaries(
    {
        "amount": st.sampled_from(["0.01", "9.99", "30.00", "77.77"]),
        "prorate": st.sampled_from(["day", "second"]),
        "basis": st.sampled_from(["actual", "30 days"]),
        "change_day": st.sampled_from(["new", "old"]),
        "end_day": st.sampled_from(["free", "charged"]),
        "in_advance": st.booleans(),
        "every": st.sampled_from(["1 month", "1 month", "1 week", "3 months", "30 days"]),
        "align": st.sampled_from(["cycle", "calendar", "anniversary"]),
        "while_paused": st.sampled_from(["0", "1.50"]),
        "rounding": st.sampled_from(["half_up", "half_even", "up", "down"]),
    }
)
MOVES = st.lists(
    st.tuples(
        st.integers(1, 120 * 24),  # hours after the start
        st.sampled_from(["change", "pause", "resume", "quantity", "override", "end"]),
        st.integers(0, 2),
    ),
    max_size=6,
)


def sold(fields):
    return [
        plan(f"P{n}", None, {"model": "flat", "code": "access", **one})
        for n, one in enumerate(fields)
    ]


def done(subscription, move, plans, start):
    """The move, if it can be made."""
    hours, what, which = move
    when = start + timedelta(hours=hours)
    if subscription.ended is not None or when <= subscription.current.span.start:
        return subscription
    match what:
        case "change":
            return change_plan(subscription, plans[which], when)
        case "pause":
            return pause(subscription, when)
        case "resume":
            return resume(subscription, when)
        case "quantity":
            return set_quantity(subscription, which + 1, when)
        case "override":
            return override(subscription, "access", [None, eur("5.01"), eur("0")][which], when)
        case _:
            return end(subscription, when)


def billed_over(plans, moves, start):
    """Seven bills; each knows the moves made before it was drafted, and some that lie ahead."""
    subscription, period, billed = on(plans[0], start), FIRST, []
    waiting = sorted(moves, key=lambda move: move[0])
    for _ in range(7):
        while waiting and start + timedelta(hours=waiting[0][0]) < period.span.end:
            subscription = done(subscription, waiting.pop(0), plans, start)
        bill = corrections(subscription, period, billed)
        assert bill == corrections(subscription, period, billed)
        bill += advance(subscription, BILLS.following(period), [*billed, *bill])
        billed += bill
        assert corrections(subscription, period, billed) == []
        period = BILLS.following(period)
    return subscription, billed


def owed(subscription):
    """What was held, exactly, in minor units; and in how many pieces."""
    total, count, period, seen = Fraction(0), 0, FIRST, set()
    while period.start < date(2026, 8, 31):
        for piece in pieces_of(subscription, period):
            where = (piece.state, piece.own.start, piece.first)
            if where in seen:
                continue
            seen.add(where)
            early = share_at_early_end(piece)
            part, of = early[:2] if early else (piece.steps(piece.first, piece.end), piece.whole)
            total += piece.rate * Fraction(part, of)
            count += 1
        period = BILLS.following(period)
    return total, count


STARTS = st.integers(0, 27 * 24).map(lambda hours: at("2026-01-31 00:00") + timedelta(hours=hours))


@given(st.lists(FIELDS, min_size=3, max_size=3), MOVES, STARTS)
def test_bill_after_bill_what_was_billed_is_what_was_held(fields, moves, start):
    """To less than one minor unit for each line and each piece, which are rounded by themselves."""
    moves = [*moves, (121 * 24, "end", 0)]
    subscription, billed = billed_over(sold(fields), moves, start)
    net = sum(line.amount.minor for line in billed)
    exact, pieces = owed(subscription)
    assert abs(net - exact) <= pieces + len(billed)


@given(st.lists(FIELDS, min_size=3, max_size=3), MOVES, STARTS)
def test_a_credit_never_exceeds_its_line_and_no_two_lines_share_a_key(fields, moves, start):
    plans = sold(fields)
    _, billed = billed_over(plans, moves, start)
    assert len({line.key for line in billed}) == len(billed)
    for line in billed:
        credits = [one.amount.minor for one in billed if one.corrects == line.key]
        assert all(credit < 0 for credit in credits)
        assert line.corrects or 0 <= line.amount.minor + sum(credits) <= line.amount.minor


@given(st.lists(FIELDS, min_size=3, max_size=3), MOVES, STARTS)
def test_every_line_is_explained_by_its_facts_and_the_same_facts_give_the_same_bytes(
    fields, moves, start
):
    plans = sold(fields)
    prices = {version.ref: version for version in plans}
    subscription, billed = billed_over(plans, moves, start)
    for line in billed:
        assert recomputed(line, lambda *ref: prices[ref]) == line.priced
    again = [json.dumps(charge_to_dict(line)) for line in billed_over(plans, moves, start)[1]]
    assert [json.dumps(charge_to_dict(line)) for line in billed] == again
    assert subscription_from(to_dict(subscription), lambda *ref: prices[ref]) == subscription


@given(st.lists(st.integers(1, 24 * 30 - 1), max_size=6))
def test_up_and_back_within_days_pays_only_whole_days_that_differ(hours):
    basic, fast = plan("Basic", "30.00"), plan("Fast", "60.00")
    period = Cycle.on_day(1).containing(date(2026, 4, 1), DUBLIN)
    start = at("2026-04-01 00:00")
    home = on(basic, at("2026-01-01 00:00"))
    billed = corrections(home, period, [])
    for hour in sorted(set(hours)):
        home = change_plan(home, fast, start + timedelta(hours=hour))
        home = change_plan(home, basic, start + timedelta(hours=hour, minutes=1))
    crossed = {hour for hour in hours if (hour * 60 + 1) // 1440 != hour * 60 // 1440}
    assert not crossed
    assert corrections(home, period, billed) == []

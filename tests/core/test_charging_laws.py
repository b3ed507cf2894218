"""Laws of charging: whatever moves a subscription makes, these hold."""

from datetime import timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.core.charging import corrections, recurring_charges
from billing.core.money import Money
from billing.core.subscription import change_plan, end
from tests.core.makers import at, eur, month, on, plan

APRIL = month("2026-04")
PLANS = [
    plan(f"P{n}", amount) for n, amount in enumerate(["0.00", "0.01", "9.99", "30.00", "77.77"])
]
MOVES = st.lists(st.tuples(st.integers(0, 30 * 24 - 1), st.sampled_from(PLANS)), max_size=8)


def moved(subscription, moves):
    for hours, price in sorted(moves, key=lambda move: move[0]):
        when = at("2026-04-01 00:00") + timedelta(hours=hours)
        if when > subscription.current.span.start:
            subscription = change_plan(subscription, price, when)
    return subscription


def total(charges):
    return Money.total([charge.amount for charge in charges], "EUR")


@given(MOVES, st.none() | st.integers(0, 30 * 24))
def test_a_credit_never_exceeds_the_charge_it_corrects(moves, ended):
    basic = on(PLANS[3], at("2026-01-01 00:00"))
    billed = recurring_charges(basic, APRIL)
    for upto in range(len(moves) + 1):  # a bill after every operation, then the next operation
        subscription = moved(basic, sorted(moves, key=lambda move: move[0])[:upto])
        billed += corrections(subscription, APRIL, billed)
    if ended is not None:
        when = at("2026-04-01 00:00") + timedelta(hours=ended)
        if when > subscription.current.span.start:
            billed += corrections(end(subscription, when), APRIL, billed)
    for line in billed:
        credited = sum(charge.amount.minor for charge in billed if charge.corrects == line.key)
        assert line.kind == "credit" or 0 <= line.amount.minor + credited <= line.amount.minor
    assert len({charge.key for charge in billed}) == len(billed)


@given(MOVES)
def test_corrections_bring_a_bill_to_what_was_held(moves):
    basic = on(PLANS[3], at("2026-01-01 00:00"))
    subscription, billed = moved(basic, moves), recurring_charges(basic, APRIL)
    bill = corrections(subscription, APRIL, billed)
    owed = recurring_charges(subscription, APRIL)
    roundings = len(bill) + len(owed)
    assert abs((total([*billed, *bill]) - total(owed)).minor) <= roundings
    assert corrections(subscription, APRIL, [*billed, *bill]) == []


@given(st.lists(st.integers(1, 29), max_size=6, unique=True), st.integers(0, 10**6))
def test_prorated_parts_of_one_price_sum_to_the_whole(days, minor):
    """However it is cut: exact shares make the whole, each line is its share to half a cent."""
    versions = [plan("Line", str(Fraction(minor, 1)), version=n + 1) for n in range(len(days) + 1)]
    subscription = on(versions[0], at("2026-01-01 00:00"))
    for day, version in zip(sorted(days), versions[1:], strict=True):
        subscription = change_plan(
            subscription, version, at("2026-04-01 00:00") + timedelta(days=day)
        )
    lines = recurring_charges(subscription, APRIL)
    shares = [Fraction((line.span[1] - line.span[0]).days, APRIL.days) for line in lines]
    assert sum(shares) == 1
    whole = eur(str(minor))
    assert all(
        abs(line.amount.minor - whole.minor * share) <= Fraction(1, 2)
        for line, share in zip(lines, shares, strict=True)
    )

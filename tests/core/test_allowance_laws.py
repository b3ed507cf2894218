"""Laws of allowances, against an oracle that burns chunk by chunk."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from billing.core.allowance import EMPTY, Part, edges, simulate
from billing.core.catalog import (
    Allowance,
    AutoTopUp,
    BadPrice,
    Bucket,
    Package,
    PerUnit,
    Rollover,
    SpeedStep,
    UsagePrice,
    Window,
)
from billing.core.catalog.allowance_checks import check_allowance
from billing.core.money import Money
from billing.core.period import HOUR, Period, Validity
from billing.core.subscription import Purchase
from tests.core.allowance_makers import NEW_YORK, spans_of
from tests.core.allowance_oracle import CHUNK, Naive

# Days around each change of the clocks, and plain ones.
PERIODS = [
    (Period(date(2026, 3, 6), date(2026, 3, 9), NEW_YORK), 3),
    (Period(date(2026, 10, 31), date(2026, 11, 3), NEW_YORK), 3),
    (Period(date(2026, 6, 1), date(2026, 6, 3), NEW_YORK), 2),
]
WINDOWS = [
    Window("night", frozenset(range(7)), 0, 7 * 60),
    Window("weekday nights", frozenset(range(5)), 22 * 60, 6 * 60),
    Window("weekend", frozenset({5, 6}), 0, 24 * 60),
]
VALIDITIES = [
    Validity("hours", 5),
    Validity("days", 1),
    Validity("local-days", 1),
    Validity("days", 4),
    Validity("never"),
]

TEN = Fraction(1000)

sizes = st.integers(1, 40).map(lambda chunks: Fraction(chunks * CHUNK, 1000))
rollovers = st.builds(
    Rollover,
    cap=st.none() | sizes,
    periods=st.integers(1, 2),
    burnt=st.sampled_from(["first", "last"]),
)


@st.composite
def buckets(draw, code):
    size = draw(st.none() | sizes | sizes)
    priced = size is not None and draw(st.booleans())
    validity = draw(st.none() | st.sampled_from(VALIDITIES)) if size is not None else None
    rollover = draw(st.none() | rollovers) if size is not None and validity is None else None
    window = draw(st.none() | st.sampled_from(WINDOWS))
    price = Fraction(300) if priced else None
    return Bucket(code, code, size, window, validity, rollover, price)


@st.composite
def prices(draw):
    held = tuple(draw(buckets(code)) for code in "abc"[: draw(st.integers(1, 3))])
    after = draw(st.sampled_from(["charge", "stop", "slow", "top-up"]))
    if after == "top-up":
        more = Bucket("d", "d", draw(sizes), None, draw(st.sampled_from(VALIDITIES)), None, TEN)
        place = draw(st.integers(0, len(held)))
        held = (*held[:place], more, *held[place:])
    overages = [
        PerUnit(Fraction(7)),
        Package(Fraction(0), Fraction(1), Fraction(100), Fraction(450)),
    ]
    steps = sorted(draw(st.sets(st.integers(0, 60), min_size=after == "slow", max_size=2)))
    allowance = Allowance(
        buckets=held,
        after=after,
        overage=draw(st.sampled_from(overages)) if after == "charge" else None,
        top_up=AutoTopUp("d", 3) if after == "top-up" else None,
        speeds=tuple(SpeedStep(Fraction(n * CHUNK, 1000), f"above {n}") for n in steps),
        pooled=True,
    )
    try:
        check_allowance(allowance, "kB", "price")
    except BadPrice:
        assume(False)
    return UsagePrice(
        code="data",
        name="Data",
        currency="EUR",
        model=allowance,
        unit="kB",
        direction=draw(st.sampled_from(["up", "down", "both", "larger"])),
    )


@st.composite
def cases(draw):
    """A price, two adjoining periods, what was used in each of their hours, and what was bought."""
    price = draw(prices())
    first, days = draw(st.sampled_from(PERIODS))
    second = Period(first.end, first.end + timedelta(days=days), NEW_YORK)
    chunks = st.integers(0, 25)
    at_hour = st.tuples(st.integers(0, 47), st.sampled_from(["a", "b"]), chunks, chunks)
    usage = [
        [
            Part(
                period.span.start + hour * HOUR,
                period.span.start + (hour + 1) * HOUR,
                up * CHUNK,
                down * CHUNK,
                service_id,
            )
            for hour, service_id, up, down in draw(st.lists(at_hour, max_size=12))
        ]
        for period in (first, second)
    ]
    minutes = draw(st.lists(st.integers(1, 47 * 60), max_size=3))
    purchases = [
        Purchase(f"p{n}", draw(st.sampled_from("abcd")), first.span.start + timedelta(minutes=m))
        for n, m in enumerate(minutes)
    ]
    return price, (first, second), usage, purchases


def by_span(price, period, usage, opening, purchases):
    """The same usage, summed between edges."""
    parts = []
    for start, end in spans_of(price, period, opening, purchases):
        for service_id in sorted({part.service_id for part in usage}):
            mine = [p for p in usage if p.service_id == service_id and start <= p.start < end]
            up, down = sum(p.octets_in for p in mine), sum(p.octets_out for p in mine)
            parts.append(Part(start, end, up, down, service_id))
    return parts


def left(state):
    found = {}
    for grant in state.grants:
        key = (grant.bucket, grant.until, grant.rolled, grant.bought)
        found[key] = found.get(key, 0) + grant.left
    return found


@settings(max_examples=150, deadline=None)
@given(cases())
def test_it_burns_as_one_who_looks_at_every_chunk(case):
    price, periods, usage, purchases = case
    naive, opening = Naive(price, NEW_YORK), EMPTY
    paid, bought = {}, []
    for place, (period, parts) in enumerate(zip(periods, usage, strict=True)):
        naive.period(period, parts, purchases)
        done = simulate(price, period, parts, opening=opening, purchases=purchases)
        for one in done.paid:
            key = (one.start, one.service_id, one.bucket, one.policy)
            paid[key] = paid.get(key, 0) + one.quantity
        bought += [one.bucket for one in done.bought]
        opening = done.closing
        assert left(opening) == naive.left()
        if price.model.overage is not None:
            assert done.overage.amount == Money.rounded(naive.due(place), "EUR")
    assert paid == naive.pays
    assert bought == naive.bought


@settings(max_examples=150, deadline=None)
@given(cases(), st.randoms())
def test_usage_by_hour_and_usage_between_edges_give_the_same_money_in_any_order(case, random):
    price, periods, usage, purchases = case
    opening = EMPTY
    for period, parts in zip(periods, usage, strict=True):
        hourly = simulate(price, period, parts, opening=opening, purchases=purchases)
        spans = by_span(price, period, parts, opening, purchases)
        random.shuffle(spans)
        random.shuffle(purchases)
        coarse = simulate(price, period, spans, opening=opening, purchases=purchases)

        assert coarse.used == hourly.used
        assert coarse.overage == hourly.overage
        assert [one.price for one in coarse.bought] == [one.price for one in hourly.bought]
        assert coarse.closing == hourly.closing
        opening = hourly.closing


@settings(max_examples=150, deadline=None)
@given(cases())
def test_every_octet_is_paid_once_and_what_opened_and_was_granted_is_used_lost_or_left(case):
    price, periods, usage, purchases = case
    opening = EMPTY
    sized = {bucket.code for bucket in price.model.buckets if bucket.size is not None}
    for period, parts in zip(periods, usage, strict=True):
        done = simulate(price, period, parts, opening=opening, purchases=purchases)

        assert sum(paid.quantity for paid in done.paid) == quantity(price, parts)
        assert all(paid.quantity > 0 for paid in done.paid)
        assert all(grant.left > 0 for grant in done.closing.grants)
        for code in sized:
            entered = opening.left(code) + done.granted.get(code, 0)
            gone = done.used.get(code, 0) + done.lost.get(code, 0)
            assert entered == gone + done.closing.left(code)
        opening = done.closing


def quantity(price, parts):
    up, down = sum(part.octets_in for part in parts), sum(part.octets_out for part in parts)
    return {"up": up, "down": down, "both": up + down, "larger": max(up, down)}[price.direction]


def test_without_windows_purchases_or_ends_there_is_no_edge():
    price = UsagePrice(
        code="data",
        name="Data",
        currency="EUR",
        unit="kB",
        model=Allowance((Bucket("a", "A", Fraction(5)),), "stop"),
    )
    assert edges(price, PERIODS[0][0]) == ()

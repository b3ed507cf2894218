"""Whatever a price can hold is written and read back as it was."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.core.catalog import (
    BadPrice,
    CallRate,
    Calls,
    CallStep,
    Destination,
    Graduated,
    GraduatedPercentage,
    OneTimePrice,
    Package,
    PassPrice,
    Percentage,
    Percentile,
    PercentTier,
    PerUnit,
    RecurringPrice,
    Tier,
    UsagePrice,
    Volume,
    Window,
    price_from,
    price_to_dict,
)
from billing.core.period import Every, Validity

NUMBERS = st.integers(0, 10**9).map(lambda n: Fraction(n, 10**4))
SIZES = st.integers(1, 10**9).map(lambda n: Fraction(n, 10**4))
AMOUNTS = st.integers(0, 10**9).map(lambda n: Fraction(n, 10**6))
PERCENTS = st.integers(0, 10**4).map(lambda n: Fraction(n, 100))
PREFIXES = st.text("0123456789", min_size=1, max_size=6)
NAMES = st.text("abcdefgh -", min_size=1, max_size=9).filter(str.strip)


def maybe(values):
    return st.none() | values


@st.composite
def tiers(draw, make, *charged):
    bounds = sorted(draw(st.lists(SIZES, max_size=4, unique=True)))
    return tuple(
        make(above, up_to, *(draw(field) for field in charged))
        for above, up_to in zip([Fraction(0), *bounds], [*bounds, None], strict=True)
    )


UNIT_TIERS = tiers(Tier, AMOUNTS, AMOUNTS, maybe(SIZES))


@st.composite
def windows(draw):
    """Some hours of a day, and on other days others, so that they lie apart."""
    cut = draw(st.integers(1, 6))
    return [
        Window(name, frozenset(days), draw(st.integers(0, 700)), draw(st.integers(701, 1440)))
        for name, days in (("one", range(cut)), ("other", range(cut, 7)))
    ]


@st.composite
def rates(draw):
    named = [window for window in draw(windows()) if draw(st.booleans())]
    steps = draw(st.lists(st.integers(1, 9999), max_size=3, unique=True).map(sorted))
    return tuple(
        CallRate(
            draw(AMOUNTS),
            window,
            draw(st.integers(0, 90)),
            draw(st.integers(1, 90)),
            draw(AMOUNTS),
            tuple(CallStep(n, draw(AMOUNTS), draw(st.integers(1, 60))) for n in steps),
        )
        for window in [*named, None]
    )


@st.composite
def call_models(draw):
    shared = draw(rates())
    prefixes = draw(
        st.lists(st.text("0123456789", min_size=1, max_size=6), max_size=4, unique=True)
    )
    listed = [Destination(prefix, (prefix,), shared) for prefix in prefixes]
    return Calls(
        (*listed, Destination("rest", (), shared)),
        draw(st.sampled_from(["UTC", "Asia/Kolkata"])),
        draw(st.booleans()),
        draw(st.sampled_from(["increment", "part", "second"])),
        draw(st.sampled_from(["free", "charged"])),
    )


PERCENTAGES = st.builds(
    Percentage, PERCENTS, AMOUNTS, st.integers(0, 99), SIZES, maybe(AMOUNTS)
) | st.builds(
    Percentage,
    PERCENTS,
    free_amount=SIZES,
    event_maximum=AMOUNTS,
    at_free_amount=st.sampled_from(["free", "charged"]),
)
PERCENTILES = st.builds(Percentile, PERCENTS.map(lambda n: n or 1), NUMBERS, AMOUNTS, AMOUNTS)
COUNTED = st.sampled_from(["kB", "GB", "TiB", "minute", "event"])
MODELS = st.one_of(
    st.tuples(st.builds(PerUnit, AMOUNTS, NUMBERS), COUNTED),
    st.tuples(st.builds(Graduated, UNIT_TIERS, st.booleans()), COUNTED),
    st.tuples(st.builds(Volume, UNIT_TIERS, st.booleans()), COUNTED),
    st.tuples(st.builds(Package, NUMBERS, SIZES, AMOUNTS, st.just(Fraction(10**6))), COUNTED),
    st.tuples(PERCENTAGES, st.just("")),
    st.tuples(
        st.builds(GraduatedPercentage, tiers(PercentTier, PERCENTS, AMOUNTS), st.booleans()),
        st.just(""),
    ),
    st.tuples(PERCENTILES, st.sampled_from(["Mbit/s", "Gbit/s"])),
    st.tuples(call_models(), st.sampled_from(["second", "minute"])),
)
HEAD = {
    "code": NAMES,
    "name": NAMES,
    "currency": st.sampled_from(["EUR", "JPY", "KWD"]),
    "tax_category": NAMES,
    "tax_included": st.booleans(),
    "rounding": st.sampled_from(["half_up", "half_even", "up", "down"]),
}


@st.composite
def usage_prices(draw):
    model, unit = draw(MODELS)
    least, most = sorted([draw(AMOUNTS), draw(AMOUNTS)])
    has_direction = unit.endswith(("B", "bit/s"))
    minimum = draw(st.sampled_from([None, least]))
    return UsagePrice(
        **{name: draw(values) for name, values in HEAD.items()},
        model=model,
        unit=unit,
        direction=draw(st.sampled_from(["up", "larger"])) if has_direction else "both",
        per_started=draw(maybe(SIZES)) if isinstance(model, PerUnit | Percentile) else None,
        rounding_per=draw(st.sampled_from(["line", "increment"])),
        minimum=minimum,
        maximum=draw(st.sampled_from([None, most])),
        part_period="whole" if minimum is None else draw(st.sampled_from(["whole", "prorated"])),
    )


EVERY = st.builds(Every, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 40))
VALIDITY = st.builds(
    Validity, st.sampled_from(["hours", "days", "local-days", "months"]), st.integers(1, 100)
) | st.sampled_from([Validity("period"), Validity("never")])
FIXED = st.one_of(
    st.builds(
        RecurringPrice,
        **HEAD,
        amount=AMOUNTS,
        in_advance=st.booleans(),
        every=EVERY,
        align=st.sampled_from(["cycle", "calendar", "anniversary"]),
        prorate=st.sampled_from(["day", "second", "none"]),
        basis=st.sampled_from(["actual", "30 days"]),
        end_day=st.sampled_from(["free", "charged"]),
        change_day=st.sampled_from(["new", "old"]),
        while_paused=AMOUNTS,
        early_end=st.sampled_from(["refund", "keep"]),
    ),
    st.builds(
        RecurringPrice, **HEAD, amount=AMOUNTS, early_end=st.just("re-rate"), re_rated_at=AMOUNTS
    ),
    st.builds(OneTimePrice, **HEAD, amount=AMOUNTS),
    st.builds(
        PassPrice,
        **HEAD,
        amount=AMOUNTS,
        validity=VALIDITY,
        renewal=st.sampled_from(["extends", "restarts"]),
    ),
)


@given(FIXED | usage_prices())
def test_every_price_comes_back_as_it_was_written(price):
    assert price_from(price_to_dict(price)) == price


@given(windows(), st.integers(0, 7 * 1440 - 1))
def test_a_window_holds_in_the_minutes_of_the_week_that_it_lists(listed, minute):
    local = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=minute)  # from a Monday on
    for window in [*listed, Window("night", listed[0].days, listed[0].end % 1440, listed[0].start)]:
        assert window.contains(local) == any(a <= minute < b for a, b in window.of_week)


NUMBERLIKE = [0, -1, 1.5, True, 10**40, "", "0", "-1", "1e9", "1/3", "NaN", "9" * 21, "٣", "x"]
SHAPES = [None, [], {}, [[]], [{}], {"a": {}}, "mon", ["mon", {}], {"hours": 8}, ["353", None]]
HOSTILE = st.sampled_from([*NUMBERLIKE, *SHAPES])


def places(written, path=()):
    """Every place in what was written where something else could stand."""
    entries = written.items() if isinstance(written, dict) else enumerate(written)
    for key, held in entries:
        yield (*path, key)
        if isinstance(held, dict | list):
            yield from places(held, (*path, key))


@given(FIXED | usage_prices(), st.data())
def test_a_price_with_anything_in_any_place_is_a_price_or_is_refused(price, data):
    written = price_to_dict(price)
    *way, last = data.draw(st.sampled_from(sorted(places(written), key=str)))
    holder = written
    for key in way:
        holder = holder[key]
    holder[last] = data.draw(HOSTILE)
    try:
        read = price_from(written)
    except BadPrice:
        return
    assert price_from(price_to_dict(read)) == read

"""Laws of rating, for all tariffs and quantities."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.core.catalog import Graduated, Package, PerUnit, Tier, UsagePrice, Volume
from billing.core.money import Money
from billing.core.rating import rate

OCTETS = st.integers(0, 10**13)
PARTS = st.lists(OCTETS, min_size=1, max_size=8)
PRICES = st.fractions(0, 1000, max_denominator=1000)
SIZES = st.fractions(Fraction(1, 1000), 1000, max_denominator=1000)
OCTET = Fraction(1, 10**9)


def gigabytes(model, **terms):
    return UsagePrice(code="data", name="Data", currency="EUR", model=model, unit="GB", **terms)


@st.composite
def ladders(draw, blocks=True):
    bounds = sorted(draw(st.lists(st.integers(1, 10**6), max_size=5, unique=True)))
    tops = [Fraction(bound, 7) for bound in bounds]
    sizes = st.none() | SIZES if blocks else st.none()
    return tuple(
        Tier(above, up_to, draw(PRICES), draw(PRICES), draw(sizes))
        for above, up_to in zip([Fraction(0), *tops], [*tops, None], strict=True)
    )


@st.composite
def rising(draw):
    """Prices under which more usage costs more: all but volume prices do."""
    model = draw(
        st.builds(Graduated, ladders())
        | st.builds(Package, SIZES, SIZES, PRICES, st.none() | PRICES)
        | st.builds(PerUnit, PRICES, SIZES)
    )
    started = draw(st.none() | SIZES) if isinstance(model, PerUnit) else None
    least, most = sorted([draw(PRICES), draw(PRICES)])
    return gigabytes(
        model,
        per_started=started,
        minimum=draw(st.sampled_from([None, least])),
        maximum=draw(st.sampled_from([None, most])),
        rounding=draw(st.sampled_from(["half_up", "half_even", "up", "down"])),
        rounding_per=draw(st.sampled_from(["line", "increment"])),
    )


@given(PARTS, rising())
def test_what_is_booked_step_by_step_comes_to_the_price_of_the_whole(parts, price):
    booked, so_far = Money.zero("EUR"), 0
    for part in parts:
        so_far += part
        booked += rate(price, so_far * OCTET, booked=booked).amount
    assert booked == rate(price, sum(parts) * OCTET).amount


@given(OCTETS, OCTETS, rising())
def test_more_usage_never_costs_less(octets, more, price):
    assert rate(price, octets * OCTET).total <= rate(price, (octets + more) * OCTET).total


@given(ladders(blocks=False))
def test_one_octet_above_a_bound_pays_the_fee_and_the_price_of_the_next_tier(ladder):
    price = gigabytes(Graduated(ladder))
    for tier in ladder[1:]:
        step = rate(price, tier.above + OCTET).exact - rate(price, tier.above).exact
        assert step == tier.flat + tier.per_unit * OCTET


@given(OCTETS, PRICES)
def test_with_one_tier_graduated_volume_and_per_unit_are_one_price(octets, each):
    ladder = (Tier(Fraction(0), None, each),)
    due = {
        rate(gigabytes(model), octets * OCTET).exact
        for model in (Graduated(ladder), Volume(ladder), PerUnit(each))
    }
    assert due == {octets * OCTET * each}


@given(OCTETS, SIZES, PRICES)
def test_blocks_of_a_tier_of_a_package_and_started_units_count_alike(octets, size, each):
    quantity = octets * OCTET
    block = Tier(Fraction(0), None, each, block_size=size)
    due = {
        rate(gigabytes(Graduated((block,))), quantity).exact,
        rate(gigabytes(Volume((block,))), quantity).exact,
        rate(gigabytes(Package(Fraction(0), size, each)), quantity).exact,
        rate(gigabytes(PerUnit(each / size), per_started=size), quantity).exact,
    }
    assert due == {-(-quantity // size) * each}


@given(OCTETS, ladders())
def test_an_amount_is_the_sum_of_its_tiers_reckoned_one_by_one(octets, ladder):
    quantity, due = octets * OCTET, Fraction(0)
    for tier in ladder:
        if tier.is_first or quantity > tier.above:
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            inside = top - tier.above
            count = inside if tier.block_size is None else -(-inside // tier.block_size)
            due += tier.flat + tier.per_unit * count
    assert rate(gigabytes(Graduated(ladder)), quantity).exact == due


@given(OCTETS, rising())
def test_a_line_is_rounded_once_and_by_less_than_a_cent(octets, price):
    line = rate(price, octets * OCTET)
    if price.rounding_per == "line":
        bound = Fraction(1, 2) if price.rounding.startswith("half") else 1
        assert abs(line.total.minor - line.exact) <= bound


@given(OCTETS, rising())
def test_every_line_can_be_told_in_words(octets, price):
    line = rate(price, octets * OCTET)
    assert line.steps[-1].startswith("total ")

"""Prices that include the tax: what was printed is what is paid, and the net lines add up."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.charging import Charge
from billing.core.money import Money
from billing.core.tax import NoTaxRate, TaxRate, net_shares, taxes, with_net

GERMANY = [
    TaxRate("DE", "standard", Fraction(19), date(2007, 1, 1), date(2020, 7, 1)),
    TaxRate("DE", "standard", Fraction(16), date(2020, 7, 1), date(2021, 1, 1)),
    TaxRate("DE", "standard", Fraction(19), date(2021, 1, 1)),
    TaxRate("DE", "reduced", Fraction(7), date(2021, 1, 1)),
]
IN_2020 = date(2020, 8, 1)
IN_2026 = date(2026, 8, 1)


def line(amount: str, *, included: bool = True, currency="EUR", category="standard") -> Charge:
    money = Money.parse(amount, currency)
    return Charge(
        "sub", "svc", "base", "recurring", "Access", ("ofr", 1), (IN_2026, date(2026, 9, 1)),
        "1", "month", money, category, f"key {amount}", {}, "", money if included else None,
    )  # fmt: skip


def billed(lines, on=IN_2026, rates=GERMANY, country="DE"):
    """What the document says: net lines, base and tax of each rate."""
    made = with_net(lines, country, on, rates)
    items = taxes(made, country, on, rates)
    return (
        [one.amount.value for one in made],
        [(item.base.value, item.amount.value) for item in items],
    )


def flat(country: str, percent: int) -> list[TaxRate]:
    return [TaxRate(country, "standard", Fraction(percent), date(2020, 1, 1))]


def test_magenta_and_its_setup_at_16_per_cent():
    """102.25 in all. Tax by line gave 14.11, net by line 102.24."""
    nets, items = billed([line("34.06"), line("68.19")], IN_2020)

    assert items == [("88.15", "14.10")]
    assert nets == ["29.36", "58.79"]  # 29.36207 and 58.78448: the cent goes to the setup


def test_the_rate_is_that_of_the_document_s_day():
    assert billed([line("34.95")], IN_2026) == (["29.37"], [("29.37", "5.58")])
    assert billed([line("34.95")], date(2020, 12, 31)) == (["30.13"], [("30.13", "4.82")])
    assert billed([line("34.95")], date(2021, 1, 1)) == (["29.37"], [("29.37", "5.58")])


def test_a_british_bill_with_a_rise_in_pounds_and_pence():
    """21 days at 32.99 and 10 at 35.99: 33.96 with a sixth of VAT in it."""
    uk = flat("GB", 20)
    nets, items = billed([line("22.35", currency="GBP"), line("11.61", currency="GBP")], rates=uk,
                         country="GB")  # fmt: skip

    assert items == [("28.30", "5.66")]
    assert nets == ["18.63", "9.67"]  # 18.625 and 9.675: of equal remainders the first line's wins


def test_a_kenyan_bill_with_16_per_cent_in_it():
    kes = [line("1300.00", currency="KES"), line("268.00", currency="KES")]

    _, items = billed(kes, rates=flat("KE", 16), country="KE")
    assert items == [("1351.72", "216.28")]


def test_net_and_tax_included_lines_at_one_rate_are_worked_out_apart():
    """Net: 10.03 + 19 % on it, 1.91. Included: 34.95, of it 5.58. In all 46.89."""
    nets, items = billed([line("10.03", included=False), line("34.95")])

    assert nets == ["10.03", "29.37"]
    assert items == [("39.40", "7.49")]  # 10.03 + 29.37; 1.91 + 5.58


def test_each_rate_has_its_own_sum():
    lines = [line("34.95"), line("10.70", category="reduced"), line("1.07", category="reduced")]

    assert billed(lines) == (["29.37", "10.00", "1.00"], [("11.00", "0.77"), ("29.37", "5.58")])


def test_a_rate_of_zero_leaves_all_to_the_net():
    assert billed([line("9.99")], rates=flat("DE", 0)) == (["9.99"], [("9.99", "0.00")])


def test_working_it_out_again_changes_nothing():
    once = with_net([line("34.06"), line("68.19")], "DE", IN_2020, GERMANY)

    assert with_net(once, "DE", IN_2020, GERMANY) == once
    assert [one.gross.value for one in once] == ["34.06", "68.19"]


def test_a_tax_included_line_without_a_rate_is_refused():
    with pytest.raises(NoTaxRate, match="category 'voice' in DE"):
        with_net([line("1.00", category="voice")], "DE", IN_2026, GERMANY)


minors = st.integers(-(10**7), 10**7)
percents = st.one_of(
    st.integers(0, 30).map(Fraction), st.sampled_from(["5.5", "8.25", "17.5"]).map(Fraction)
)


@given(st.lists(minors, min_size=1, max_size=9), percents)
def test_what_was_printed_is_what_is_paid_and_the_lines_add_up(grosses, percent):
    rates = [TaxRate("DE", "standard", percent, date(2020, 1, 1))]
    lines = [replace(line("1.00"), amount=Money(m, "EUR"), gross=Money(m, "EUR")) for m in grosses]
    made = with_net(lines, "DE", IN_2026, rates)
    (item,) = taxes(made, "DE", IN_2026, rates)

    assert (item.base + item.amount).minor == sum(grosses)
    assert Money.total((one.amount for one in made), "EUR") == item.base
    for one in made:  # no share is further than one minor unit from its exact net
        assert one.gross is not None
        assert abs(one.amount.minor - one.gross.minor * 100 / (100 + percent)) < 1


@given(st.lists(minors, min_size=1, max_size=9), percents)
def test_a_credit_note_mirrors_each_line_to_the_cent(grosses, percent):
    assert net_shares([-g for g in grosses], percent) == [-n for n in net_shares(grosses, percent)]


@given(st.lists(st.tuples(minors, st.booleans()), min_size=1, max_size=9), percents)
def test_a_mixed_document_is_the_sum_of_its_net_and_its_included_part(parts, percent):
    rates = [TaxRate("DE", "standard", percent, date(2020, 1, 1))]
    lines = [
        replace(line("1.00"), amount=Money(m, "EUR"), gross=Money(m, "EUR") if included else None)
        for m, included in parts
    ]
    made = with_net(lines, "DE", IN_2026, rates)
    (item,) = taxes(made, "DE", IN_2026, rates)
    net = Money(sum(m for m, included in parts if not included), "EUR")
    gross = Money(sum(m for m, included in parts if included), "EUR")

    assert item.base + item.amount == net + net.times(percent / 100) + gross
    assert Money.total((one.amount for one in made), "EUR") == item.base

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.money import (
    BadAmount,
    CurrencyMismatch,
    Money,
    UnknownCurrency,
    decimal_text,
    figure,
    major_text,
    minor_units,
)
from tests.core.makers import eur, usd

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "KES"])
EXACT = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6)


@pytest.mark.parametrize(
    ("exact_minor", "rounded"),
    [
        (Fraction(1, 2), 1),
        (Fraction(-1, 2), -1),  # a credit note mirrors its invoice
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),  # never to even
        (Fraction(49, 100), 0),
        (Fraction(-5466667, 100), -54667),
    ],
)
def test_halves_go_away_from_zero(exact_minor, rounded):
    assert Money.rounded(exact_minor, "EUR").minor == rounded


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("-0.05", "EUR", -5),
        ("7", "EUR", 700),
        ("7.500", "EUR", 750),
        ("1300", "JPY", 1300),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
    ],
)
def test_an_amount_is_read_with_the_decimals_of_its_currency(text, currency, minor):
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize("text", ["", "1,000.00", "1e3", " 1", "1.", ".5", "+1", "1_0", "NaN", "٣"])
def test_what_is_not_plain_decimal_text_is_refused(text):
    with pytest.raises(BadAmount, match=r"write digits and a point"):
        Money.parse(text, "EUR")


def test_a_fraction_of_the_minor_unit_is_refused_and_not_rounded():
    with pytest.raises(BadAmount, match="EUR has 2 decimals"):
        Money.parse("0.005", "EUR")


def test_a_code_outside_iso_4217_is_refused_with_an_example():
    with pytest.raises(UnknownCurrency, match="use an ISO 4217 code such as EUR"):
        Money.parse("1", "EURO")


def test_two_currencies_are_never_added_subtracted_or_compared():
    for mix in (
        lambda: eur("1") + usd("1"),
        lambda: eur("1") - usd("1"),
        lambda: eur("1") < usd("2"),
    ):
        with pytest.raises(CurrencyMismatch):
            mix()


def test_money_adds_up_and_the_sum_of_nothing_is_zero():
    assert Money.total([eur("1.10"), eur("2.20"), -eur("0.30")], "EUR") == eur("3.00")
    assert Money.total([], "EUR") == eur("0")


def test_the_wire_form_names_value_and_unit():
    assert eur("-12.30").to_wire() == {"value": "-12.30", "unit": "EUR"}
    assert Money.from_wire({"value": "-12.30", "unit": "EUR"}) == eur("-12.30")


def test_a_price_below_the_cent_is_exact():
    assert minor_units("0.0005", "EUR") == Fraction(5, 100)
    assert major_text(Fraction(5, 100), "EUR") == "0.0005"


@pytest.mark.parametrize(
    ("exact", "read"),
    [
        (Fraction(1437), "1,437"),
        (Fraction("1200.000000001"), "1,200.000000001"),
        (Fraction(-1234567, 100), "-12,345.67"),
        (Fraction(1, 2**30), "0.000000000…"),
        (Fraction(1, 3), "0.333333333…"),
        (Fraction(0), "0"),
    ],
)
def test_a_figure_reads_as_a_person_writes_it(exact, read):
    assert figure(exact) == read


@given(st.integers(-(10**15), 10**15), CURRENCIES)
def test_money_survives_the_wire(minor, currency):
    money = Money(minor, currency)
    assert Money.from_wire(money.to_wire()) == money


@given(EXACT, CURRENCIES)
def test_rounding_moves_by_half_a_unit_at_most_and_mirrors(exact, currency):
    rounded = Money.rounded(exact, currency)
    assert abs(rounded.minor - exact) <= Fraction(1, 2)
    assert Money.rounded(-exact, currency) == -rounded


@given(st.integers(-(10**20), 10**20), st.integers(0, 18), st.integers(0, 6))
def test_decimal_text_is_exact(scaled, decimals, decimals_min):
    exact = Fraction(scaled, 10**decimals)
    assert Fraction(decimal_text(exact, decimals_min)) == exact

"""Tax is computed once per document and rate, on the rounded base."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core import rating
from billing.core.catalog import price_from
from billing.core.money import Money
from billing.core.tax import (
    MissingTaxPlace,
    NoTaxRate,
    TaxRate,
    tax_item_from,
    tax_item_to_dict,
    taxes,
)

TODAY = date(2026, 4, 30)


@dataclass(frozen=True)
class Line:
    amount: Money
    tax_category: str = "internet"
    gross: Money | None = None


def rate(country, percent, category="internet", since=date(2017, 7, 1), valid_to=None) -> TaxRate:
    return TaxRate(country, category, Fraction(percent), since, valid_to)


GST = rate("IN", "18")


def inr(text: str) -> Line:
    return Line(Money.parse(text, "INR"))


def amounts(items) -> list[str]:
    return [item.amount.value for item in items]


def test_a_month_of_820_rupees_pays_18_per_cent_gst():
    (item,) = taxes([inr("820.00")], "IN", TODAY, [GST])

    assert item.amount.value == "147.60"  # CGST 73.80 and SGST 73.80: 967.60 in all


def test_an_upgrade_in_mid_month_pays_gst_on_credit_and_charge_together():
    (item,) = taxes([inr("-546.67"), inr("680.00")], "IN", TODAY, [GST])

    assert item.base.value == "133.33"
    assert item.amount.value == "24.00"  # 23.9994, rounded once: 157.33 in all


def test_the_rounded_base_is_taxed_not_the_exact_price():
    """29 of 30 days at 200.00: 193.33 and 48.33 are 241.66, where the exact base gave 241.67."""
    (item,) = taxes([Line(Money.parse("193.33", "EUR"))], "XX", TODAY, [rate("XX", "25")])

    assert (item.base + item.amount).value == "241.66"


def test_categories_of_one_rate_are_taxed_together():
    rates = [rate("DE", "19"), rate("DE", "19", "voice"), rate("DE", "7", "print")]
    lines = [
        Line(Money(3, "EUR")),
        Line(Money(3, "EUR"), "voice"),
        Line(Money(100, "EUR"), "print"),
    ]
    items = taxes(lines, "DE", TODAY, rates)

    assert [(item.percent, item.categories) for item in items] == [
        (7, ("print",)),
        (19, ("internet", "voice")),
    ]
    assert amounts(items) == ["0.07", "0.01"]  # 19 % of 0.06; of 0.03 twice it were 0.02


def test_the_rate_of_the_day_applies():
    rates = [
        rate("DE", "19", valid_to=date(2020, 7, 1)),
        rate("DE", "16", since=date(2020, 7, 1), valid_to=date(2021, 1, 1)),
        rate("DE", "19", since=date(2021, 1, 1)),
    ]
    line = [Line(Money(10000, "EUR"))]

    days = (date(2020, 6, 30), date(2020, 7, 1), date(2020, 12, 31), date(2021, 1, 1))
    assert [taxes(line, "DE", day, rates)[0].percent for day in days] == [19, 16, 16, 19]


def test_an_account_without_a_tax_country_is_not_guessed():
    with pytest.raises(MissingTaxPlace, match="the country is missing"):
        taxes([inr("1.00")], "", TODAY, [GST])


def test_a_country_without_a_rate_names_what_is_missing():
    with pytest.raises(NoTaxRate, match="category 'internet' in KE on 2026-04-30"):
        taxes([inr("1.00")], "KE", TODAY, [GST])


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8), st.integers(0, 50))
def test_a_credit_note_mirrors_its_invoice_to_the_cent(minors, percent):
    rates = [rate("DE", str(percent))]
    charged = taxes([Line(Money(m, "EUR")) for m in minors], "DE", TODAY, rates)
    credited = taxes([Line(Money(-m, "EUR")) for m in minors], "DE", TODAY, rates)

    assert [-item.amount for item in credited] == [item.amount for item in charged]


def test_a_tax_item_comes_back_from_storage_as_it_went():
    (item,) = taxes([inr("820.00")], "IN", TODAY, [rate("IN", "5.5")])

    assert tax_item_to_dict(item)["percent"] == "5.5"
    assert tax_item_from(tax_item_to_dict(item)) == item


def test_an_american_voice_bundle_with_a_universal_service_charge_that_is_taxed_itself():
    """Broadband 60.00 bears nothing. Voice 25.00: 36 % of its interstate 64.9 %, then 6.25 %.

    The charge is a line of its own, a percentage of another price, in the category of that price.
    """
    charge = price_from(
        {"model": "percentage", "code": "usf", "currency": "USD", "percent": "23.364"}
    )
    usf = rating.rate(charge, ["25.00"]).amount
    rates = [rate("US", "0", "broadband"), rate("US", "6.25", "voice")]
    lines = [
        Line(Money.parse("60.00", "USD"), "broadband"),
        Line(Money.parse("25.00", "USD"), "voice"),
        Line(usf, "voice"),
    ]
    items = taxes(lines, "US", TODAY, rates)

    assert usf.value == "5.84"  # 5.841
    assert [(item.base.value, item.amount.value) for item in items] == [
        ("60.00", "0.00"),
        ("30.84", "1.93"),  # 1.9275
    ]
    assert sum(Fraction((item.base + item.amount).value) for item in items) == Fraction("92.77")


@pytest.mark.parametrize(
    ("percent", "amount", "due"),
    [
        ("22.3905", "100000", "22390.50"),  # 64.9 % × 34.5 %; printed as 22,391
        ("34.5", "28500", "9832.50"),  # 28.5 % of it interstate; printed as 9,833
    ],
)
def test_the_universal_service_charge_of_a_published_example(percent, amount, due):
    charge = price_from({"model": "percentage", "currency": "USD", "percent": percent})

    assert rating.rate(charge, [amount]).amount.value == due

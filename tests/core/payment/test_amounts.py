"""Our minor units and the processor's integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.money import Money, minor_digits
from billing.core.payment import AmountNotChargeable, from_processor, to_processor
from billing.core.payment.amounts import PROCESSOR_DIGITS, PROCESSOR_STEP

# What the processor lists as zero-decimal (docs.stripe.com/currencies#zero-decimal).
ZERO_DECIMAL = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "MGA",
    "PYG",
    "RWF",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
CURRENCIES = sorted({"EUR", "USD", "KES", "HUF", *ZERO_DECIMAL, *PROCESSOR_DIGITS, *PROCESSOR_STEP})


@pytest.mark.parametrize(
    ("amount", "sent"),
    [
        (Money.parse("12.34", "EUR"), 1234),
        (Money.parse("500", "JPY"), 500),
        (Money.parse("5", "UGX"), 500),  # no decimals, and sent with two
        (Money.parse("5", "ISK"), 500),
        (Money.parse("12.00", "MGA"), 12),  # two decimals, and sent with none
        (Money.parse("1.230", "KWD"), 1230),
    ],
)
def test_an_amount_is_sent_in_the_processors_units(amount, sent):
    assert to_processor(amount) == sent
    assert from_processor(sent, amount.currency.lower()) == amount


@pytest.mark.parametrize(
    "amount",
    [
        Money.parse("12.34", "MGA"),  # the processor knows no part of an ariary
        Money.parse("1.234", "KWD"),  # three-decimal amounts end in zero
        Money.parse("0.00", "EUR"),
        Money.parse("-1.00", "EUR"),
    ],
)
def test_what_cannot_be_collected_to_the_last_unit_is_refused_and_never_rounded(amount):
    with pytest.raises(AmountNotChargeable, match="bank transfer"):
        to_processor(amount)


@pytest.mark.parametrize("currency", ZERO_DECIMAL)
def test_a_zero_decimal_currency_is_sent_in_whole_units(currency):
    whole = Money(7 * 10 ** minor_digits(currency), currency)
    assert to_processor(whole) == 7


@given(st.sampled_from(CURRENCIES), st.integers(1, 10**11))
def test_an_amount_comes_back_as_it_was_sent(currency, minor):
    amount = Money(minor, currency)
    try:
        sent = to_processor(amount)
    except AmountNotChargeable:
        return
    assert from_processor(sent, currency) == amount


@given(st.sampled_from(CURRENCIES), st.integers(1, 10**6), st.integers(1, 10**6))
def test_sent_amounts_add_up_like_ours(currency, one, other):
    unit = 10 ** max(0, minor_digits(currency)) * 10
    first, second = Money(one * unit, currency), Money(other * unit, currency)
    assert to_processor(first + second) == to_processor(first) + to_processor(second)

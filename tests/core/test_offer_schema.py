"""What a version promises besides its prices: read strictly, refused with path and fix."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.catalog import (
    BadPrice,
    Child,
    ContractTerms,
    Discount,
    TerminationFee,
    Trial,
    price_version_from,
    price_version_to_dict,
)

PRICES = [
    {"model": "flat", "code": "access", "amount": "40.00"},
    {"model": "graduated", "code": "data", "unit": "GB", "tiers": [{"per_unit": "0.10"}]},
]
PERCENT = {"code": "promo", "kind": "percent", "value": "50"}
UNITS = {"code": "gift", "kind": "units", "value": "50", "on": ["data"]}
FEE = {"kind": "per completed month", "amount": "180", "monthly": "15"}
STEPS = [{"from": 0, "fee": "100"}, {"from": 6, "fee": "50"}]


def version(**fields):
    head = {"offering_id": "fibre", "name": "Fibre", "valid_from": "2026-01-01", "currency": "EUR"}
    return price_version_from({**head, "prices": PRICES, **fields})


def fee(**fields):
    return version(contract={"months": 12, "termination": fields})


def test_a_version_with_everything_says_what_it_promises():
    read = version(
        discounts=[
            {**PERCENT, "name": "Half price", "on": ["access"], "periods": 3, "order": 1},
            {"code": "friend", "kind": "amount", "value": "5.00", "coupon": "FRIEND5"},
            UNITS,
        ],
        contract={"months": 24, "cooling_off_days": 14, "termination": FEE},
        trial={"days": 30, "usage": "free"},
        children=[{"offering_id": "tv"}, {"offering_id": "router", "quantity": 2}],
    )

    assert read.discounts == (
        Discount("promo", "Half price", "percent", Fraction(50), ("access",), 1, 3),
        Discount("friend", "friend", "amount", Fraction(500), coupon="FRIEND5"),
        Discount("gift", "gift", "units", Fraction(50), ("data",)),
    )
    terminated = TerminationFee("per completed month", Fraction(18000), Fraction(1500))
    assert read.contract == ContractTerms(24, 14, terminated)
    assert read.trial == Trial(30, "free")
    assert read.children == (Child("tv"), Child("router", 2))
    assert price_version_from(price_version_to_dict(read)) == read


def test_a_version_that_promises_nothing_writes_nothing():
    assert (
        not {"discounts", "contract", "trial", "children"} & price_version_to_dict(version()).keys()
    )


REFUSED = [
    ({**PERCENT, "value": "101"}, "discounts[0].value", "101 % is more than all; at most 100"),
    ({**PERCENT, "value": "0"}, "discounts[0].value", "it takes nothing off; write more than 0"),
    ({**PERCENT, "value": "-5"}, "discounts[0].value", "-5 is negative"),
    ({**PERCENT, "value": 0.5}, "discounts[0].value", 'write "0.5" in quotes'),
    ({**PERCENT, "amount": "5"}, "discounts[0].amount", 'write kind = "amount" and the figure'),
    ({"code": "x", "percent": "5"}, "discounts[0].percent", 'write kind = "percent"'),
    ({**PERCENT, "kind": "percentage"}, "discounts[0].kind", "did you mean percent?"),
    ({**PERCENT, "on": ["acess"]}, "discounts[0].on[0]", "did you mean access?"),
    ({**PERCENT, "on": ["voice"]}, "discounts[0].on[0]", "the prices are access, data"),
    ({**PERCENT, "on": ["data", "data"]}, "discounts[0].on", "name each once"),
    ({**PERCENT, "on": "data"}, "discounts[0].on", "'data' is no list"),
    ({**PERCENT, "on": [7]}, "discounts[0].on", "list the codes of prices"),
    ({**PERCENT, "periods": 0}, "discounts[0].periods", "write a number from 1"),
    ({**PERCENT, "order": -1}, "discounts[0].order", "write a number from 0"),
    ({**PERCENT, "coupon": " "}, "discounts[0].coupon", "is not text"),
    ({**PERCENT, "until": "May"}, "discounts[0].until", "there is no such field"),
    ({**UNITS, "on": ["access"]}, "discounts[0].on[0]", "'access' is not rated on units"),
    ({**UNITS, "value": "0"}, "discounts[0].value", "it takes nothing off"),
]  # fmt: skip


@pytest.mark.parametrize(("discount", "path", "text"), REFUSED)
def test_a_discount_that_cannot_be_is_refused_with_its_path_and_fix(discount, path, text):
    with pytest.raises(BadPrice, match=re.escape(text)) as refused:
        version(discounts=[discount])
    assert refused.value.path == f"version.{path}"


def test_two_discounts_do_not_share_a_code():
    with pytest.raises(BadPrice, match="'promo' is used twice; give each") as refused:
        version(discounts=[PERCENT, PERCENT])
    assert refused.value.path == "version.discounts[1].code"


def test_free_units_are_those_of_one_price():
    more = {**PRICES[1], "code": "night"}
    with pytest.raises(BadPrice, match="2 are meant; name the one price"):
        version(prices=[*PRICES, more], discounts=[{**UNITS, "on": []}])
    with pytest.raises(BadPrice, match="0 are meant"):
        version(prices=PRICES[:1], discounts=[{**UNITS, "on": []}])


@pytest.mark.parametrize(
    ("contract", "path", "text"),
    [
        ({}, "contract.months", "it is missing"),
        ({"months": 0}, "contract.months", "write a number from 1"),
        ({"months": 1, "cooling_off_days": 32}, "contract.cooling_off_days", "beyond the term"),
        ({"months": 12, "cooling_off_days": 367}, "contract.cooling_off_days", "of 12 months"),
        ({"months": 12, "cooling_off_days": -1}, "contract.cooling_off_days", "from 0"),
        ({"months": 12, "notice": 1}, "contract.notice", "there is no such field"),
        ({"months": 12, "termination": 5}, "contract.termination", "5 is no object"),
        (12, "contract", "12 is no object"),
    ],
)
def test_contract_terms_that_cannot_be_are_refused(contract, path, text):
    with pytest.raises(BadPrice, match=re.escape(text)) as refused:
        version(contract=contract)
    assert refused.value.path == f"version.{path}"


def test_the_longest_cooling_off_is_the_term():
    assert version(contract={"months": 14, "cooling_off_days": 366 + 62}).contract is not None


@pytest.mark.parametrize(
    ("termination", "path", "text"),
    [
        ({}, "kind", "it is missing"),
        ({"kind": "step"}, "kind", "did you mean steps?"),
        ({**FEE, "monthly": "181"}, "monthly", "181.00 is more than the fee itself"),
        ({**FEE, "monthly": "0"}, "monthly", "it costs nothing"),
        ({**FEE, "amount": "0"}, "amount", "or leave termination out"),
        ({**FEE, "percent": "5"}, "percent", "there is no such field"),
        ({"kind": "straight line", "amount": "9", "by": "week"}, "by", "write one of month, day"),
        ({"kind": "remaining", "percent": "101"}, "percent", "more than 0 and at most 100"),
        ({"kind": "remaining", "percent": "0"}, "percent", "more than 0 and at most 100"),
        ({"kind": "steps", "steps": []}, "steps", "list at least one"),
        ({"kind": "steps", "steps": [{"from": 1, "fee": "9"}]}, "steps[0].from", "begin with 0"),
        ({"kind": "steps", "steps": [*STEPS, STEPS[1]]}, "steps[2].from", "by rising months"),
        (
            {"kind": "steps", "steps": [*STEPS, {"from": 7, "fee": "60"}]},
            "steps[2].fee",
            "60.00 is more than the step before it; let the fee fall",
        ),
        (
            {"kind": "steps", "steps": [*STEPS, {"from": 12, "fee": "0"}]},
            "steps[2].from",
            "the term is over after 12 months",
        ),
    ],
)
def test_a_fee_that_cannot_be_is_refused(termination, path, text):
    with pytest.raises(BadPrice, match=re.escape(text)) as refused:
        fee(**termination)
    assert refused.value.path == f"version.contract.termination.{path}"


@pytest.mark.parametrize(
    ("fields", "path", "text"),
    [
        ({"trial": {"days": 0}}, "trial.days", "write a number from 1"),
        ({"trial": {"days": 3, "usage": "half"}}, "trial.usage", "write one of free, charged"),
        ({"children": []}, "children", "list at least one"),
        ({"children": [{"offering_id": "tv", "quantity": 0}]}, "children[0].quantity", "from 1"),
        ({"children": [{"offering_id": "fibre"}]}, "children[0].offering_id", "bundle itself"),
        (
            {"children": [{"offering_id": "tv"}, {"offering_id": "tv"}]},
            "children[1].offering_id",
            "'tv' is there twice; write it once, with its quantity",
        ),
    ],
)
def test_a_trial_or_a_bundle_that_cannot_be_is_refused(fields, path, text):
    with pytest.raises(BadPrice, match=re.escape(text)) as refused:
        version(**fields)
    assert refused.value.path == f"version.{path}"


figures = st.decimals("0.0001", "1000", places=4).map(str)
discounts = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["percent", "amount"]),
            "value": st.decimals("0.01", "99", places=2).map(str),
        },
        optional={
            "name": st.sampled_from(["Welcome", "Loyal"]),
            "on": st.sampled_from([["access"], ["data", "access"], []]),
            "order": st.integers(0, 9),
            "periods": st.integers(1, 36),
            "coupon": st.sampled_from(["A", "B"]),
        },
    ),
    min_size=1,
    max_size=4,
).map(lambda listed: [{**one, "code": f"d{place}"} for place, one in enumerate(listed)])
fees = st.one_of(
    st.builds(lambda a: {**FEE, "amount": a, "monthly": "0.0001"}, figures),
    st.builds(lambda a, by: {"kind": "straight line", "amount": a, "by": by}, figures,
              st.sampled_from(["month", "day"])),
    st.just({"kind": "steps", "steps": STEPS, "name": "Early end", "tax_included": True}),
    st.builds(lambda p: {"kind": "remaining", "percent": str(p)}, st.integers(1, 100)),
)  # fmt: skip


@given(discounts, fees, st.integers(7, 36), st.integers(0, 30))
def test_what_is_written_out_is_read_back(listed, termination, months, days):
    contract = {"months": months, "cooling_off_days": days, "termination": termination}
    read = version(discounts=listed, contract=contract, trial={"days": days + 1})

    assert price_version_from(price_version_to_dict(read)) == read

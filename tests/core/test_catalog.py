from datetime import date
from fractions import Fraction

import pytest

from billing.core.catalog import (
    BadPrice,
    NoPriceOn,
    Offering,
    Package,
    RecurringPrice,
    price_from,
    price_version_from,
    price_version_to_dict,
)
from tests.core.makers import plan

GRADUATED = {
    "model": "graduated",
    "code": "data",
    "unit": "GB",
    "currency": "EUR",
    "direction": "both",
    "tiers": [{"up_to": "100", "per_unit": "0"}, {"per_unit": "0.50"}],
}
PACKAGE = {
    "model": "package",
    "unit": "GB",
    "currency": "USD",
    "included": "1200",
    "block_size": "50",
    "block_price": "10.00",
    "ceiling": "100.00",
}
FLAT = {"model": "flat", "currency": "EUR", "amount": "29.99"}


def tiers(*listed: dict[str, str]) -> dict[str, object]:
    return {**GRADUATED, "tiers": list(listed)}


def test_a_short_price_gets_its_defaults():
    price = price_from(FLAT)
    assert price == RecurringPrice(
        code="recurring", name="Monthly charge", amount=Fraction(2999), currency="EUR"
    )


def test_a_package_is_read_in_minor_units_and_units():
    price = price_from(PACKAGE)
    assert price.model == Package(Fraction(1200), Fraction(50), Fraction(1000), Fraction(10000))
    assert (price.code, price.direction) == ("usage", "both")


@pytest.mark.parametrize(
    ("price", "path", "says"),
    [
        (tiers({"up_to": "100"}, {"up_to": "100"}, {}), "tiers[1].up_to", "tiers overlap"),
        (
            tiers({"up_to": "100"}, {"up_to": "50"}, {}),
            "tiers[1].up_to",
            "list tiers by rising up_to",
        ),
        (
            tiers({"per_unit": "1"}, {"up_to": "50"}),
            "tiers[0].up_to",
            "but the last an upper bound",
        ),
        (tiers({"up_to": "100"}), "tiers[0].up_to", "usage above 100 has no price"),
        (tiers({"up_to": "100"}, {"above": "120"}), "tiers[1].above", "leaves a gap"),
        (tiers({"up_to": "100"}, {"above": "80"}), "tiers[1].above", "leaves an overlap"),
        (tiers({"up_to": "0"}, {}), "tiers[0].up_to", "does not lie above 0"),
        (tiers({"upto": "100"}, {}), "tiers[0].upto", "did you mean up_to?"),
        (tiers(), "tiers", "list at least one"),
        ({**PACKAGE, "ceiling": "9.99"}, "ceiling", "below the price of one block, 10.00"),
        ({**PACKAGE, "block_size": "0"}, "block_size", "a block holds nothing"),
        ({**PACKAGE, "unit": "Gb"}, "unit", "write one of kB, MB, GB"),
        ({**PACKAGE, "direction": "dwon"}, "direction", "did you mean down?"),
        ({**PACKAGE, "currency": "EURO"}, "currency", "an ISO 4217 code such as EUR"),
        ({**PACKAGE, "block_price": 10.0}, "block_price", 'write "10.0" in quotes'),
        ({**PACKAGE, "block_price": "10,00"}, "block_price", "write digits and a point"),
        ({**PACKAGE, "block_price": "-1"}, "block_price", "is negative"),
        ({**PACKAGE, "blocksize": "1"}, "blocksize", "did you mean block_size?"),
        ({**FLAT, "amount": None}, "amount", "it is missing"),
        ({**FLAT, "in_advance": "yes"}, "in_advance", "write true or false"),
        ({"model": "flat", "amount": "1"}, "currency", "it is missing"),
        ({**FLAT, "model": "graduatd"}, "model", "did you mean graduated?"),
        (
            {**FLAT, "model": "block"},
            "model",
            "write one of flat, one_time, pass, per_unit, graduated",
        ),
    ],
)
def test_an_impossible_price_is_refused_with_its_path_and_its_fix(price, path, says):
    with pytest.raises(BadPrice) as refused:
        price_from(price)
    assert refused.value.path == f"price.{path}"
    assert says in str(refused.value)


def test_prices_sold_together_share_one_currency_and_have_their_own_codes():
    version = {"offering_id": "o", "valid_from": "2026-01-01", "name": "Fibre", "currency": "EUR"}
    with pytest.raises(BadPrice, match=r"version\.prices\[1\]\.currency: USD stands among"):
        price_version_from({**version, "prices": [FLAT, PACKAGE]})
    with pytest.raises(BadPrice, match=r"version\.prices\[1\]\.code: 'recurring' is used twice"):
        price_version_from({**version, "prices": [FLAT, FLAT]})
    with pytest.raises(BadPrice, match=r"version\.prices: there is none"):
        price_version_from({**version, "prices": []})


def test_a_price_names_no_currency_when_its_version_does():
    version = price_version_from(
        {
            "offering_id": "ofr_1",
            "version": 2,
            "valid_from": "2026-01-01",
            "name": "Fibre 100",
            "currency": "EUR",
            "prices": [{"model": "flat", "amount": "32.00"}],
        }
    )
    assert version.recurring[0].amount == 3200
    assert price_version_from(price_version_to_dict(version)) == version


def test_a_contract_gets_the_version_that_is_valid_on_the_day_it_is_signed():
    old = plan("Fibre", "30.00")
    new = price_version_from(
        {**price_version_to_dict(plan("Fibre", "33.00", version=2)), "valid_from": "2026-06-01"}
    )
    offering = Offering("fibre", "Fibre", (old, new))
    assert offering.version_on(date(2026, 5, 31)) == old
    assert offering.version_on(date(2026, 6, 1)) == new
    with pytest.raises(NoPriceOn, match="its first is valid from 2024-01-01"):
        offering.version_on(date(2023, 12, 31))

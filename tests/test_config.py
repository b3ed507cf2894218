from datetime import date
from fractions import Fraction

import pytest

from billing.config import ROOT, BadConfig, UnknownSeller, load_isp, load_plans

ISP, PLANS = ((ROOT / name).read_text("utf-8") for name in ("isp.toml", "plans.toml"))


def refusal(load, tmp_path, text, *edits):
    """What the loader says about a file after some edits."""
    for old, new in edits:
        assert old in text, f"the file has no {old!r} to edit"
        text = text.replace(old, new, 1)
    file = tmp_path / "edited.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(BadConfig) as refused:
        load(file)
    return str(refused.value)


def test_the_provider_of_the_repository_is_read():
    isp = load_isp()
    assert (isp.isp.name, isp.isp.currency, isp.isp.zone) == (
        *("Meridian Fibre", "EUR", "Europe/Dublin"),
    )
    assert isp.seller().address.country == "IE"
    assert isp.tax_rates[0].percent == Fraction(23)


def test_its_catalogue_is_read_as_price_versions():
    offerings = {offering.code: offering for offering in load_plans()}
    assert [*offerings][:4] == ["fibre-100", "fibre-500", "wireless-50", "business-1000"]
    assert len(offerings) == 17
    fibre = offerings["fibre-100"].version_on(date(2026, 10, 1))
    assert [price.name for price in fibre.prices] == ["Monthly charge", "Data"]
    assert fibre.recurring[0].amount == 3200


def test_the_id_of_an_offering_follows_from_its_code_and_nothing_else(tmp_path):
    file = tmp_path / "plans.toml"
    file.write_text(PLANS.replace("Fibre 100", "Fibre One Hundred").replace("32.00", "33.00"))
    assert [one.id for one in load_plans(file)] == [one.id for one in load_plans()]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("due_days", "due_dys", "cycles.due_dys: there is no such field; did you mean due_days?"),
        ("due_days = 14\n", "", "cycles.due_days: it is missing"),
        ("[branding]", "[brandin]", "brandin: there is no such field; did you mean branding?"),
        ('zone = "Europe/Dublin"', 'zone = "Europe/Dubln"', "isp.zone: 'Europe/Dubln' is not a"),
        ('"Europe/Dublin"', '"Europe/London"', "usage.grid_zone: Europe/Dublin is not isp.zone"),
        ('currency = "EUR"', 'currency = "EURO"', "isp.currency: 'EURO' is not a currency"),
        ('currency = "EUR"', 'currency = "USD"', "payments.currency: EUR is not isp.currency"),
        ('"0.50"', '"0.505"', "payments: '0.505' is not an amount of EUR: EUR has 2 decimals"),
        ('"23"', "23", "tax[0].percent: 23 is no percentage"),
        ('"23"', '"123"', "tax[0].percent: '123' is no percentage"),
        ('"zero"', '"standard"', "tax[1].valid_from: IE 'standard' has another rate on 2021-03-01"),
        ('country = "IE"', 'country = "Ireland"', "write two capital letters, such as IE"),
        ("3456 78", "3456 79", "sellers[0].iban: 'IE29 AIBK 9311 5212 3456 79' is no IBAN"),
        ("anchors = [1, 15]", "anchors = [1, 32]", "cycles.anchors[1]: 32 is wrong"),
        ("anchors = [1, 15]", "anchors = [1, 1]", "cycles.anchors: '1' stands twice"),
        ('"kinsale-bng-1"', '"cork-bng-1"', "nas: 'cork-bng-1' stands twice"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00", "nas[0].counting_from: 2024-01-01T00"),
        ("buckets = 4", "buckets = 0", "usage.buckets: 0 is wrong"),
        ("[isp]", "[isp", "it is not TOML"),
    ],
)
def test_a_mistake_in_the_description_is_named_with_its_path_and_its_fix(tmp_path, old, new, says):
    assert says in refusal(load_isp, tmp_path, ISP, (old, new))


def test_every_mistake_is_listed_at_once(tmp_path):
    said = refusal(load_isp, tmp_path, ISP, ("due_days", "due_dys"), ('"23"', '"many"'))
    assert "cycles.due_dys" in said
    assert "tax[0].percent" in said


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('up_to = "1000"', 'up_to = "400"', "prices[1].tiers[1].up_to: 400 does not lie above 500"),
        (
            'ceiling = "30.00"',
            'ceiling = "3.00"',
            "offerings[2].versions[0].prices[1].ceiling: 3.00",
        ),
        ('unit = "GB"', 'unit = "TX"', "offerings[0].versions[0].prices[1].unit: 'TX' is unknown"),
        ('model = "graduated"', 'model = "gradual"', "did you mean graduated?"),
        ("valid_from = 2024-01-01", "valid_form = 2024-01-01", "did you mean valid_from?"),
        ('name = "Fibre 100"', 'nam = "Fibre 100"', "offerings[0].nam: there is no such field"),
        ('code = "fibre-500"', 'code = "fibre-100"', "'fibre-100' is used twice"),
        ("32.00", "32,00", "write digits and a point"),
    ],
)
def test_an_impossible_plan_is_named_with_its_path_and_its_fix(tmp_path, old, new, says):
    assert says in refusal(load_plans, tmp_path, PLANS, (old, new))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadConfig, match=r"isp\.toml does not exist"):
        load_isp(tmp_path / "isp.toml")


def test_a_seller_is_found_by_its_id():
    assert load_isp().seller("meridian") == load_isp().seller()
    with pytest.raises(UnknownSeller, match=r"isp\.toml has meridian"):
        load_isp().seller("meridan")


def test_a_bundle_names_its_parts_by_their_codes(tmp_path):
    file = tmp_path / "plans.toml"
    file.write_text(PLANS)
    offerings = {offering.code: offering for offering in load_plans(file)}
    (part,) = offerings["home-bundle"].versions[0].children
    assert part.offering_id == offerings["phone-line"].id

    file.write_text(PLANS.replace('offering = "phone-line"', 'offering = "phone-lin"'))
    with pytest.raises(BadConfig, match=r"children\[0\].offering: 'phone-lin' is no offering; did"):
        load_plans(file)

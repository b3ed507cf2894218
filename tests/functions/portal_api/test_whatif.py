"""What past months would have cost on another plan: through the API, and on the console's page."""

import json
import re

import pytest

from functions.portal_api.usecases.whatif import sample_size
from tests.functions.bill_cycle import world as cycle
from tests.functions.portal_api.browsing import press, problems, words
from tests.functions.portal_api.conftest import enter_staff
from tests.functions.portal_api.test_rights import contents
from tests.functions.portal_api.world import PLANS, Door

METERED = {
    "currency": "EUR",
    "prices": [
        {"model": "flat", "code": "access", "amount": "20.00"},
        {"model": "package", "code": "data", "unit": "GB", "included": "300", "block_size": "100",
         "block_price": "6.00"},
    ],
}  # fmt: skip
WINDOWED = """
currency = "EUR"
prices = [{ model = "flat", code = "access", amount = "39.00" }]
"""


@pytest.fixture(scope="module")
def billed(shared_doors) -> None:
    """October is billed: Ada used 700 GB on Fibre 100, Ben and Cleo are on Fibre 500."""
    import os

    import boto3

    for name in ("DOCUMENTS_BUCKET", "ARCHIVE_BUCKET"):
        place = {"LocationConstraint": "eu-west-1"}
        boto3.client("s3").create_bucket(Bucket=os.environ[name], CreateBucketConfiguration=place)
    cycle.new_customer("Ada", "fibre-100")
    cycle.new_customer("Ben", "fibre-500")
    cycle.new_customer("Cleo", "fibre-500")
    cycle.downloaded("acc_ada", 700)
    cycle.whole_cycle()


@pytest.fixture
def clara(shared_doors, billed) -> Door:
    return enter_staff(shared_doors, "billing", name="clara")


def ask(door: Door, **wanted):
    return door.post("/v1/what-if", {"months": ["2026-10"], **wanted})


def by_account(answer) -> dict[str, tuple[str, str, str]]:
    return {
        one["accountId"]: tuple(one[side]["value"] for side in ("old", "new", "difference"))
        for one in answer.json["compared"]
    }


def test_everybody_on_another_plan_is_compared_with_what_their_own_costs(clara):
    answer = ask(clara, offeringId=PLANS["fibre-500"])

    assert answer.status == 200, answer.text
    assert by_account(answer) == {
        "acc_ada": ("42.00", "45.00", "3.00"),  # 32.00 and 200 GB at 0.05
        "acc_ben": ("45.00", "45.00", "0.00"),
        "acc_cleo": ("45.00", "45.00", "0.00"),
    }
    assert answer.json["change"] == {"value": "3.00", "unit": "EUR"}
    assert [answer.json[name] for name in ("accounts", "more", "less", "same")] == [3, 1, 0, 2]
    assert [one["accountId"] for one in answer.json["rises"]] == ["acc_ada"]
    assert (answer.json["lookedAt"], answer.json["everybody"]) == (3, 3)


def test_a_price_that_nobody_published_is_tried_on_who_held_a_plan(clara):
    answer = ask(clara, proposal=METERED, on=PLANS["fibre-100"])

    assert by_account(answer) == {"acc_ada": ("42.00", "44.00", "2.00")}
    assert answer.json["name"] == "Proposal"


def test_a_smaller_sample_is_the_same_accounts_each_time(clara):
    first, again = (ask(clara, offeringId=PLANS["fibre-500"], atMost=2) for _ in range(2))

    assert len(by_account(first)) == 2
    assert first.json == again.json
    assert (first.json["lookedAt"], first.json["everybody"]) == (2, 3)


@pytest.mark.parametrize(("months", "accounts"), [(1, 240), (2, 240), (3, 160), (12, 40)])
def test_over_many_months_the_sample_is_smaller(months, accounts):
    assert sample_size(months) == accounts


def test_another_currency_is_left_out_with_the_reason(clara):
    answer = ask(clara, proposal={"currency": "KES", "prices": [{"model": "flat", "amount": "1"}]})

    assert answer.json["compared"] == []
    assert {one["reason"] for one in answer.json["leftOut"]} == {"OtherCurrency"}
    assert "billed in EUR" in answer.json["leftOut"][0]["text"]


def test_it_writes_nothing_and_needs_no_idempotency_key(clara):
    before = contents()
    wanted = {"months": ["2026-10"], "offeringId": PLANS["fibre-500"]}

    assert clara.post("/v1/what-if", wanted, headers={"idempotency-key": ""}).status == 200
    assert contents() == before


@pytest.mark.parametrize(
    ("wanted", "status", "pointer"),
    [
        ({"offeringId": PLANS["fibre-500"], "months": ["2026-11"]}, 422, "#/months"),  # it runs
        ({"offeringId": PLANS["fibre-500"], "months": ["2026-13"]}, 422, "#/months/0"),
        ({"offeringId": PLANS["fibre-500"], "proposal": METERED}, 422, "#/offeringId"),
        ({}, 422, "#/offeringId"),
        (
            {"proposal": {"currency": "EUR", "prices": [{"model": "flat", "amount": "-1"}]}},
            422,
            "#/proposal/prices/0/amount",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(clara, wanted, status, pointer):
    answer = ask(clara, **wanted)

    assert (answer.status, answer.pointers) == (status, [pointer])


def test_an_unknown_plan_is_not_found(clara):
    assert ask(clara, offeringId="ofr_none").status == 404


def test_an_explanation_carries_the_price_the_inputs_and_where_they_were_seen(clara):
    bill = cycle.issued_to("acc_ada")[0]
    lines = clara.get(f"/v1/invoices/{bill.id}/explanation").json["lines"]
    data = next(line for line in lines if line["kind"] == "usage")

    assert (data["rule"], data["priceVersion"]) == ("rated", 2)
    assert data["offeringId"] == PLANS["fibre-100"]
    assert data["price"]["tiers"][1] | {"flat": "0.00"} == {
        "up_to": "1000", "per_unit": "0.05", "flat": "0.00",
    }  # fmt: skip
    assert data["inputs"]["counted"][0]["service_id"] == "svc_ada"
    assert data["evidence"][0].endswith("in this document")
    assert data["evidence"][1].startswith("usage of svc_ada from 2026-09-30T23:00:00Z")
    assert data["explanation"][-1].endswith("rounded to 10.00 EUR")


def test_a_line_on_a_page_folds_what_its_explanation_rests_on_and_leads_to_the_usage(clara):
    bill = cycle.issued_to("acc_ada")[0]
    page = clara.get(f"/console/invoices/{bill.id}")

    assert "rounded to 10.00 EUR" in words(page)
    assert "What this rests on Rule rated Seen in price data of version 2 of Fibre 100" in words(
        page
    )
    assert "usage of 7 Quay Street from 1 Oct 2026, 00:00" in words(page)
    assert '<a href="/console/customers/acc_ada#usage">Usage now</a>' in page.text


def test_the_page_shows_the_change_and_leads_to_the_customers(clara):
    page = clara.get("/console/what-if", query={"offering": PLANS["fibre-500"]})
    shown = press(clara, page, "/console/what-if", last="2026-10")

    assert shown.status == 200, words(shown)
    assert "3 accounts compared, out of all 3." in words(shown)
    assert "+€3.00" in words(shown)
    assert '<a href="/console/customers/acc_ada">Ada</a>' in shown.text
    assert "€2.00 to €3.00 more" in words(shown)
    assert "no change" in words(shown)


@pytest.mark.parametrize(
    "pasted",
    [
        WINDOWED,
        json.dumps({"currency": "EUR", "prices": [{"model": "flat", "amount": "39.00"}]}),
        json.dumps({"model": "flat", "currency": "EUR", "amount": "39.00"}),
        '[[offerings]]\ncode = "x"\nname = "X"\n[[offerings.versions]]\nvalid_from = 2026-01-01\n'
        + WINDOWED.strip(),
    ],
    ids=["toml", "json", "one price", "a plan of plans.toml"],
)
def test_a_price_is_pasted_in_any_form_it_is_written_in(clara, pasted):
    page = clara.get("/console/what-if")
    fields = {"offering": "pasted", "price": pasted, "last": "2026-10"}
    shown = press(clara, page, "/console/what-if", on=PLANS["fibre-500"], **fields)

    assert shown.status == 200, problems(shown)
    assert "−€12.00" in words(shown)  # two accounts from 45.00 to 39.00
    assert "2 accounts compared" in words(shown)


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("prices =", "neither TOML nor JSON"),
        ('currency = "EUR"\nprices = [{ model = "flat", amount = 39.5 }]', "prices[0].amount"),
        ("", "currency"),
    ],
)
def test_a_price_that_cannot_be_is_shown_again_with_what_is_wrong(clara, pasted, said):
    page = clara.get("/console/what-if")
    fields = {"offering": "pasted", "price": pasted, "last": "2026-10"}
    shown = press(clara, page, "/console/what-if", **fields)

    assert shown.status == 422
    assert said in problems(shown)[0]
    area = re.search(r"<textarea[^>]*>(.*?)</textarea>", shown.text, re.DOTALL)
    assert area is not None
    assert pasted.split("\n")[0].replace('"', "&#34;") in area.group(1)

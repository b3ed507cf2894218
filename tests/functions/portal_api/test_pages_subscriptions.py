"""Subscriptions on pages: their terms in words, what is left of an allowance, what one may do."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest

from billing.config import load_isp
from billing.core.usage import mediate, open_pack
from billing.store import usage
from functions.portal_api.usecases.subscriptions import rises
from tests.core.usage.facts import ARRIVED, KEYS, MB, pack, record
from tests.functions.portal_api.browsing import follow, post, press, words
from tests.functions.portal_api.test_subscriptions import (
    CONTRACT,
    DAY_PASS,
    PROMOTION,
    Plan,
    begin,
    empty_account,
    flat,
    sell,
    sell_bundle,
)
from tests.functions.portal_api.world import give_login

DATA = {
    "model": "allowance", "code": "data", "name": "Data", "unit": "GB", "after": "charge",
    "buckets": [{"code": "month", "name": "Monthly volume", "size": "1"}],
    "overage": {"model": "per_unit", "per_unit": "1.00"},
}  # fmt: skip
EXTRA = {"code": "extra", "name": "Top-up", "size": "5", "price": "4.00", "validity": "30 days"}
TOPPED_UP = DATA | {"buckets": [*DATA["buckets"], EXTRA]}
SINCE = "2026-11-01T00:00:00Z"


@pytest.fixture
def bea(billing) -> Plan:
    """Bea on a plan with everything that a page can say of one."""
    sell("ofr_all", "All in", flat("30.00"), DATA, DAY_PASS,
         discounts=[PROMOTION], contract=CONTRACT)  # fmt: skip
    sell("ofr_ip", "Fixed address", flat("3.00"))
    account_id = empty_account(billing)
    begun = begin(billing, account_id, "ofr_all", since=SINCE, coupons=["AUTUMN"]).json
    plan = Plan(billing, account_id, begun["id"])
    begin(billing, account_id, "ofr_ip", since=SINCE, parentId=plan.id, quantity=2)
    return plan


def downloaded(plan: Plan, megabytes: int) -> None:
    """Usage of this morning: so much down, a tenth of it up."""
    place = f"/v1/accounts/{plan.account_id}"
    service = plan.door.get(place).json["services"][0]["id"]
    held = {"identity": "user:bea", "since": SINCE}
    plan.door.post(f"{place}/services/{service}/identities", held)
    began, told = datetime(2026, 11, 2, 7, tzinfo=UTC), datetime(2026, 11, 2, 7, 50, tzinfo=UTC)
    settings = usage.settings_of(load_isp())
    packed = pack([record(told, megabytes * MB, began, user_name="bea", nas_id="cork-bng-1")], 1)
    usage.put(mediate([open_pack(packed, KEYS, ARRIVED)], settings).segments, settings)


def console(plan: Plan, *rest: str) -> str:
    return "/".join(["/console/customers", plan.account_id, *rest])


def test_the_customers_page_says_what_a_plan_promises_and_until_when(billing, bea):
    bea.do("pause", at="2026-11-10T00:00:00Z")
    told = words(billing.get(console(bea)))

    assert "Half price until 30 Apr 2027" in told
    assert "contract until 31 Oct 2027" in told
    assert "paused from 10 Nov 2026" in told
    assert "With it Fixed address, 2 ×" in told


def test_what_is_bought_stands_on_the_page(billing, bea):
    bea.do("purchases", code="day")

    assert "Bought: Day pass, 2 Nov 2026, 09:00" in words(billing.get(console(bea)))


def test_an_operation_is_previewed_and_then_done_once(billing, bea):
    page = billing.get(console(bea, "subscriptions", bea.id))
    assert "All in" in words(page)
    asked = {"do": "quantity", "quantity": "2", "when": "", "day": "2026-11-16"}
    preview = billing.get(console(bea, "plans", bea.id), query=asked)
    place = console(bea, "plans", bea.id)

    assert "€" in words(preview)
    assert [press(billing, preview, place).status for _ in range(2)] == [303, 303]
    assert [one["quantity"] for one in bea.now["segments"]] == [1, 2]


@pytest.mark.parametrize(
    "asked",
    [
        {"do": "pause", "when": "period-end", "day": "2026-11-16"},
        {"do": "buy", "code": "day"},
        {"offering": "end", "when": "now", "day": "2026-11-16"},
    ],
)
def test_what_can_be_done_can_be_previewed(billing, bea, asked):
    preview = billing.get(console(bea, "plans", bea.id), query=asked)

    assert preview.status == 200, words(preview)
    assert press(billing, preview, console(bea, "plans", bea.id)).status == 303


def test_what_is_scheduled_is_taken_back_on_the_page(billing, bea):
    bea.do("pause", at="2026-11-10T00:00:00Z")
    preview = billing.get(console(bea, "plans", bea.id), query={"do": "withdraw"})
    press(billing, preview, console(bea, "plans", bea.id))

    assert len(bea.now["segments"]) == 1


def test_a_price_of_ones_own_needs_a_reason(billing, bea):
    asked = {"code": "access", "amount": "20.00", "when": "", "day": "2026-11-16"}
    place = console(bea, "plans", bea.id, "price")
    assert billing.get(place, query=asked | {"reason": ""}).status == 422
    preview = billing.get(place, query=asked | {"reason": "outage"})

    assert press(billing, preview, place).status == 303
    assert bea.now["segments"][1]["overrides"][0]["value"] == "20.00"


def test_an_add_on_is_begun_by_the_form_of_a_plan(billing, bea):
    service = bea.now["serviceId"]
    place = console(bea, "services", service, "plan")
    page = billing.get(place, query={"parent": bea.id})

    assert press(billing, page, place, offering="ofr_ip", quantity="3").status == 303
    assert {one["segments"][0]["quantity"] for one in bea.others()} == {2, 3}


def test_pages_say_how_much_of_an_allowance_is_left(billing, as_customer, bea):
    downloaded(bea, 700)
    fragment = words(billing.get(console(bea, "usage")))

    assert "Monthly volume: 230 MB left of 1.0 GB" in fragment
    give_login("bea", bea.account_id)
    assert "Monthly volume: 230 MB left of 1.0 GB" in words(as_customer("bea").get("/usage"))


def test_what_was_just_bought_is_left_already(billing):
    sell("ofr_more", "More", flat("30.00"), TOPPED_UP)
    account_id = empty_account(billing, "Cleo")
    begun = begin(billing, account_id, "ofr_more", since=SINCE).json
    plan = Plan(billing, account_id, begun["id"])
    downloaded(plan, 1000)
    before = words(billing.get(console(plan, "usage")))
    plan.do("purchases", code="extra")
    after = words(billing.get(console(plan, "usage")))

    assert "Top-up" not in before
    assert "Top-up: 5.0 GB left of 5.0 GB" in after


def test_hour_by_hour_it_is_told_which_bucket_paid(billing, as_customer, bea):
    downloaded(bea, 1700)
    give_login("bea", bea.account_id)
    for page in (billing.get(console(bea, "allowances")), as_customer("bea").get("/allowances")):
        told = words(page)
        assert "2 Nov 2026, 07:00 Monthly volume 1.0 GB" in told
        assert "2 Nov 2026, 07:00 Charged above it 870 MB" in told
        assert "<svg" in page.text


def test_the_portal_says_until_when_one_is_bound_and_the_promotion_lasts(as_customer, bea):
    give_login("bea", bea.account_id)
    told = words(as_customer("bea").get("/"))

    assert "Half price until 30 Apr 2027" in told
    assert "Contract until 31 Oct 2027" in told
    assert "Fixed address" not in told


def test_the_parts_of_a_bundle_are_no_second_plan_on_pages(billing):
    sell_bundle()
    account_id = empty_account(billing)
    begin(billing, account_id, "ofr_trio", since=SINCE)
    listed = billing.get("/v1/accounts", query={"search": "Bea"}).json["data"]

    assert [one["plan"] for one in listed] == ["Trio"]
    assert "With it Television" in words(billing.get(f"/console/customers/{account_id}"))


def test_a_new_customer_may_come_with_a_coupon(billing):
    sell("ofr_promo", "Fibre Promo", flat("30.00"), discounts=[PROMOTION])
    page = billing.get("/console/customers/new")
    made = press(
        billing, page, "/console/customers/new", name="Nora", street="Quay", town="Cork",
        country="IE", offering="ofr_promo", coupon="AUTUMN", start="2026-11-02",
    )  # fmt: skip

    assert made.status == 303, words(made)
    place = made.headers["Location"].partition("?")[0]
    assert "Half price until 1 May 2027" in words(billing.get(place))


def test_a_column_for_coupons_may_stand_in_a_file_and_need_not(billing):
    sell("ofr_promo", "Fibre Promo", flat("30.00"), discounts=[PROMOTION])
    header = ("external_id,name,kind,email,phone,vat_id,street,number,postcode,town,region,country,"
              "tax_country,anchor,plan,identity,start,coupon")  # fmt: skip
    rows = [f"C-{n},Ada,person,,,,Quay,7,T12,Cork,,IE,IE,1,Fibre Promo,,2026-11-02,{coupon}"
            for n, coupon in enumerate(("AUTUMN", "SPRING", ""))]  # fmt: skip
    csv = {"content-type": "text/csv"}
    refused = billing.post("/v1/imports", "\n".join([header, *rows]), headers=csv)
    taken = billing.post("/v1/imports", "\n".join([header, rows[0], rows[2]]), headers=csv)

    assert refused.pointers == ["#/3/coupon"]
    assert taken.json["made"] == 2


def test_prices_are_raised_on_a_page_call_by_call(billing, monkeypatch):
    monkeypatch.setattr(rises, "MOVED_MAX", 1)
    sell("ofr_old", "Old", flat("32.99"))
    held = [
        Plan(billing, one, begin(billing, one, "ofr_old", since=SINCE).json["id"])
        for one in (empty_account(billing, name) for name in ("Bea", "Cleo"))
    ]
    place = "/console/plans/ofr_old/rise"
    asked = {"by": "3.00", "kind": "amount", "valid_from": "2026-12-01"}
    shown = press(billing, billing.get(place), place, **asked)
    preview = billing.get(place, query=asked | {"from_version": "1", "version": "2"})

    assert "2 subscriptions move, 0 keep their price" in words(preview)
    assert "€35.99" in words(preview)
    assert words(shown) == words(preview)
    page = press_post(billing, preview, place)
    while "Go on with the next ones" in words(page):
        page = press_post(billing, page, place)
    assert "On the new version from that day on: 2 ." in words(page)
    assert {one.now["segments"][-1]["version"] for one in held} == {2}


def press_post(door, page, place: str):
    """The form of the page that does it, and where it leads."""
    found = re.search(rf'<form method="post" action="{place}".*?</form>', page.text, re.S)
    assert found, words(page)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', found.group()))
    return follow(door, post(door, place, **{k: unescape(v) for k, v in fields.items()}))

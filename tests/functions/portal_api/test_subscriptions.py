"""What may be done to a subscription: each operation, and what is said before of its cost."""

from typing import Any

import pytest

from billing.core.catalog import price_version_from
from billing.store import accounts, catalog
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import load_customer
from billing.store.timeline import Event, list_events
from functions.portal_api.usecases.subscriptions import rises
from tests.functions.portal_api.test_drafted import DIGEST, OCTOBER, prepared
from tests.functions.portal_api.test_plans import bill_in_advance
from tests.functions.portal_api.world import ADDRESS, NOW, PLANS, open_customer

MIDDLE = "2026-11-16T00:00:00Z"


def flat(amount: str, code: str = "access", name: str = "Monthly charge", **more: Any):
    return {"model": "flat", "code": code, "name": name, "amount": amount} | more


def sell(offering_id: str, name: str, *prices: Any, version: int = 1, **more: Any) -> None:
    """One more offering, as plans.toml or the API brings it."""
    made = price_version_from(
        {"offering_id": offering_id, "version": version, "valid_from": "2026-01-01", "name": name,
         "currency": "EUR", "prices": list(prices)} | more
    )  # fmt: skip
    told = Event("offering.version-added", "staff:mira", offering_id, name, NOW)
    catalog.put_price_version(made, told)


class Plan:
    """A subscription as a program of billing staff handles it."""

    def __init__(self, door, account_id: str, id: str) -> None:
        self.door, self.account_id, self.id = door, account_id, id
        self.place = f"/v1/accounts/{account_id}/subscriptions/{id}"

    @property
    def now(self) -> Any:
        return self.door.get(self.place).json

    def ask(self, what: str, **body: Any) -> Any:
        """The answer to the operation on the version that stands now."""
        headers = {"if-match": f'"{self.now["version"]}"'}
        return self.door.post(f"{self.place}/{what}", body, headers=headers)

    def do(self, what: str, **body: Any) -> Any:
        answer = self.ask(what, **body)
        assert answer.status in (200, 201), answer.text
        return answer.json

    def others(self) -> list[Any]:
        """What hangs from it."""
        known = self.door.get(f"/v1/accounts/{self.account_id}").json["subscriptions"]
        return [one for one in known if one["parentId"] == self.id]


def plan_of(door, account_id: str) -> Plan:
    known = door.get(f"/v1/accounts/{account_id}").json["subscriptions"]
    return Plan(door, account_id, next(one["id"] for one in known if not one["parentId"]))


@pytest.fixture
def ada(billing) -> Plan:
    """Ada on Fibre 100 at 32.00 since November, which was billed in advance."""
    account_id = open_customer(billing, "Ada")
    bill_in_advance(account_id)
    return plan_of(billing, account_id)


def begin(door, account_id: str, offering_id: str, **more: Any) -> Any:
    services = load_customer(account_id, EVERY_ACCOUNT).services
    home = next(one.id for one in services if one.name == "Home")
    wanted = {"serviceId": home, "offeringId": offering_id, "since": MIDDLE} | more
    return door.post(f"/v1/accounts/{account_id}/subscriptions", wanted)


def empty_account(door, name: str = "Bea") -> str:
    """A customer with a service and no plan."""
    party = door.post("/v1/parties", {"kind": "person", "name": name}).json["id"]
    wanted = {"partyId": party, "billingAddress": ADDRESS, "taxPlace": {"country": "IE"}}
    account_id = door.post("/v1/accounts", wanted).json["id"]
    door.post(f"/v1/accounts/{account_id}/services", {"name": "Home", "site": ADDRESS})
    return account_id


def amounts(preview: Any) -> list[tuple[str, str]]:
    return [(line["kind"], line["amount"]["value"]) for line in preview["lines"]]


# How it begins


def test_two_of_a_plan_cost_twice_its_price(billing):
    account_id = empty_account(billing)
    service = load_customer(account_id, EVERY_ACCOUNT).services[0].id
    wanted = {"serviceId": service, "offeringId": PLANS["fibre-500"], "since": MIDDLE}

    place = f"/v1/accounts/{account_id}/subscriptions"
    shown = billing.post(f"{place}/preview", wanted | {"quantity": 2}).json
    begun = billing.post(place, wanted | {"quantity": 2}).json

    assert shown["total"]["value"] == "45.00"  # two at 45.00, for 15 of 30 days
    assert begun["segments"][0]["quantity"] == 2


def sell_bundle() -> None:
    sell("ofr_tv", "Television", flat("10.00"))
    sell("ofr_phone", "Telephone", flat("6.00"))
    sell("ofr_trio", "Trio", flat("40.00"), children=[
        {"offering_id": "ofr_tv"}, {"offering_id": "ofr_phone", "quantity": 2}])  # fmt: skip


def test_a_bundle_begins_with_its_parts_in_one_transaction(billing):
    sell_bundle()
    account_id = empty_account(billing)
    begun = begin(billing, account_id, "ofr_trio")
    trio = Plan(billing, account_id, begun.json["id"])

    assert begun.status == 201, begun.text
    names = [(one["segments"][0]["name"], one["segments"][0]["quantity"]) for one in trio.others()]
    assert sorted(names) == [("Telephone", 2), ("Television", 1)]
    told = [one.text for one in list_events(account_id, EVERY_ACCOUNT).items]
    assert len([text for text in told if "begins" in text]) == 1


def test_the_parts_end_with_their_bundle_and_the_preview_says_so(billing):
    sell_bundle()
    account_id = empty_account(billing)
    trio = Plan(billing, account_id, begin(billing, account_id, "ofr_trio").json["id"])
    shown = trio.do("preview-end", at="2026-11-26T00:00:00Z")
    trio.do("end", at="2026-11-26T00:00:00Z")

    assert [one["segments"][-1]["until"] for one in shown["others"]] == ["2026-11-26T00:00:00Z"] * 2
    assert {one["segments"][-1]["until"] for one in trio.others()} == {"2026-11-26T00:00:00Z"}
    assert shown["total"]["value"] == "20.66"  # 10 of 30 days: 13.33 + 3.33 + 4.00


def test_two_of_a_bundle_have_twice_its_parts(billing):
    sell_bundle()
    account_id = empty_account(billing)
    trio = Plan(billing, account_id, begin(billing, account_id, "ofr_trio").json["id"])
    trio.do("quantity", quantity=2, at="2026-11-26T00:00:00Z")

    held = {one["segments"][1]["name"]: one["segments"][1]["quantity"] for one in trio.others()}
    assert held == {"Television": 2, "Telephone": 4}


def test_a_part_of_a_bundle_is_not_ended_alone(billing):
    sell_bundle()
    account_id = empty_account(billing)
    trio = Plan(billing, account_id, begin(billing, account_id, "ofr_trio").json["id"])
    part = Plan(billing, account_id, trio.others()[0]["id"])

    refused = part.ask("end", at="2026-11-26T00:00:00Z")

    assert (refused.status, refused.json["title"]) == (409, "Part of bundle")


def test_another_plan_instead_of_a_bundle_ends_the_parts_it_has_not(billing):
    sell_bundle()
    sell("ofr_duo", "Duo", flat("30.00"), children=[{"offering_id": "ofr_tv"}])
    account_id = empty_account(billing)
    trio = Plan(billing, account_id, begin(billing, account_id, "ofr_trio").json["id"])
    trio.do("change", offeringId="ofr_duo", at="2026-11-26T00:00:00Z")

    ends = {one["segments"][-1]["name"]: one["segments"][-1]["until"] for one in trio.others()}
    assert ends == {"Television": None, "Telephone": "2026-11-26T00:00:00Z"}


def test_an_add_on_stands_beside_the_plan_and_ends_with_it(billing, ada):
    sell("ofr_ip", "Fixed address", flat("3.00"))
    added = begin(billing, ada.account_id, "ofr_ip", parentId=ada.id, quantity=2)
    ada.do("end", at="2026-11-21T00:00:00Z")

    assert added.status == 201, added.text
    (add_on,) = ada.others()
    assert (add_on["segments"][0]["quantity"], add_on["segments"][0]["until"]) == (
        2, "2026-11-21T00:00:00Z")  # fmt: skip


def test_a_second_plan_on_a_service_is_refused_and_an_add_on_is_none(billing, ada):
    sell("ofr_ip", "Fixed address", flat("3.00"))
    assert begin(billing, ada.account_id, "ofr_ip").status == 409
    assert begin(billing, ada.account_id, "ofr_ip", parentId=ada.id).status == 201
    assert begin(billing, ada.account_id, "ofr_ip", parentId="sub_of_nobody").status == 404


PROMOTION = {"code": "half", "name": "Half price", "kind": "percent", "value": "50",
             "periods": 6, "coupon": "AUTUMN"}  # fmt: skip


def test_a_coupon_gives_its_discount_until_a_day(billing):
    sell("ofr_promo", "Fibre Promo", flat("30.00"), discounts=[PROMOTION])
    account_id = empty_account(billing)
    begun = begin(billing, account_id, "ofr_promo", coupons=["AUTUMN"]).json

    assert begun["discounts"] == [
        {"code": "half", "name": "Half price", "coupon": "AUTUMN",
         "since": "2026-11-16", "until": "2027-05-16"}
    ]  # fmt: skip


def test_a_coupon_that_takes_nothing_off_is_refused(billing):
    sell("ofr_promo", "Fibre Promo", flat("30.00"), discounts=[PROMOTION])
    refused = begin(billing, empty_account(billing), "ofr_promo", coupons=["SPRING"])

    assert (refused.status, refused.json["title"]) == (422, "Unknown coupon")


POOL = {
    "model": "allowance", "code": "data", "name": "Data", "unit": "GB", "after": "charge",
    "pooled": True, "buckets": [{"code": "month", "name": "Monthly volume", "size": "100"}],
    "overage": {"model": "per_unit", "per_unit": "1.00"},
}  # fmt: skip


def test_members_share_a_pooled_allowance_and_no_other_plan(billing):
    account_id = empty_account(billing)
    place = f"/v1/accounts/{account_id}/services"
    cabin = billing.post(place, {"name": "Cabin", "site": ADDRESS}).json["id"]
    sell("ofr_pool", "Pool", flat("50.00"), POOL)

    assert begin(billing, account_id, PLANS["fibre-500"], members=[cabin]).status == 422
    assert begin(billing, account_id, "ofr_pool", members=["svc_of_another"]).status == 422
    begun = begin(billing, account_id, "ofr_pool", members=[cabin])
    assert begun.json["segments"][0]["members"] == [cabin]


# What happens to it


def test_a_change_at_the_periods_end_is_scheduled_for_it(ada):
    ada.do("change", offeringId=PLANS["fibre-500"], at="period-end")

    assert [one["since"] for one in ada.now["segments"]][1] == "2026-12-01T00:00:00Z"


def test_a_change_now_is_of_the_instant_of_the_request(ada):
    ada.do("change", offeringId=PLANS["fibre-500"], at="now")

    assert ada.now["segments"][1]["since"] == "2026-11-02T09:00:00Z"


def test_what_is_scheduled_can_be_withdrawn_until_it_happens(ada):
    before = ada.now["segments"]
    ada.do("change", offeringId=PLANS["fibre-500"], at="period-end")
    ada.do("withdraw")

    assert ada.now["segments"] == before
    assert ada.ask("withdraw").json["title"] == "Nothing changes"


def test_a_withdrawn_change_leaves_promotion_and_contract_as_they_were(billing):
    other = PROMOTION | {"code": "other", "name": "Other", "coupon": ""}
    del other["coupon"]
    sell("ofr_promo", "Fibre Promo", flat("30.00"), discounts=[PROMOTION])
    sell("ofr_bound", "Bound", flat("40.00"), discounts=[other], contract=CONTRACT)
    account_id = empty_account(billing)
    begun = begin(billing, account_id, "ofr_promo", since="2026-11-01T00:00:00Z",
                  coupons=["AUTUMN"]).json  # fmt: skip
    plan = Plan(billing, account_id, begun["id"])
    changed = plan.do("change", offeringId="ofr_bound", at=MIDDLE)
    plan.do("withdraw")

    assert changed["contract"] is not None
    assert changed["discounts"] != begun["discounts"]
    for part in ("segments", "discounts", "contract"):
        assert plan.now[part] == begun[part]


def test_an_end_that_is_withdrawn_lets_the_parts_run_on(billing):
    sell_bundle()
    account_id = empty_account(billing)
    begun = begin(billing, account_id, "ofr_trio", since="2026-11-02T00:00:00Z")
    trio = Plan(billing, account_id, begun.json["id"])
    trio.do("end", at="2026-11-26T00:00:00Z")
    trio.do("withdraw")

    assert {one["segments"][-1]["until"] for one in [trio.now, *trio.others()]} == {None}


def test_a_second_one_costs_its_share_of_the_period(ada):
    shown = ada.do("preview-quantity", quantity=2, at=MIDDLE)
    ada.do("quantity", quantity=2, at=MIDDLE)

    assert shown["total"]["value"] == "16.00"  # 32.00 for 15 of 30 days
    assert [one["quantity"] for one in ada.now["segments"]] == [1, 2]


def test_a_pause_credits_what_was_paid_and_charges_what_a_pause_costs(billing):
    sell("ofr_rest", "Resting", flat("30.00", while_paused="6.00"))
    account_id = empty_account(billing)
    begun = begin(billing, account_id, "ofr_rest", since="2026-11-01T00:00:00Z")
    bill_in_advance(account_id)
    plan = Plan(billing, account_id, begun.json["id"])
    shown = plan.do("preview-pause", at=MIDDLE)
    plan.do("pause", at=MIDDLE)
    plan.do("resume", at="2026-11-26T00:00:00Z")

    assert shown["total"]["value"] == "-12.00"  # −15.00 + 3.00
    assert [one["paused"] for one in plan.now["segments"]] == [False, True, False]
    assert plan.ask("resume", at="2026-11-27T00:00:00Z").json["title"] == "Nothing changes"


def test_a_price_of_ones_own_is_set_by_billing_with_a_reason(as_staff, ada):
    wanted = {"code": "access", "amount": {"value": "20.00", "unit": "EUR"}, "at": MIDDLE}
    support = Plan(as_staff("support", name="sue"), ada.account_id, ada.id)

    refused = support.ask("override", **wanted, reason="a friend")
    assert (refused.status, refused.json["title"]) == (403, "Role refused")
    ada.door = as_staff("billing")
    assert ada.ask("override", **wanted, reason="").status == 422
    assert ada.do("preview-override", **wanted, reason="outage")["total"]["value"] == "-6.00"
    ada.do("override", **wanted, reason="outage in October")

    assert ada.now["segments"][1]["overrides"] == [
        {"code": "access", "value": "20.00", "unit": "EUR"}
    ]
    events = list_events(ada.account_id, EVERY_ACCOUNT).items
    (told,) = [one for one in events if one.kind == "subscription.price-overridden"]
    assert (told.data["reason"], "outage in October" in told.text) == ("outage in October", True)


def test_the_lists_price_comes_back_when_the_override_ends(ada):
    own = {"value": "20.00", "unit": "EUR"}
    ada.do("override", code="access", amount=own, at=MIDDLE, reason="outage")
    ada.do("override", code="access", amount=None, at="2026-11-26T00:00:00Z", reason="over")

    assert [one["overrides"] == [] for one in ada.now["segments"]] == [True, False, True]


CONTRACT = {"months": 12, "termination": {"kind": "per completed month", "amount": "180.00",
                                          "monthly": "15.00"}}  # fmt: skip


def test_the_preview_of_an_end_within_the_term_shows_the_fee_and_the_refund(billing):
    sell("ofr_bound", "Bound", flat("30.00"), contract=CONTRACT)
    account_id = empty_account(billing)
    begun = begin(billing, account_id, "ofr_bound", since="2026-11-01T00:00:00Z")
    bill_in_advance(account_id)
    plan = Plan(billing, account_id, begun.json["id"])
    shown = plan.do("preview-end", at=MIDDLE)

    assert amounts(shown) == [("credit", "-15.00"), ("termination", "180.00")]
    assert plan.now["contract"] == {"months": 12, "signedOn": "2026-11-01", "until": "2027-11-01"}


DAY_PASS = {"model": "pass", "code": "day", "name": "Day pass", "amount": "2.00",
            "validity": "24 hours"}  # fmt: skip


def test_a_pass_bought_twice_under_one_key_is_bought_once(billing):
    sell("ofr_pocket", "Pocket", flat("5.00"), DAY_PASS)
    account_id = empty_account(billing)
    begun = begin(billing, account_id, "ofr_pocket", since="2026-11-01T00:00:00Z").json
    place = f"/v1/accounts/{account_id}/subscriptions/{begun['id']}/purchases"
    sent = {"if-match": '"1"', "idempotency-key": "one-day"}
    first, again = (billing.post(place, {"code": "day"}, headers=sent) for _ in range(2))

    assert first.status == again.status == 201, first.text
    assert first.json == again.json
    assert [one["code"] for one in first.json["purchases"]] == ["day"]


def test_what_the_plan_does_not_sell_cannot_be_bought(ada):
    assert ada.ask("purchases", code="day").json["title"] == "Not sold"


@pytest.mark.parametrize("at", ["tomorrow", "2026-13-01T00:00:00Z", "2026-11-16", ""])
def test_a_moment_is_an_instant_or_one_of_two_words(ada, at):
    refused = ada.ask("pause", at=at)

    assert (refused.status, refused.pointers) == (422, ["#/at"])


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("quantity", {"quantity": 2, "at": "2026-10-20T00:00:00Z"}),
        ("pause", {"at": "2026-10-20T00:00:00Z"}),
        ("end", {"at": "2026-10-20T00:00:00Z"}),
    ],
)
def test_what_is_dated_into_a_period_in_review_makes_its_approval_void(billing, what, body):
    account_id = open_customer(billing, "Ada", since="2026-09-01T00:00:00Z")
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    prepared(run_id)
    plan_of(billing, account_id).do(what, **body)

    seen = {"revision": 1, "digest": DIGEST}
    assert billing.post(f"/v1/bill-runs/{run_id}/approve", seen).status == 409


# A dated rise


def rise(door, offering_id: str, **more: Any) -> Any:
    wanted = {"version": 2, "validFrom": "2026-12-01", "fromVersions": [1],
              "byAmount": {"value": "3.00", "unit": "EUR"}} | more  # fmt: skip
    return door.post(f"/v1/offerings/{offering_id}/rise", wanted)


@pytest.fixture
def five(billing, monkeypatch) -> list[Plan]:
    """Five customers on one plan; a call of a rise looks at two of them."""
    monkeypatch.setattr(rises, "MOVED_MAX", 2)
    sell("ofr_old", "Old", flat("32.99"))
    plans = []
    for name in ("Ada", "Bea", "Cleo", "Dora", "Eve"):
        account_id = empty_account(billing, name)
        begun = begin(billing, account_id, "ofr_old", since="2026-11-01T00:00:00Z").json
        plans.append(Plan(billing, account_id, begun["id"]))
    return plans


def test_a_rise_goes_on_call_by_call_until_everybody_has_moved(billing, five):
    calls, cursor = [], None
    while not calls or cursor:
        answer = rise(billing, "ofr_old", cursor=cursor)
        assert answer.status == 200, answer.text
        calls.append(answer.json["moved"])
        cursor = answer.json["nextCursor"]

    assert sum(calls) == 5
    assert max(calls) <= 2
    for plan in five:
        old, new = plan.now["segments"]
        assert (old["version"], new["version"], new["since"]) == (1, 2, "2026-12-01T00:00:00Z")
    assert catalog.load_price_version("ofr_old", 2).recurring[0].amount == 3599


def test_a_call_that_is_sent_again_moves_nobody_twice(billing, five, monkeypatch):
    monkeypatch.setattr(rises, "MOVED_MAX", 10)
    first, again = rise(billing, "ofr_old").json, rise(billing, "ofr_old").json

    assert (first["moved"], again["moved"]) == (5, 5)
    assert {plan.now["version"] for plan in five} == {2}


def test_who_holds_another_version_keeps_it(billing, five, monkeypatch):
    monkeypatch.setattr(rises, "MOVED_MAX", 10)
    sell("ofr_old", "Old", flat("40.00"), version=2, valid_from="2026-11-10")
    late = empty_account(billing, "Late")
    newest = Plan(billing, late, begin(billing, late, "ofr_old").json["id"])
    asked = {"version": 3, "validFrom": "2026-12-01", "fromVersions": [1], "byPercent": "10"}
    shown = billing.post("/v1/offerings/ofr_old/preview-rise", asked).json
    moved = billing.post("/v1/offerings/ofr_old/rise", asked).json

    assert (shown["moving"], shown["staying"], shown["complete"]) == (5, 1, True)
    assert moved["moved"] == 5
    assert [one["version"] for one in newest.now["segments"]] == [2]
    assert five[0].now["segments"][1]["version"] == 3


def test_who_is_billed_beyond_the_day_is_left_and_named(billing, five, monkeypatch):
    monkeypatch.setattr(rises, "MOVED_MAX", 10)
    bill_in_advance(five[0].account_id)  # of the cycle of October
    answer = rise(billing, "ofr_old", validFrom="2026-10-15").json

    assert answer["moved"] == 4
    assert [one["subscriptionId"] for one in answer["left"]] == [five[0].id]
    assert "billed already" in answer["left"][0]["why"]


@pytest.mark.parametrize(
    "wrong", [{"fromVersions": [7]}, {"version": 9}, {"byPercent": "3"}, {"codes": ["nothing"]}]
)
def test_a_rise_of_nothing_is_refused_and_writes_nothing(billing, five, wrong):
    assert rise(billing, "ofr_old", **wrong).status == 422
    assert len(catalog.load_offering("ofr_old").versions) == 1


def test_the_store_lists_who_goes_on_with_the_offering(billing, five):
    five[0].do("end", at=MIDDLE)
    prices = catalog.price_versions()

    held = {one.id for one in accounts.list_held("ofr_old", prices).items}
    assert held == {plan.id for plan in five[1:]}

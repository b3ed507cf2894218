"""Changing and ending a plan, with what it will cost said before."""

from datetime import date

import pytest

from billing.config import ROOT, load, load_isp
from billing.core import invoicing
from billing.core.charging import recurring_charges
from billing.core.period import Period
from billing.store import accounts, catalog, invoices
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import load_customer
from billing.store.timeline import Event
from tests.functions.portal_api.world import NOW, PLANS, events_of, open_customer

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1), "Europe/Dublin")
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), "Europe/Dublin")
MIDDLE = "2026-11-16T00:00:00Z"


ONE_MORE = """
[[offerings]]
code = "fibre-2000"
name = "Fibre 2000"
[[offerings.versions]]
valid_from = 2026-11-01
currency = "EUR"
prices = [{ model = "flat", code = "access", name = "Monthly charge", amount = "80.00" }]
"""


def bill_in_advance(account_id: str) -> None:
    """An invoice that charged November in advance, as the cycle of October does."""
    customer = load_customer(account_id, EVERY_ACCOUNT)
    charges = recurring_charges(customer.subscriptions[0], NOVEMBER)
    made = invoicing.draft(
        account_id=account_id,
        run_id="run_1",
        revision=1,
        period=OCTOBER,
        currency="EUR",
        language="en",
        seller={"id": "meridian"},
        buyer={"name": customer.subject.name},
        charges=charges,
        taxes=(),
        counted=(),
        pay_token=f"token-{account_id}",
    )
    issued = invoicing.number(made, "MF-1", date(2026, 11, 1), date(2026, 11, 15))
    invoices.issue(issued, Event("invoice.issued", "system:t", issued.id, "issued", NOW))


@pytest.fixture
def subscribed(billing):
    """Ada on Fibre 100 (32.00), billed in advance for November; the address of her plan."""
    account_id = open_customer(billing, "Ada")
    bill_in_advance(account_id)
    found = billing.get(f"/v1/accounts/{account_id}").json["subscriptions"][0]
    return f"/v1/accounts/{account_id}/subscriptions/{found['id']}"


def change(door, place, verb="change", version=1, **wanted):
    body = {"offeringId": PLANS["fibre-500"], "at": MIDDLE} | wanted
    headers = {"if-match": f'"{version}"'} if verb == "change" else {}
    return door.post(f"{place}/{verb}", body, headers=headers)


def test_a_preview_says_what_the_next_bill_gets_and_writes_nothing(billing, subscribed):
    shown = change(billing, subscribed, "preview-change")

    assert shown.status == 200, shown.text
    assert [(line["kind"], line["amount"]["value"]) for line in shown.json["lines"]] == [
        ("credit", "-16.00"),
        ("proration", "22.50"),
    ]
    assert shown.json["total"] == {"value": "6.50", "unit": "EUR"}
    assert billing.get(subscribed).json["version"] == 1


def test_a_preview_needs_no_idempotency_key_because_it_changes_nothing(billing, subscribed):
    body = {"offeringId": PLANS["fibre-500"], "at": MIDDLE}
    shown = billing.post(f"{subscribed}/preview-change", body, headers={"idempotency-key": ""})

    assert shown.status == 200


def test_a_change_does_what_the_preview_said(billing, subscribed):
    previewed = change(billing, subscribed, "preview-change").json
    changed = change(billing, subscribed)

    assert changed.status == 200
    assert changed.json["segments"] == previewed["subscription"]["segments"]
    assert [one["name"] for one in changed.json["segments"]] == ["Fibre 100", "Fibre 500"]
    assert changed.json["segments"][1]["since"] == MIDDLE


def test_of_two_changes_on_the_same_version_one_is_refused(billing, subscribed):
    assert change(billing, subscribed).status == 200
    assert change(billing, subscribed, offeringId=PLANS["wireless-50"]).status == 412


def test_a_change_into_the_past_is_refused_with_the_fix(billing, subscribed):
    refused = change(billing, subscribed, at="2026-10-01T00:00:00Z")

    assert refused.status == 409
    assert "choose a later instant" in refused.json["detail"]


def test_a_change_to_the_plan_that_is_held_is_refused_and_leaves_no_trace(billing, subscribed):
    account_id = subscribed.split("/")[3]
    before = events_of(account_id)
    for verb in ("preview-change", "change"):
        refused = change(billing, subscribed, verb, offeringId=PLANS["fibre-100"])
        assert (refused.status, refused.json["title"]) == (409, "Plan held already")

    assert billing.get(subscribed).json["version"] == 1
    assert events_of(account_id) == before


def test_what_is_billed_is_not_dated_back_into(billing):
    account_id = open_customer(billing, "Ada", since="2026-09-20T00:00:00Z")
    bill_in_advance(account_id)  # by the cycle of October
    found = billing.get(f"/v1/accounts/{account_id}").json
    place = f"/v1/accounts/{account_id}/subscriptions"
    ours = f"{place}/{found['subscriptions'][0]['id']}"
    late = "2026-10-31T23:59:59Z"  # Dublin keeps winter time: midnight is a second later
    seen = {"if-match": '"1"'}
    refused = [
        change(billing, ours, at=late),
        change(billing, ours, "preview-change", at=late),
        billing.post(f"{ours}/end", {"at": late}, headers=seen),
        billing.post(f"{ours}/preview-end", {"at": late}),
        billing.post(
            place,
            {
                "serviceId": found["services"][0]["id"],
                "offeringId": PLANS["fibre-500"],
                "since": late,
            },
        ),
    ]

    assert {(one.status, one.json["title"]) for one in refused} == {(409, "Period billed already")}
    assert "2026-11-01 or after" in refused[0].json["detail"]
    assert billing.get(ours).json["version"] == 1
    assert change(billing, ours, at="2026-11-01T00:00:00Z").status == 200


def test_a_bill_outside_the_cycle_closes_no_period(billing):
    account_id = open_customer(billing, "Ada", since="2026-09-20T00:00:00Z")
    lines = [{"text": "Visit", "amount": {"value": "60.00", "unit": "EUR"}}]
    wanted = {"accountId": account_id, "lines": lines}
    assert billing.post("/v1/invoices", wanted).status == 201
    found = billing.get(f"/v1/accounts/{account_id}").json["subscriptions"][0]
    ours = f"/v1/accounts/{account_id}/subscriptions/{found['id']}"

    assert change(billing, ours, at="2026-10-16T00:00:00Z").status == 200


def test_the_same_end_twice_is_refused_and_leaves_no_trace(billing, subscribed):
    account_id = subscribed.split("/")[3]
    ended = billing.post(f"{subscribed}/end", {"at": MIDDLE}, headers={"if-match": '"1"'})
    before = events_of(account_id)
    again = billing.post(f"{subscribed}/end", {"at": MIDDLE}, headers={"if-match": '"2"'})

    assert (ended.status, again.status) == (200, 409)
    assert billing.get(subscribed).json["version"] == 2
    assert events_of(account_id) == before


def test_an_end_is_previewed_and_then_done_once(billing, subscribed):
    shown = billing.post(f"{subscribed}/preview-end", {"at": MIDDLE})
    assert shown.json["total"] == {"value": "-16.00", "unit": "EUR"}

    named = {"if-match": '"1"', "idempotency-key": "end-1"}
    first = billing.post(f"{subscribed}/end", {"at": MIDDLE}, headers=named)
    again = billing.post(f"{subscribed}/end", {"at": MIDDLE}, headers=named)
    assert first.json == again.json
    assert first.json["segments"][-1]["until"] == MIDDLE


def test_another_accounts_subscription_is_not_found_under_this_one(billing, subscribed):
    other = open_customer(billing, "Bea")
    subscription_id = subscribed.rsplit("/", 1)[1]

    assert billing.get(f"/v1/accounts/{other}/subscriptions/{subscription_id}").status == 404


def test_the_next_price_version_is_imported_and_a_wrong_one_named(billing):
    place = f"/v1/offerings/{PLANS['fibre-500']}/versions"
    wanted = {
        "version": 2,
        "name": "Fibre 500",
        "validFrom": "2026-12-01",
        "currency": "EUR",
        "prices": [
            {"model": "flat", "code": "access", "name": "Monthly charge", "amount": "47.00"}
        ],
    }
    made = billing.post(place, wanted)
    assert (made.status, made.json["version"]) == (201, 2)

    bad = wanted | {"version": 3, "prices": [{"model": "flat", "amount": "a lot"}]}
    refused = billing.post(place, bad)
    assert refused.status == 422
    assert refused.pointers == ["#/prices/0/amount"]
    assert len(catalog.load_offering(PLANS["fibre-500"]).versions) == 2
    assert load_isp().isp.currency == "EUR"


def test_the_same_version_twice_is_one_and_another_content_under_its_number_refused(billing):
    place = f"/v1/offerings/{PLANS['fibre-500']}/versions"
    prices = [{"model": "flat", "code": "access", "name": "Monthly charge", "amount": "47.00"}]
    wanted = {"version": 2, "name": "Fibre 500", "validFrom": "2026-12-01", "currency": "EUR"}

    assert billing.post(place, wanted | {"prices": prices}).status == 201
    assert billing.post(place, wanted | {"prices": prices}).status == 201
    dearer = [prices[0] | {"amount": "48.00"}]
    assert billing.post(place, wanted | {"prices": dearer}).status == 409


def test_accounts_are_left_alone_by_a_refused_change(billing, subscribed):
    account_id = subscribed.split("/")[3]
    change(billing, subscribed, at="2026-10-01T00:00:00Z")

    kept = accounts.load_subscription(
        account_id, subscribed.rsplit("/", 1)[1], EVERY_ACCOUNT, catalog.price_versions()
    )
    assert kept.version == 1


def test_a_service_pays_one_plan_at_a_time(billing, subscribed):
    account = subscribed.split("/subscriptions")[0]
    held = billing.get(subscribed).json
    wanted = {"serviceId": held["serviceId"], "offeringId": PLANS["fibre-500"], "since": MIDDLE}
    refused = billing.post(f"{account}/subscriptions", wanted)

    assert refused.status == 409
    assert "already pays Fibre 100" in refused.json["detail"]
    assert len(billing.get(account).json["subscriptions"]) == 1


def test_an_account_is_opened_on_a_day_that_a_cycle_uses(billing):
    payer = billing.post("/v1/parties", {"kind": "person", "name": "Ada"}).json["id"]
    address = {"street": "Quay", "number": "1", "postcode": "T12", "town": "Cork", "country": "IE"}
    wanted = {"partyId": payer, "billingAddress": address, "cycleAnchor": 7}
    wanted["taxPlace"] = {"country": "IE"}
    refused = billing.post("/v1/accounts", wanted)

    assert refused.status == 422
    assert refused.json["errors"][0]["pointer"] == "#/cycleAnchor"
    assert "use 1, 15" in refused.json["detail"]


def test_what_plans_toml_has_besides_is_taken_over_once_and_nothing_else_changes(
    as_staff, tmp_path, monkeypatch
):
    text = (ROOT / "plans.toml").read_text() + ONE_MORE
    for name in ("isp.toml", "plans.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "plans.toml").write_text(text)
    monkeypatch.setattr(load, "ROOT", tmp_path)
    billing, before = as_staff("billing"), catalog.list_offerings()

    shown = billing.get("/console/plans")
    told = [billing.post("/v1/offerings/take-over").json["data"] for _ in range(2)]

    assert "not on sale yet: Business 1000, version 1; " in shown.text
    assert "; Fibre 2000, version 1." in shown.text
    assert [one["name"] for one in told[0]][-1] == "Fibre 2000"
    assert told[0] == told[1]
    after = catalog.list_offerings()
    assert [one for one in after if one in before] == before
    assert "not on sale yet" not in billing.get("/console/plans").text


def test_the_page_of_plans_says_each_price_in_words(as_staff):
    text = as_staff("support").get("/console/plans").text

    for words in (
        "€32.00 a month, in advance",
        "up to 500 GB free; up to 1,000 GB €0.05 a GB; above that €0.02 a GB",
        "300 GB included, then €5.00 for each 50 GB begun, at most €30.00",
    ):
        assert words in text
    assert "Take over plans.toml" not in text

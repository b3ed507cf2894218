"""Customers as staff make and edit them through the API."""

import pytest

from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import load_customer
from tests.functions.portal_api.world import ADDRESS, PLANS, events_of, open_customer


def test_a_customer_is_made_step_by_step_and_found_whole(billing):
    account_id = open_customer(billing, "Ada")
    shown = billing.get(f"/v1/accounts/{account_id}").json

    assert shown["name"] == "Ada"
    assert shown["account"]["currency"] == "EUR"
    assert shown["account"]["billingAddress"]["town"] == "Cork"
    assert [one["name"] for one in shown["services"]] == ["Home"]
    assert shown["identities"][0]["identity"] == "user:ada@isp.example"
    assert shown["subscriptions"][0]["segments"][0]["name"] == "Fibre 100"
    assert shown["balance"] == {"value": "0.00", "unit": "EUR"}


def test_every_write_stands_on_the_timeline_with_its_actor(billing):
    account_id = open_customer(billing, "Ada")
    billing.post(f"/v1/accounts/{account_id}/notes", {"text": "Called about the router."})
    billing.patch(f"/v1/accounts/{account_id}", {"language": "de"}, version=1)

    told = billing.get(f"/v1/accounts/{account_id}/timeline").json["data"]
    assert {(one["kind"], one["actor"]) for one in told} == {
        ("account.created", "staff:mira"),
        ("service.created", "staff:mira"),
        ("subscription.started", "staff:mira"),
        ("note", "staff:mira"),
        ("account.changed", "staff:mira"),
    }


def test_a_post_sent_twice_is_done_once_and_answered_alike(billing):
    wanted, named = {"kind": "person", "name": "Ada"}, {"idempotency-key": "k-1"}
    first = billing.post("/v1/parties", wanted, headers=named)
    again = billing.post("/v1/parties", wanted, headers=named)

    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json


def test_a_key_with_another_body_is_refused(billing):
    named = {"idempotency-key": "k-1"}
    billing.post("/v1/parties", {"kind": "person", "name": "Ada"}, headers=named)
    other = billing.post("/v1/parties", {"kind": "person", "name": "Bea"}, headers=named)

    assert other.status == 422
    assert other.json["type"] == "urn:demarc:problem:key-reused"


def test_a_post_without_a_key_is_refused_before_anything_else(billing):
    refused = billing.post("/v1/parties", {}, headers={"idempotency-key": ""})

    assert refused.status == 400
    assert refused.json["title"] == "Idempotency key missing"


def test_the_key_of_one_person_is_not_that_of_another(as_staff):
    named, wanted = {"idempotency-key": "k-1"}, {"kind": "person", "name": "Ada"}
    one = as_staff("billing", name="mira").post("/v1/parties", wanted, headers=named)
    other = as_staff("billing", name="noor").post("/v1/parties", wanted, headers=named)

    assert one.json["id"] != other.json["id"]


def test_two_editors_of_one_account_do_not_overwrite_each_other(billing):
    account_id = open_customer(billing, "Ada")
    seen = billing.get(f"/v1/accounts/{account_id}").headers["ETag"]
    first = billing(
        "PATCH", f"/v1/accounts/{account_id}", {"language": "de"}, headers={"if-match": seen}
    )
    second = billing(
        "PATCH", f"/v1/accounts/{account_id}", {"language": "fr"}, headers={"if-match": seen}
    )

    assert (first.status, second.status) == (200, 412)
    assert first.headers["ETag"] == '"2"'
    assert load_customer(account_id, EVERY_ACCOUNT).account.language == "de"


def test_an_edit_without_the_version_it_saw_is_refused(billing):
    account_id = open_customer(billing, "Ada")

    assert billing.patch(f"/v1/accounts/{account_id}", {"language": "de"}).status == 428


def test_personal_data_is_edited_apart_and_the_timeline_tells_only_which_fields(billing):
    account_id = open_customer(billing, "Ada")
    party_id = billing.get(f"/v1/accounts/{account_id}").json["partyId"]
    edited = billing.patch(f"/v1/parties/{party_id}", {"email": "ada@example.net"}, version=1)

    assert edited.json["email"] == "ada@example.net"
    told = billing.get(f"/v1/accounts/{account_id}/timeline").json["data"]
    changed = next(one for one in told if one["kind"] == "party.changed")
    assert changed["text"] == "Changed: email"


def test_customers_are_listed_by_name_in_pages_whose_cursor_is_good_for_one_person(as_staff):
    mira, noor = as_staff("billing", name="mira"), as_staff("billing", name="noor")
    for name in ("Cleo", "Ada", "Bea"):
        open_customer(mira, name)
    first = mira.get("/v1/accounts", query={"limit": "2"}).json
    rest = mira.get("/v1/accounts", query={"limit": "2", "cursor": first["nextCursor"]}).json

    assert [row["name"] for row in first["data"] + rest["data"]] == ["Ada", "Bea", "Cleo"]
    stolen = noor.get("/v1/accounts", query={"limit": "2", "cursor": first["nextCursor"]})
    assert (stolen.status, stolen.pointers) == (400, ["query/cursor"])


def test_a_customer_is_found_by_the_name_of_the_line(billing):
    account_id = open_customer(billing, "Ada")
    found = billing.get("/v1/accounts", query={"search": "ada@isp.example"}).json["data"]

    assert [row["accountId"] for row in found] == [account_id]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("mac:00-11-22-AA-BB-CC", "mac:00:11:22:aa:bb:cc"),  # as a router's records spell it
        ("tel:+353214960000", "tel:+353214960000"),
        ("port:cork-sw-1/ge-0/0/7", "port:cork-sw-1/ge-0/0/7"),
    ],
)
def test_an_identity_is_kept_as_records_have_it_and_can_be_ended_as_it_was_written(
    billing, written, kept
):
    account_id = open_customer(billing, "Ada")
    service_id = billing.get(f"/v1/accounts/{account_id}").json["services"][0]["id"]
    place = f"/v1/accounts/{account_id}/services/{service_id}/identities"

    given = billing.post(place, {"identity": written, "since": "2026-11-10T00:00:00Z"})
    ended = billing.post(f"{place}/end", {"identity": written, "at": "2026-11-20T00:00:00Z"})

    assert (given.status, given.json["identity"]) == (201, kept)
    assert (ended.json["identity"], ended.json["until"]) == (kept, "2026-11-20T00:00:00Z")


def test_a_phone_number_needs_its_country_code(billing):
    account_id = open_customer(billing, "Ada")
    service_id = billing.get(f"/v1/accounts/{account_id}").json["services"][0]["id"]
    place = f"/v1/accounts/{account_id}/services/{service_id}/identities"

    for number in ("0214960000", "353214960000", "+353 21 496 0000"):
        wanted = {"identity": f"tel:{number}", "since": "2026-11-10T00:00:00Z"}
        assert billing.post(place, wanted).pointers == ["#/identity"]


def test_an_identity_that_another_holds_is_refused_unless_it_is_taken_over(billing):
    ada, bea = open_customer(billing, "Ada"), open_customer(billing, "Bea")
    service_id = billing.get(f"/v1/accounts/{bea}").json["services"][0]["id"]
    place = f"/v1/accounts/{bea}/services/{service_id}/identities"
    wanted = {"identity": "user:ada@isp.example", "since": "2026-11-10T00:00:00Z"}

    assert billing.post(place, wanted).status == 409
    assert billing.post(place, {**wanted, "takeOver": True}).status == 201
    held = {
        (one["accountId"], one["since"], one["until"])
        for account_id in (ada, bea)
        for one in billing.get(f"/v1/accounts/{account_id}").json["identities"]
        if one["identity"] == "user:ada@isp.example"
    }
    assert held == {
        (ada, "2026-11-02T09:00:00Z", "2026-11-10T00:00:00Z"),
        (bea, "2026-11-10T00:00:00Z", None),
    }
    assert ("identity.ended", "staff:mira") in events_of(ada)


def test_an_external_id_is_taken_once(billing):
    party = billing.post("/v1/parties", {"kind": "person", "name": "Ada"}).json["id"]
    wanted = {
        "partyId": party,
        "billingAddress": ADDRESS,
        "taxPlace": {"country": "IE"},
        "externalId": "C-7",
    }

    assert billing.post("/v1/accounts", wanted).status == 201
    assert billing.post("/v1/accounts", wanted).status == 409


def test_a_plan_that_is_not_sold_is_named(billing):
    account_id = open_customer(billing, "Ada")
    service_id = billing.get(f"/v1/accounts/{account_id}").json["services"][0]["id"]
    refused = billing.post(
        f"/v1/accounts/{account_id}/subscriptions",
        {"serviceId": service_id, "offeringId": "ofr_nope", "since": "2026-11-01T00:00:00Z"},
    )

    assert refused.status == 404
    assert "ofr_nope" in refused.json["detail"]
    assert "nope" not in PLANS

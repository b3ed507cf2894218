"""Who may see an account in the portal: invited by staff into the pool (as moto plays it)."""

import boto3
import pytest

from billing.store.access import EVERY_ACCOUNT
from billing.store.timeline import list_events
from tests.functions.portal_api.world import events_of, open_customer

ADA = {"email": "Ada@isp.example"}


@pytest.fixture
def pool(doors) -> str:
    """The customers' pool, which signs in by e-mail."""
    made = boto3.client("cognito-idp").create_user_pool(
        PoolName="customers", UsernameAttributes=["email"]
    )["UserPool"]["Id"]
    doors.setenv("CUSTOMERS_POOL_ID", made)
    return made


def people(pool: str) -> list[str]:
    return [
        next(one["Value"] for one in user["Attributes"] if one["Name"] == "email")
        for user in boto3.client("cognito-idp").list_users(UserPoolId=pool)["Users"]
    ]


def test_staff_invites_a_customer_who_then_sees_the_account_and_no_other(
    as_staff, as_customer, pool
):
    support = as_staff("support")
    mine, theirs = open_customer(support, "Ada"), open_customer(support, "Bea")
    made = support.post(f"/v1/accounts/{mine}/logins", ADA)

    assert made.status == 201, made.text
    assert (made.json["email"], made.json["accountIds"]) == ("ada@isp.example", [mine])
    assert people(pool) == ["ada@isp.example"]
    assert ("login.added", "staff:mira") in events_of(mine)
    assert support.get(f"/v1/accounts/{mine}/logins").json["data"] == [made.json]
    assert support.get(f"/v1/accounts/{theirs}/logins").json["data"] == []
    portal = as_customer(made.json["subject"])
    assert portal.get(f"/v1/accounts/{mine}").status == 200
    assert portal.get(f"/v1/accounts/{theirs}").status == 404


def test_the_same_person_invited_again_is_one_login_and_is_told_once(billing, pool):
    mine = open_customer(billing, "Ada")
    first = billing.post(f"/v1/accounts/{mine}/logins", ADA)
    before = events_of(mine)
    again = billing.post(f"/v1/accounts/{mine}/logins", {"email": "ada@ISP.example"})

    assert (again.status, again.json) == (201, first.json)
    assert len(people(pool)) == 1
    assert events_of(mine) == before


def test_a_person_with_a_login_gets_the_further_account_added(billing, as_customer, pool):
    home, shop = open_customer(billing, "Ada"), open_customer(billing, "Adas-Shop")
    billing.post(f"/v1/accounts/{home}/logins", ADA)
    both = billing.post(f"/v1/accounts/{shop}/logins", ADA).json

    assert both["accountIds"] == [home, shop]
    listed = as_customer(both["subject"]).get("/v1/accounts").json["data"]
    assert [one["account"]["id"] for one in listed] == [home, shop]
    assert ("login.added", "staff:mira") in events_of(shop)


def test_an_access_that_is_ended_is_gone_with_the_next_request(billing, as_customer, pool):
    home, shop = open_customer(billing, "Ada"), open_customer(billing, "Adas-Shop")
    for account_id in (home, shop):
        subject = billing.post(f"/v1/accounts/{account_id}/logins", ADA).json["subject"]
    portal, place = as_customer(subject), f"/v1/accounts/{home}/logins/{subject}/end"
    assert portal.get(f"/v1/accounts/{home}").status == 200
    named = {"idempotency-key": "leaves"}
    ended = billing.post(place, headers=named)

    assert (ended.status, ended.json["accountIds"]) == (200, [shop])
    assert billing.post(place, headers=named).json == ended.json
    assert billing.post(place).status == 404
    assert portal.get(f"/v1/accounts/{home}").status == 404
    assert portal.get(f"/v1/accounts/{shop}").status == 200
    assert billing.get(f"/v1/accounts/{home}/logins").json["data"] == []
    assert ("login.ended", "staff:mira") in events_of(home)
    billing.post(f"/v1/accounts/{shop}/logins/{subject}/end")
    assert portal.get("/v1/accounts").status == 401
    assert billing.post(f"/v1/accounts/{home}/logins", ADA).json["accountIds"] == [home]


def test_nobody_is_invited_to_an_account_that_is_not_there(billing, pool):
    assert billing.post("/v1/accounts/acc_x/logins", ADA).status == 404
    assert billing.get("/v1/accounts/acc_x/logins").status == 404
    assert people(pool) == []


def test_what_is_no_address_is_refused_by_its_field(billing, pool):
    account_id = open_customer(billing, "Ada")
    refused = billing.post(f"/v1/accounts/{account_id}/logins", {"email": "ada at home"})

    assert (refused.status, refused.pointers) == (422, ["#/email"])
    assert people(pool) == []


def test_an_identity_that_is_ended_counts_for_the_service_until_then(billing):
    account_id = open_customer(billing, "Ada")
    service = billing.get(f"/v1/accounts/{account_id}").json["services"][0]["id"]
    place = f"/v1/accounts/{account_id}/services/{service}/identities/end"
    wanted = {"identity": "user:ada@isp.example", "at": "2026-11-09T12:00:00Z"}
    ended = billing.post(place, wanted)

    assert ended.status == 200, ended.text
    assert ended.json["until"] == "2026-11-09T12:00:00Z"
    assert billing.post(place, wanted).json == ended.json
    kinds = [one.kind for one in list_events(account_id, EVERY_ACCOUNT).items]
    assert kinds.count("identity.ended") == 1
    assert billing.get(f"/v1/accounts/{account_id}").json["identities"][0]["until"] is not None
    other = billing.post(place, wanted | {"at": "2026-11-10T12:00:00Z"})
    assert (other.status, other.json["title"]) == (409, "Identity not assigned")
    assert billing.post(place, wanted | {"identity": "user:nobody"}).status == 409

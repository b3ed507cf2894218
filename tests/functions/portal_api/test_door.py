"""What happens to every request before its route, and to every answer after it."""

from datetime import timedelta

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from functions.portal_api.session import place_after_sign_in
from tests.functions.portal_api.world import NOW, give_login, open_customer, token

COOKIE = "demarc-staff-access"


@pytest.mark.parametrize(
    ("bearer", "title"),
    [
        (None, "Sign in needed"),
        ("", "Sign in needed"),
        ("nonsense", "Token refused"),
        (token("customer", "mira", "billing"), "Token refused"),
        (token("staff", "mira", "billing", token_use="id"), "Token refused"),
        (token("staff", "mira", "billing", exp=int(NOW.timestamp())), "Token expired"),
    ],
)
def test_whoever_proves_nothing_is_asked_to_sign_in(steady, bearer, title):
    refused = steady.as_bearer(bearer).get("/v1/accounts")

    assert (refused.status, refused.json["title"]) == (401, title)
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_a_browser_without_a_session_is_led_to_sign_in_and_back(steady):
    led = steady.as_bearer(None).get("/console/customers", query={"q": "ada"})

    assert led.status == 303
    assert led.headers["Location"] == "/signin?next=%2Fconsole%2Fcustomers%3Fq%3Dada"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", ""]
)
def test_after_signing_in_nobody_is_sent_to_another_site(wanted):
    assert place_after_sign_in(wanted) == "/"


def test_a_session_cookie_carries_the_same_token_as_a_bearer(steady):
    cookies = [f"{COOKIE}={steady.bearer}"]
    nobody = steady.as_bearer(None)

    assert nobody.get("/v1/accounts", cookies=cookies).status == 200
    header = {"cookie": "; ".join(cookies)}  # one emulator sends the header alone
    assert nobody.get("/v1/accounts", headers=header).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://127.0.0.1:8081"}, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:8080"}, 403),  # the portal is another origin
        ({"sec-fetch-site": "cross-site"}, 403),
        ({}, 403),
    ],
)
def test_a_write_carried_by_a_cookie_must_come_from_our_own_pages(steady, headers, status):
    cookies = [f"{COOKIE}={steady.bearer}"]
    nobody = steady.as_bearer(None)
    answer = nobody.post(
        "/v1/parties", {"kind": "person", "name": "Ada"}, headers=headers, cookies=cookies
    )

    assert answer.status == status


def test_a_program_with_a_bearer_token_needs_no_origin_but_may_not_send_a_foreign_one(steady):
    wanted = {"kind": "person", "name": "Ada"}

    assert steady.post("/v1/parties", wanted).status == 201
    foreign = steady.post("/v1/parties", wanted, headers={"origin": "https://evil.example"})
    assert foreign.status == 403


def test_only_the_front_door_is_answered_where_there_is_one(steady, monkeypatch):
    boto3.client("secretsmanager").create_secret(Name="origin", SecretString="s3cret")
    parameters.clear_caches()
    monkeypatch.setenv("ORIGIN_SECRET", "origin")

    assert steady.get("/v1/accounts").status == 403
    assert steady.get("/v1/accounts", headers={"x-origin-secret": "guess"}).status == 403
    assert steady.get("/v1/accounts", headers={"x-origin-secret": "s3cret"}).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/accounts", 200),
        ("GET", "/v1/accounts/acc_nobody", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/signin", 200),
        ("GET", "/static/app.css", 200),
        ("DELETE", "/v1/accounts", 405),
        ("POST", "/v1/parties", 422),
    ],
)
def test_every_answer_carries_the_security_headers(steady, method, path, status):
    answer = steady(method, path, {} if method == "POST" else None)
    headers = {name.lower(): value for name, value in answer.headers.items()}

    assert answer.status == status
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    private = path != "/static/app.css"
    assert (headers["cache-control"] == "no-store") is private
    assert "strict-transport-security" not in headers  # over plain http it would mean nothing


def test_a_method_that_is_not_known_is_told_which_are(steady):
    assert steady("DELETE", "/v1/accounts").headers["Allow"] == "GET, POST"
    assert steady("DELETE", "/console").headers["Allow"] == "GET"


def test_over_https_browsers_are_told_to_stay_there(steady_portal):
    door = steady_portal(None, public_url="https://portal.example")

    assert "max-age=63072000" in door.get("/signin").headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[" * 50_000, 400),
        ("x" * 70_000, 413),
        ("[]", 422),
        ("null", 422),
        ('"text"', 422),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_in_words(steady, body, status):
    refused = steady.post("/v1/parties", body)

    assert refused.status == status, refused.text
    assert refused.json["detail"]


@pytest.mark.parametrize(
    "media", ["application/xml", "multipart/form-data", "application/x-www-form-urlencoded", "text"]
)
def test_a_body_of_another_kind_is_not_looked_at(steady, media):
    answer = steady.post("/v1/parties", '{"kind": "person"}', headers={"content-type": media})

    assert (answer.status, answer.json["title"]) == (415, "Media type refused")
    json = {"content-type": "application/json; charset=utf-8"}
    assert steady.post("/v1/parties", '{"kind": "person"}', headers=json).status == 422


def test_a_login_that_was_taken_away_is_gone_with_the_next_request(steady, steady_portal):
    account_id = open_customer(steady, "Ada")
    give_login("ada", account_id)
    portal = steady_portal("ada")
    assert portal.get(f"/v1/accounts/{account_id}").status == 200

    give_login("ada")
    assert portal.get(f"/v1/accounts/{account_id}").status == 401


def test_a_token_lives_no_second_longer_than_it_says(steady):
    import time_machine

    with time_machine.travel(NOW + timedelta(minutes=15), tick=False):
        assert steady.get("/v1/accounts").json["title"] == "Token expired"

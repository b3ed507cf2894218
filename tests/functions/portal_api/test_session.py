"""A session in a browser: signed in by Cognito (as moto plays it), renewed on the way, ended."""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import moto.cognitoidp
import pytest
import time_machine

from billing.adapters import sign_in
from functions.portal_api import settings, staff
from tests.functions.portal_api import world

PASSWORD = "Correct-horse-7-battery"
PUBLIC_KEYS = Path(moto.cognitoidp.__file__).parent / "resources" / "jwks-public.json.gz"
ACCESS, REFRESH = "demarc-staff-access", "demarc-staff-refresh"


@pytest.fixture
def console(doors: pytest.MonkeyPatch) -> Iterator[world.Door]:
    """The console in front of a real user pool; nobody has signed in yet."""
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="staff")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.create_group(UserPoolId=pool, GroupName="billing")
    cognito.admin_create_user(UserPoolId=pool, Username="mira")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="mira", Password=PASSWORD, Permanent=True
    )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="mira", GroupName="billing")
    server, url = world.jwks_server(json.loads(gzip.decompress(PUBLIC_KEYS.read_bytes())))
    doors.setenv("COGNITO_POOL_ID", pool)
    doors.setenv("COGNITO_CLIENT_ID", client)
    doors.setenv("COGNITO_ISSUER", f"https://cognito-idp.eu-west-1.amazonaws.com/{pool}")
    doors.setenv("COGNITO_JWKS_URL", url)
    doors.setenv("PUBLIC_URL", "http://127.0.0.1:8081")
    settings.key_set.cache_clear()
    yield world.Door(staff.lambda_handler)
    server.shutdown()


def jar(answer: world.Answer) -> dict[str, str]:
    """The cookies a browser keeps of an answer."""
    return dict(line.partition(";")[0].split("=", 1) for line in answer.cookies)


def carried(cookies: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in cookies.items()]


def signed_in() -> dict[str, str]:
    tokens = sign_in.sign_in(settings.pool(), "mira", PASSWORD)
    assert isinstance(tokens, sign_in.Tokens)
    return {ACCESS: tokens.access, REFRESH: tokens.refresh or ""}


def test_the_cookies_of_a_session_are_out_of_reach_of_scripts_and_other_sites(console):
    form = {"content-type": "application/x-www-form-urlencoded"}
    entered = console(
        "POST",
        "/signin",
        f"username=mira&password={PASSWORD}&next=%2Fconsole",
        headers=form | {"origin": "http://127.0.0.1:8081"},
    )

    assert (entered.status, entered.headers["Location"]) == (303, "/console")
    assert set(jar(entered)) == {ACCESS, REFRESH}
    for line in entered.cookies:
        assert "HttpOnly" in line
        assert "SameSite=Lax" in line
        assert "Path=/" in line


def test_a_token_of_the_pool_opens_the_door(console):
    assert console.get("/v1/accounts", cookies=carried(signed_in())).status == 200


def test_an_expired_access_token_is_renewed_on_the_way(console):
    cookies = signed_in()
    with time_machine.travel(world.NOW + timedelta(hours=2), tick=False):
        answer = console.get("/v1/accounts", cookies=carried(cookies))

        assert answer.status == 200
        renewed = jar(answer)
        assert set(renewed) == {ACCESS}
        assert renewed[ACCESS] != cookies[ACCESS]
        assert console.get("/v1/accounts", cookies=carried(renewed)).status == 200


def test_without_a_refresh_token_an_expired_session_ends(console):
    cookies = {ACCESS: signed_in()[ACCESS]}
    with time_machine.travel(world.NOW + timedelta(hours=2), tick=False):
        assert console.get("/v1/accounts", cookies=carried(cookies)).status == 401
        assert console.get("/v1/accounts", cookies=[f"{REFRESH}=made-up"]).status == 401


def test_a_wrong_password_opens_nothing(console):
    form = {"content-type": "application/x-www-form-urlencoded"}
    refused = console(
        "POST",
        "/signin",
        "username=mira&password=wrong",
        headers=form | {"origin": "http://127.0.0.1:8081"},
    )

    assert (refused.status, refused.cookies) == (401, [])

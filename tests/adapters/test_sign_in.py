"""The conversation of signing in, against Cognito as moto plays it."""

import boto3
import pytest
from moto import mock_aws

from billing.adapters import aws, sign_in
from billing.adapters.identity import Pool
from billing.adapters.sign_in import Challenge, SignInRefused, Tokens

PASSWORD = "Correct-horse-7-battery"


@pytest.fixture
def pool():
    with mock_aws():
        aws.client.cache_clear()
        cognito = boto3.client("cognito-idp", region_name="us-east-1")
        pool_id = cognito.create_user_pool(PoolName="staff")["UserPool"]["Id"]
        client_id = cognito.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName="console",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(
            UserPoolId=pool_id, Username="ada", TemporaryPassword="First-time-1-only"
        )
        yield Pool(pool_id, client_id, f"https://cognito-idp/{pool_id}", "https://unused")
        aws.client.cache_clear()


def test_the_first_password_must_be_replaced_and_then_opens(pool):
    asked = sign_in.sign_in(pool, "ada", "First-time-1-only")
    assert isinstance(asked, Challenge)
    assert asked.name == "NEW_PASSWORD_REQUIRED"

    tokens = sign_in.set_first_password(pool, asked, PASSWORD)
    assert isinstance(tokens, Tokens)
    assert isinstance(sign_in.sign_in(pool, "ada", PASSWORD), Tokens)


@pytest.mark.parametrize(("user", "password"), [("ada", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_password_and_an_unknown_name_are_refused_in_the_same_words(pool, user, password):
    with pytest.raises(SignInRefused) as refused:
        sign_in.sign_in(pool, user, password)

    assert str(refused.value) == "the user name or the password is wrong"


def test_a_refresh_token_renews_the_access_token_and_anything_else_does_not(pool):
    first = sign_in.set_first_password(
        pool, sign_in.sign_in(pool, "ada", "First-time-1-only"), PASSWORD
    )
    renewed = sign_in.refreshed(pool, first.refresh)

    assert renewed.access
    with pytest.raises(SignInRefused):
        sign_in.refreshed(pool, "not-a-refresh-token")

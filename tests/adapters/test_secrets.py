"""Secrets: kept for five minutes, read anew on request, refused when they are not what we need."""

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from billing.adapters.secrets import (
    BadSecret,
    ProcessorSecret,
    load_json_secret,
    load_processor_secret,
    load_secret,
)
from tests import faults

NAME = "demarc/test/secret"


@pytest.fixture(autouse=True)
def _fresh(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters.clear_caches()
    monkeypatch.setenv("PROCESSOR_SECRET", NAME)


def put(text: str) -> None:
    boto3.client("secretsmanager").create_secret(Name=NAME, SecretString=text)


def test_a_secret_is_fetched_once_in_five_minutes():
    put("key")
    assert faults.calls_of(lambda: [load_secret(NAME) for _ in range(10)]) == 1


def test_a_rolled_secret_is_read_anew_on_request():
    put("old")
    assert load_secret(NAME) == "old"
    boto3.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString="new")
    assert load_secret(NAME) == "old"
    assert load_secret(NAME, fresh=True) == "new"
    assert load_secret(NAME) == "new"


@pytest.mark.parametrize("text", ["not json", "[1]", '"text"'])
def test_a_secret_that_is_no_object_is_refused(text: str):
    put(text)
    with pytest.raises(BadSecret, match=NAME):
        load_json_secret(NAME)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{}", "api_key"),
        ('{"api_key": "", "webhook_secrets": ["a"]}', "api_key"),
        ('{"api_key": "sk_test_1"}', "webhook_secrets"),
        ('{"api_key": "sk_test_1", "webhook_secrets": []}', "webhook_secrets"),
    ],
)
def test_a_processor_secret_without_its_parts_names_the_part(text: str, field: str):
    put(text)
    with pytest.raises(BadSecret, match=field):
        load_processor_secret()


def test_the_key_tells_whether_real_money_moves():
    assert ProcessorSecret("rk_live_1", ("a",)).livemode
    assert not ProcessorSecret("sk_test_1", ("a",)).livemode


def test_a_secret_never_shows_in_a_log():
    assert "sk_test_1" not in repr(ProcessorSecret("sk_test_1", ("whsec_1",)))

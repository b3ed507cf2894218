"""An ISP whose one collector's key is in the secret store."""

import json

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from functions.ingest_usage import shared
from tests.core.usage.facts import KEYS

SECRET = "demarc/test/collector-keys"


@pytest.fixture
def collector(tables, monkeypatch):
    """The secret of the collectors' keys; a function that replaces it."""
    monkeypatch.setenv("COLLECTOR_KEYS_SECRET", SECRET)
    parameters.clear_caches()
    shared.forget_keys()
    secrets = boto3.client("secretsmanager")
    text = json.dumps({name: key.hex() for name, key in KEYS.items()})
    secrets.create_secret(Name=SECRET, SecretString=text)

    def replace(keys):
        secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps(keys))

    return replace

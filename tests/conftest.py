"""The world of every test: tables of their own, invented credentials, no network but loopback."""

import os

os.environ.update(
    USAGE_TABLE="demarc-usage-test",
    LEDGER_TABLE="demarc-ledger-test",
    ACCOUNTS_TABLE="demarc-accounts-test",
    DOCUMENTS_BUCKET="demarc-documents-test",
    ARCHIVE_BUCKET="demarc-archive-test",
    STAGE="test",
    AWS_REGION="eu-west-1",
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_SESSION_TOKEN="testing",
    AWS_EC2_METADATA_DISABLED="true",
    # moto knows DynamoDB and its streams only without the account in the host name.
    AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
    POWERTOOLS_TRACE_DISABLED="true",
    POWERTOOLS_SERVICE_NAME="demarc-test",
    POWERTOOLS_METRICS_NAMESPACE="Demarc",
    POWERTOOLS_METRICS_DISABLED="true",
)

from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings
from moto import mock_aws
from pytest_socket import socket_allow_hosts

from tests import canary, faults, reports
from tests.cloud import Cloud, account

account.install()
faults.install()
# Each account in memory has a session of its own, and each session would read the descriptions of
# the services anew: a quarter of the time of all tests.
read_description = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _, path: read_description(path)
settings.register_profile("demarc", deadline=None, max_examples=60)
settings.register_profile(
    "mutants", settings.get_profile("demarc"), max_examples=8, derandomize=True, database=None
)
settings.load_profile("demarc")


def pytest_configure(config: pytest.Config) -> None:
    canary.install(config)


def pytest_runtest_setup() -> None:
    """Sockets may speak to loopback; whatever else a test tries to reach is a mistake."""
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        reports.forget()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for heading, rows in reports.sections():
        terminalreporter.write_sep("-", heading)
        for row in rows:
            terminalreporter.write_line(row)


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty AWS account in this process."""
    with mock_aws():
        yield


@pytest.fixture
def tables(aws: None) -> None:
    """The three tables and the two buckets, empty. Keep them under 500 rows: moto is O(table)."""
    from billing.store import tables as store_tables

    store_tables.create_tables()
    s3 = _s3()
    for bucket in (os.environ["DOCUMENTS_BUCKET"], os.environ["ARCHIVE_BUCKET"]):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An account in memory with the three tables: each call atomic, its state a value."""
    with Cloud() as account:
        account.dynamodb.create_table(os.environ["USAGE_TABLE"], ("pk", "sk"))
        account.dynamodb.create_table(os.environ["LEDGER_TABLE"], ("pk", "sk"))
        account.dynamodb.create_table(
            os.environ["ACCOUNTS_TABLE"], ("pk", "sk"), gsi1=("gsi1pk", "gsi1sk")
        )
        yield account


@cache
def _s3() -> Any:
    # A client costs 90 ms to make; one made under moto serves every test.
    return boto3.client("s3")

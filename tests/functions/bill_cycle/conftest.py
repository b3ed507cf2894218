"""An ISP of its own for each test: four plans, small partitions, a secret, a mail sender."""

from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest
import time_machine
from aws_lambda_powertools.utilities import parameters

from billing.config import load
from billing.config.load import load_isp, load_plans
from billing.store import catalog
from billing.store.timeline import Event
from functions.bill_cycle.shared import token_secret
from tests.functions.bill_cycle import world

NOVEMBER_2 = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def isp(tables: None, tmp_path, monkeypatch) -> Iterator[None]:
    """isp.toml with partitions of two accounts, on 2 November 2026, nine o'clock in Dublin."""
    text = (load.ROOT / "isp.toml").read_text().replace("size = 500", "size = 2")
    (tmp_path / "isp.toml").write_text(text)
    plans = load_plans()
    monkeypatch.setattr(load, "ROOT", tmp_path)
    monkeypatch.setenv("PORTAL_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("PAY_TOKEN_SECRET", "demarc/pay-token")
    monkeypatch.setenv("PREPARE_MACHINE_ARN", world.machine_arn())
    parameters.clear_caches()
    boto3.client("secretsmanager").create_secret(Name="demarc/pay-token", SecretString="f" * 64)
    boto3.client("sesv2").create_email_identity(EmailIdentity=load_isp().mail.sender)
    for offering in plans:
        for version in offering.versions:
            event = Event("offering.changed", "staff:mira", offering.id, "new", NOVEMBER_2)
            catalog.put_price_version(version, event)
    with time_machine.travel(NOVEMBER_2):
        token_secret()  # read once, so that the calls of an action are the same every time
        yield
    parameters.clear_caches()

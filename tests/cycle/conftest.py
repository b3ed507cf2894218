"""An ISP of two sellers in an account in memory, on 2 November 2026, nine o'clock in Dublin."""

from collections.abc import Iterator

import pytest
import time_machine
from aws_lambda_powertools.utilities import parameters

from billing.config import load
from billing.config.load import load_plans
from billing.store import catalog
from billing.store.timeline import Event
from functions.bill_cycle.shared import token_secret
from tests.cloud import Cloud
from tests.cycle.town import NINE, PARTITION_SIZE, SECOND_SELLER


@pytest.fixture
def isp(cloud: Cloud, tmp_path, monkeypatch) -> Iterator[Cloud]:
    text = (load.ROOT / "isp.toml").read_text()
    text = text.replace("partition_size = 500", f"partition_size = {PARTITION_SIZE}")
    (tmp_path / "isp.toml").write_text(text.replace("[usage]", SECOND_SELLER + "[usage]", 1))
    plans = load_plans()
    monkeypatch.setattr(load, "ROOT", tmp_path)
    monkeypatch.setenv("PORTAL_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("PAY_TOKEN_SECRET", "demarc/pay-token")
    parameters.clear_caches()
    cloud.secrets.texts["demarc/pay-token"] = "f" * 64
    with time_machine.travel(NINE, tick=False):
        for offering in plans:
            for version in offering.versions:
                event = Event("offering.changed", "staff:mira", offering.id, "new", NINE)
                catalog.put_price_version(version, event)
        token_secret()  # read once, so that the calls of a state are the same every time
        yield cloud
    parameters.clear_caches()

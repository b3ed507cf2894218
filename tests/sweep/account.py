"""One AWS account with the ISP in it, for as long as a module's tests run; each puts it back."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import time_machine
from aws_lambda_powertools.utilities.parameters.base import DEFAULT_PROVIDERS

from billing.adapters import issuing, processor, secrets
from billing.config import load
from billing.config.load import load_plans
from billing.core.invoicing import Invoice, canonical
from billing.store import catalog
from billing.store.timeline import Event
from functions.ingest_usage import shared as ingest
from functions.portal_api import settings
from tests.cloud import Cloud
from tests.core.usage.facts import KEYS

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)  # nine o'clock in Dublin
MACHINES = "arn:aws:states:eu-west-1:123456789012:stateMachine:"
QUEUES = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
ENVIRONMENT = {
    "PORTAL_URL": "http://127.0.0.1:8080",
    "PAY_TOKEN_SECRET": "demarc/pay-token",
    "COLLECTOR_KEYS_SECRET": "demarc/collector-keys",
    "PROCESSOR_SECRET": "demarc/processor",
    "ORIGIN_SECRET": "",
    "PREPARE_MACHINE_ARN": MACHINES + "prepare",
    "ISSUE_MACHINE_ARN": MACHINES + "issue",
    "PAYMENTS_QUEUE_URL": QUEUES + "payments",
    "RECYCLE_QUEUE_URL": QUEUES + "recycled",
}
SECRETS = {
    "demarc/pay-token": "f" * 64,
    "demarc/collector-keys": json.dumps({name: key.hex() for name, key in KEYS.items()}),
    "demarc/processor": json.dumps({"api_key": "sk_test_local", "webhook_secrets": ["whsec_test"]}),
}


@contextmanager
def account(tmp_path: Path) -> Iterator[Cloud]:
    """The ISP of isp.toml with its plans and nobody in it, in partitions of two accounts."""
    with (
        pytest.MonkeyPatch.context() as patch,
        Cloud(off_the_wire=True) as aws,
        time_machine.travel(NOW, tick=False),
    ):
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        _small_partitions(patch, tmp_path)
        _draw_once(patch)
        aws.dynamodb.create_table(os.environ["USAGE_TABLE"], ("pk", "sk"))
        aws.dynamodb.create_table(os.environ["LEDGER_TABLE"], ("pk", "sk"))
        aws.dynamodb.create_table(
            os.environ["ACCOUNTS_TABLE"], ("pk", "sk"), gsi1=("gsi1pk", "gsi1sk")
        )
        aws.secrets.texts.update(SECRETS)
        forget()
        for offering in _plans():
            for version in offering.versions:
                told = Event("offering.changed", "staff:mira", offering.id, "new", NOW)
                catalog.put_price_version(version, told)
        yield aws
        forget()
        logging.disable(logging.NOTSET)


def _draw_once(patch: pytest.MonkeyPatch) -> None:
    """The same invoice gives the same bytes, so that each is drawn once in all repetitions."""
    drawn: dict[bytes, bytes] = {}
    draw = issuing.invoice_pdf

    def invoice_pdf(invoice: Invoice, *rest: Any) -> bytes:
        said = canonical(invoice)
        return drawn.get(said) or drawn.setdefault(said, draw(invoice, *rest))

    patch.setattr(issuing, "invoice_pdf", invoice_pdf)


def forget() -> None:
    """Begin like a new process: nothing that was read before is remembered."""
    for provider in DEFAULT_PROVIDERS.values():
        provider.clear_cache()  # and keep its client, which takes a third of a second to make
    ingest.forget_keys()
    secrets._fetched_at.clear()
    processor.connected.cache_clear()
    settings.cursor_key.cache_clear()


def _small_partitions(patch: pytest.MonkeyPatch, place: Path) -> None:
    text = (load.ROOT / "isp.toml").read_text()
    (place / "isp.toml").write_text(text.replace("size = 500", "size = 2"))
    _plans()
    patch.setattr(load, "ROOT", place)


@cache
def _plans() -> Any:
    return load_plans()

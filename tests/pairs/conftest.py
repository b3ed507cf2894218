"""The ISP that two handlers meet in, and where it is said what was tried."""

import logging
from collections.abc import Callable, Iterator

import pytest
import stripe

from billing.adapters import processor
from billing.adapters.identity import KeySet
from billing.store import invoices, tables
from functions.portal_api import settings
from local.processor import Standin
from tests.functions.portal_api.world import ISSUER, POOLS, our_keys
from tests.pairs import scheduler
from tests.pairs.explorer import Explored, Pair, explore
from tests.pairs.house import House, Processor
from tests.reports import report
from tests.sweep.account import account

scheduler.install()

Explore = Callable[[Pair], Explored]
Find = Callable[[Pair], str]


@pytest.fixture
def house(tmp_path, monkeypatch) -> Iterator[House]:
    """An ISP with its plans and nobody in it, at nine o'clock on 2 November 2026."""
    pool, client = POOLS["staff"]
    for name, value in {
        "COGNITO_POOL_ID": pool,
        "COGNITO_CLIENT_ID": client,
        "COGNITO_ISSUER": f"{ISSUER}/{pool}",
        "COGNITO_JWKS_URL": "https://keys.example",
        "PUBLIC_URL": "http://127.0.0.1:8081",
    }.items():
        monkeypatch.setenv(name, value)
    for module in (tables, invoices):  # one call instead of sixteen for the drafts of a run
        monkeypatch.setattr(module, "DRAFT_SHARDS", 1)
    keys = KeySet(our_keys)
    monkeypatch.setattr(settings, "key_set", lambda _: keys)
    logging.disable(logging.CRITICAL)
    standin = Standin(delay_seconds=3600)
    monkeypatch.setenv("PROCESSOR_API_BASE", standin.url)
    made = Processor(standin)
    monkeypatch.setattr(stripe, "RequestsClient", made.client())
    processor.connected.cache_clear()
    with account(tmp_path) as aws:
        aws.cognito.employ(pool, "mira", "billing")
        aws.cognito.employ(pool, "noor", "billing")
        settings.standing.cache_clear()
        yield House(aws, made)
    processor.connected.cache_clear()
    standin.server.server_close()
    logging.disable(logging.NOTSET)


@pytest.fixture
def explored() -> Explore:
    """Explores a pair and says at the end of the run what was tried."""

    def run(pair: Pair) -> Explored:
        done = explore(pair)
        report(f"pairs/{pair.name.replace('/', '-').replace(' ', '-')}", [str(done)])
        return done

    return run


@pytest.fixture
def finds() -> Find:
    """What is found wrong with a pair, the order of calls below it; "" if nothing is."""
    return lambda pair: explore(pair, seeded=100, until_broken=True).trouble

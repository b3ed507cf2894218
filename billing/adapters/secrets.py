"""Secrets, read from Secrets Manager and kept for five minutes.

A secret that rolls is noticed at once where it matters: whoever sees it fail asks for a fresh one.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from aws_lambda_powertools.utilities import parameters

from billing.core.errors import BillingError

KEPT_SECONDS = 300
# What is asked for anew because a stranger's signature failed must not become a call per request.
FRESH_AGAIN_AFTER = timedelta(minutes=1)

_fetched_at: dict[str, datetime] = {}


class BadSecret(BillingError):
    """The secret store holds something else than this product needs."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"secret {name}: {problem}; put it right in the secret store")
        self.name = name


@dataclass(frozen=True, slots=True)
class ProcessorSecret:
    """The key to the processor's API and the secrets that sign its webhooks, the newest first."""

    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)

    @property
    def livemode(self) -> bool:
        """Whether real money moves; the processor writes it into its keys."""
        return self.api_key.startswith(("sk_live_", "rk_live_"))


def load_secret(name: str, fresh: bool = False) -> str:
    """The text of a secret, at most five minutes old."""
    store = cast(Any, parameters)
    return str(store.get_secret(name, max_age=KEPT_SECONDS, force_fetch=fresh))


def load_json_secret(name: str, fresh: bool = False) -> Mapping[str, Any]:
    """A secret that is a JSON object."""
    try:
        value = json.loads(load_secret(name, fresh))
    except ValueError:
        raise BadSecret(name, "it is not JSON") from None
    if not isinstance(value, dict):
        raise BadSecret(name, "it is not a JSON object")
    return cast(dict[str, Any], value)


def load_processor_secret(fresh: bool = False) -> ProcessorSecret:
    """What PROCESSOR_SECRET names: {"api_key": …, "webhook_secrets": [current, previous]}."""
    name = os.environ["PROCESSOR_SECRET"]
    found = load_json_secret(name, fresh)
    key, signing = found.get("api_key"), found.get("webhook_secrets")
    if not isinstance(key, str) or not key:
        raise BadSecret(name, "api_key is missing")
    if not isinstance(signing, list) or not signing:
        raise BadSecret(name, "webhook_secrets is missing")
    return ProcessorSecret(key, tuple(str(one) for one in cast(list[Any], signing)))


def refreshed_processor_secret(now: datetime) -> ProcessorSecret | None:
    """The secret read anew; None if that was done less than a minute ago."""
    name = os.environ["PROCESSOR_SECRET"]
    last = _fetched_at.get(name)
    if last is not None and now - last < FRESH_AGAIN_AFTER:
        return None
    _fetched_at[name] = now
    return load_processor_secret(fresh=True)

"""What the states read from their environment, and how they tell what they did."""

import os
from datetime import datetime
from typing import Any

from billing.adapters.issuing import Office
from billing.adapters.secrets import load_secret
from billing.store.run_rows import Run
from billing.store.timeline import Event


def bucket() -> str:
    return os.environ["DOCUMENTS_BUCKET"]


def office() -> Office:
    """Where documents are kept, and the portal that their pay links lead to."""
    return Office(bucket(), os.environ["PORTAL_URL"])


def token_secret() -> str:
    """The secret that pay links are derived from."""
    return load_secret(os.environ["PAY_TOKEN_SECRET"])


def plan_prefix(run: Run, step: str) -> str:
    """Where a step of a revision writes its lists."""
    return f"runs/{run.id}/{run.revision:03d}/{step}"


def told(kind: str, actor: str, run_id: str, text: str, now: datetime, **data: Any) -> Event:
    """An event of a run, for the ISP's own timeline."""
    return Event(kind, actor, run_id, text, now, data)

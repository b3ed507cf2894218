"""Every hour: which cycles have ended and have no run? Those are prepared, without anybody asking.

Due is what the data says, never the clock of a schedule: an hour that was skipped changes nothing.
"""

import os
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.cycles import prepare_input, prepare_name, run_id_of
from billing.adapters.workflows import start_execution
from billing.config import Isp, load_isp
from billing.core.period import Period, local_day, period_containing, preceding
from billing.store import accounts
from functions.bill_cycle.open_run import stored
from functions.runtime import clock, logger

ACTOR = "system:bill-cycle"
EXECUTION_MAX = timedelta(hours=6)  # an execution is over by then, one way or the other


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now = load_isp(), clock()

    due = [(anchor, period) for anchor, period in ended(isp, now) if is_due(anchor, period, now)]

    started: list[str] = []
    for anchor, period in due:
        attempt = attempt_of(period, now)
        name = prepare_name(anchor, period, attempt)
        payload = prepare_input(anchor, period, attempt, ACTOR)
        if start_execution(os.environ["PREPARE_MACHINE_ARN"], name, payload):
            started.append(name)
    logger.info("cycles started", started=started)
    return {"started": started}


def ended(isp: Isp, now: datetime) -> list[tuple[int, Period]]:
    """The last period of each cycle that has ended."""
    today = local_day(now, isp.isp.zone)
    return [
        (anchor, preceding(period_containing(today, anchor, isp.isp.zone), anchor))
        for anchor in isp.cycles.anchors
    ]


def is_due(anchor: int, period: Period, now: datetime) -> bool:
    """A cycle with accounts and no run; or one whose first preparation died on the way."""
    run = stored(run_id_of(anchor, period))
    if run is None:
        return bool(accounts.due_accounts(anchor))
    return run.state == "preparing" and run.revision == 1 and now - run.opened_at > EXECUTION_MAX


def attempt_of(period: Period, now: datetime) -> int:
    """Hours since the period ended: a name that failed is not asked for again, the next one is."""
    end = period.span.end
    assert end is not None  # noqa: S101  a Period always ends
    return int((now - end) / timedelta(hours=1)) + 1

"""State of *issue*: what was paid too much before settles what is open now.

One ledger transaction for each account and run, named by both: a repeat finds it posted.
"""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.config import load_isp
from billing.core.ledger import allocate, credit_transaction
from billing.core.money import Money
from billing.core.period import local_midnight
from billing.store import ledger
from billing.store.series import allocation_from
from billing.store.timeline import Event
from billing.store.transactions import ATTEMPTS_MAX, EditConflict
from functions.bill_cycle.manifest import load_manifest
from functions.runtime import clock, logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now, actor = load_isp(), clock(), str(event["actor"])
    manifest = load_manifest(event["manifest"])

    settled = 0
    for allocation in map(allocation_from, event["allocations"]):
        at = local_midnight(allocation.issued_on, isp.isp.zone)
        for account_id in manifest.of_seller(allocation.series.seller_id):
            settled += use_credit(account_id, event["run"], at, actor, now)

    metrics.add_metric("CreditUsed", MetricUnit.Count, settled)
    return {**event, "settled": settled}


def use_credit(account_id: str, run_id: str, at: datetime, actor: str, now: datetime) -> bool:
    """Settle the oldest open invoices of an account from its credit. False: nothing to do.

    at  the run's own instant, so that a repeat names the same transaction
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        position = ledger.position(account_id)
        if position.credit.minor <= 0 or not position.open_items:
            return False
        allocations, _ = allocate(position.credit, position.open_items)
        transaction = credit_transaction(
            account_id=account_id,
            reference=f"{run_id}/{account_id}",
            at=at,
            allocations=allocations,
        )
        used = Money.total((one.amount for one in allocations), position.credit.currency)
        text = f"Credit of {used} used for open invoices"
        try:
            return ledger.post(
                transaction, position, Event("credit.used", actor, transaction.id, text, now)
            )
        except EditConflict:  # a payment came in between: decide again on what it left
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")

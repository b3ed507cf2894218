"""State of *issue*: what was paid too much before settles what is open now.

One ledger transaction for each account and run, named by both: a repeat finds it posted. An account
whose credit cannot be used is told on the timeline; the others go on, and the run is not closed.
"""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.config import load_isp
from billing.core.invoicing import Parked
from billing.core.ledger import allocate, credit_transaction
from billing.core.money import Money
from billing.core.period import local_midnight
from billing.store import ledger
from billing.store.series import allocation_from
from billing.store.timeline import Event
from billing.store.transactions import ATTEMPTS_MAX, EditConflict
from functions.bill_cycle.apart import is_of_account, park, tell_attention
from functions.bill_cycle.manifest import load_manifest
from functions.bill_cycle.portions import portions, went_on
from functions.runtime import clock, logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now, actor = load_isp(), clock(), str(event["actor"])
    run_id, manifest = str(event["run"]), load_manifest(event["manifest"])
    allocations = [allocation_from(one) for one in event["allocations"]]
    issued_at = {
        account_id: local_midnight(allocation.issued_on, isp.isp.zone)
        for allocation in allocations
        for account_id in manifest.of_seller(allocation.series.seller_id)
    }
    account_ids, at, settled = list(issued_at), int(event.get("at", 0)), 0

    stuck: list[Parked] = []
    for portion in portions(account_ids, at, context):
        at += len(portion)
        for account_id in ledger.with_credit(portion):
            try:
                settled += use_credit(account_id, run_id, issued_at[account_id], actor, now)
            except Exception as error:  # whatever it is: others have credit too
                if not is_of_account(error):
                    raise
                stuck.append(park(run_id, account_id, error))

    if stuck:
        tell_attention(run_id, "credit not used", stuck, actor, now)
    metrics.add_metric("CreditUsed", MetricUnit.Count, settled)
    counts = {
        "settled": settled + int(event.get("settled", 0)),
        "stuck": len(stuck) + int(event.get("stuck", 0)),
    }
    return went_on({**event, **counts}, at, account_ids)


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

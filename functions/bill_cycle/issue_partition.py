"""State of *issue*, once for each partition: draw, store and issue its invoices.

Each invoice is one transaction; a partition that is repeated finds what it issued before. A number
is never lost: when one document cannot be issued, the others are, its number stays its own, the
reason stands on the timeline, and the run cannot be closed before a later attempt has issued it.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.issuing import issue_invoice
from billing.config import load_isp
from billing.core.invoicing import Parked
from billing.store import invoices
from billing.store.series import allocation_from
from functions.bill_cycle.apart import is_of_account, park, tell_attention
from functions.bill_cycle.shared import office
from functions.runtime import clock, logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now, actor = load_isp(), clock(), str(event["actor"])
    allocation, run_id = allocation_from(event["allocation"]), str(event["run"])

    stuck: list[Parked] = []
    for rank, account_id in event["documents"]:
        try:
            draft = invoices.load_draft(run_id, event["revision"], account_id)
            issue_invoice(draft, allocation, rank, isp, office=office(), actor=actor, now=now)
        except Exception as error:  # whatever it is: the others have their numbers too
            if not is_of_account(error):
                raise
            stuck.append(park(run_id, account_id, error))

    if stuck:
        tell_attention(run_id, "not issued", stuck, actor, now)
    issued = len(event["documents"]) - len(stuck)
    metrics.add_metric("InvoiceIssued", MetricUnit.Count, issued)
    return {"issued": issued, "stuck": len(stuck)}

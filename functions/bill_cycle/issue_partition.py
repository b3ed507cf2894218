"""State of *issue*, once for each partition: draw, store and issue its invoices.

Each invoice is one transaction; a partition that is repeated finds what it issued before.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.issuing import issue_invoice
from billing.config import load_isp
from billing.store import invoices
from billing.store.series import allocation_from
from functions.bill_cycle.shared import office
from functions.runtime import clock, logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now, actor = load_isp(), clock(), str(event["actor"])
    allocation = allocation_from(event["allocation"])

    for rank, account_id in event["documents"]:
        draft = invoices.load_draft(event["run"], event["revision"], account_id)
        issue_invoice(draft, allocation, rank, isp, office=office(), actor=actor, now=now)

    metrics.add_metric("InvoiceIssued", MetricUnit.Count, len(event["documents"]))
    return {"issued": len(event["documents"])}

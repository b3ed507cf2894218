"""State of *issue*, once for each partition: draw, store and issue its invoices.

Each invoice is one transaction; a partition that is repeated finds what it issued before. A number
is never lost: when one document cannot be issued, the others are, its number stays its own, the
reason stands on the timeline, and the run cannot be closed before a later attempt has issued it.
"""

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.issuing import issue_invoice
from billing.config import load_isp
from billing.core.invoicing import Draft, Parked
from billing.store import invoices
from billing.store.invoices import DraftNotFound
from billing.store.issued import issued_of
from billing.store.series import allocation_from
from functions.bill_cycle.apart import is_of_account, park, tell_attention
from functions.bill_cycle.portions import AT_ONCE
from functions.bill_cycle.shared import office
from functions.runtime import clock, logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now, actor = load_isp(), clock(), str(event["actor"])
    allocation, run_id = allocation_from(event["allocation"]), str(event["run"])

    stuck: list[Parked] = []
    for rank, account_id, draft in not_issued(event):
        try:
            if draft is None:
                raise DraftNotFound(run_id, event["revision"], account_id)
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


def not_issued(event: dict[str, Any]) -> Iterator[tuple[int, str, Draft | None]]:
    """Rank, account and draft of each document of the partition that no attempt has issued."""
    listed = event["documents"]
    for start in range(0, len(listed), AT_ONCE):
        portion = listed[start : start + AT_ONCE]
        ids = [account_id for _, account_id in portion]
        drafts = invoices.drafts_of(event["run"], event["revision"], ids)
        done = issued_of(one.id for one in drafts.values())
        for rank, account_id in portion:
            draft = drafts.get(account_id)
            if draft is None or draft.id not in done:
                yield rank, account_id, draft

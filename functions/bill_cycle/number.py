"""State of *issue*: one transaction takes the numbers of the whole run; then only retries follow.

The number of a document is the first of the allocation plus its rank in the manifest, and all bear
the allocation's date. What is issued already is not planned again.
"""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters import documents
from billing.adapters.issuing import INVOICE
from billing.config import load_isp
from billing.core.invoicing import invoice_id
from billing.core.period import local_day
from billing.store import runs
from billing.store.issued import issued_of
from billing.store.runs import Allocation, Run, Series
from billing.store.series import allocation_to_dict
from functions.bill_cycle.manifest import load_manifest
from functions.bill_cycle.shared import bucket, plan_prefix, told
from functions.runtime import clock, logger


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now, run = load_isp(), clock(), runs.load_run(event["run"])
    manifest = load_manifest(event["manifest"])

    partitions: list[dict[str, Any]] = []
    allocations: list[dict[str, Any]] = []
    for seller_id in manifest.sellers:
        ranked = list(enumerate(manifest.of_seller(seller_id)))
        allocation = take_numbers(run, seller_id, len(ranked), event["actor"], isp.isp.zone, now)
        ids = {account: invoice_id(account, run.id, run.period) for _, account in ranked}
        done = issued_of(ids.values())
        todo = [(rank, account) for rank, account in ranked if ids[account] not in done]
        allocations.append(allocation_to_dict(allocation))
        partitions += planned(run, allocation, todo, isp.cycles.partition_size, event["actor"])

    pointer = documents.put_list(bucket(), plan_prefix(run, "issue"), partitions)
    logger.info("numbers allocated", run=run.id, count=event["count"], partitions=len(partitions))
    return {**event, "allocations": allocations, "partitions": pointer}


def take_numbers(
    run: Run, seller_id: str, count: int, actor: str, zone: str, now: datetime
) -> Allocation:
    """The run's numbers of a seller's series: taken now, or those it took before."""
    today = local_day(now, zone)
    text = f"{count} invoice numbers taken for the bill run of {run.period.label}"
    return runs.allocate(
        Series(seller_id, INVOICE, today.year),
        run.id,
        run.revision,
        count,
        today,
        told("bill-run.numbered", actor, run.id, text, now),
    )


def planned(
    run: Run, allocation: Allocation, todo: list[tuple[int, str]], size: int, actor: str
) -> list[dict[str, Any]]:
    """The inputs of issue_partition."""
    head = {
        "run": run.id,
        "revision": run.revision,
        "actor": actor,
        "allocation": allocation_to_dict(allocation),
    }
    return [
        {**head, "documents": todo[start : start + size]} for start in range(0, len(todo), size)
    ]

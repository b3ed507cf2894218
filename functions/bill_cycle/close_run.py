"""Last state of *issue* before the mail: does what was issued add up to what was approved?

Counts, numbers, invoices and ledger are compared; a run that does not add up stays open, the
difference stands on the timeline, and the execution fails so that somebody looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.issuing import number_text
from billing.config import Isp, load_isp
from billing.core.errors import BillingError
from billing.core.invoicing import invoice_id, totals
from billing.core.money import Money
from billing.store import runs, timeline
from billing.store.issued import Issued, load_issued
from billing.store.runs import Allocation, Run
from billing.store.series import allocation_from
from billing.store.timeline import Event
from functions.bill_cycle.manifest import Manifest, load_manifest
from functions.bill_cycle.portions import portions, went_on
from functions.bill_cycle.shared import told
from functions.runtime import clock, logger


class RunDoesNotAddUp(BillingError):
    """What was issued differs from what was approved."""

    def __init__(self, run_id: str, differences: Sequence[str]) -> None:
        super().__init__(
            f"bill run {run_id} does not add up: {'; '.join(differences)};"
            " issue it again, and if this stays look at these accounts"
        )
        self.run_id, self.differences = run_id, tuple(differences)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an account was to get: the number as it is printed."""

    account_id: str
    number: str


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now, run = load_isp(), clock(), runs.load_run(event["run"])
    manifest, actor = load_manifest(event["manifest"]), str(event["actor"])
    allocations = [allocation_from(one) for one in event["allocations"]]
    wanted, at = wanted_of(manifest, allocations, isp), int(event.get("at", 0))
    sums = {one["unit"]: Money.from_wire(one) for one in event.get("sums", [])}

    differences = miscounted(manifest, allocations, event)
    for portion in portions(wanted, at, context):
        at += len(portion)
        ids = {one.account_id: invoice_id(one.account_id, run.id, run.period) for one in portion}
        found = load_issued(ids)
        differences += reconcile(portion, found)
        for one in totals(one.invoice for one in found.values()):
            sums[one.currency] = sums.get(one.currency, Money.zero(one.currency)) + one.total

    if differences:
        tell_difference(run, differences, actor, now)
        raise RunDoesNotAddUp(run.id, differences)
    if at < len(wanted):
        carried = {**event, "sums": [total.to_wire() for total in sums.values()]}
        return went_on(carried, at, wanted)
    runs.save_closed(run.id, closing(run, len(wanted), sums, actor, now))
    return {
        "run": run.id,
        "revision": run.revision,
        "actor": actor,
        "state": "closed",
        "count": len(wanted),
    }


def wanted_of(manifest: Manifest, allocations: Sequence[Allocation], isp: Isp) -> list[Wanted]:
    """Every document of the run, by seller and rank."""
    return [
        Wanted(account_id, number_text(isp, allocation, rank))
        for allocation in allocations
        for rank, account_id in enumerate(
            manifest.of_seller(allocation.series.seller_id)[: allocation.count]
        )
    ]


def miscounted(
    manifest: Manifest, allocations: Sequence[Allocation], event: Mapping[str, Any]
) -> list[str]:
    """What is wrong before a single invoice is looked at, in sentences."""
    differences: list[str] = []
    for allocation in allocations:
        accounts = manifest.of_seller(allocation.series.seller_id)
        if len(accounts) != allocation.count:
            differences.append(f"{allocation.count} numbers for {len(accounts)} accounts")
    if stuck := event.get("stuck"):
        differences.append(f"the credit of {stuck} accounts could not be used; see the timeline")
    return differences


def reconcile(wanted: Sequence[Wanted], found: Mapping[str, Issued]) -> list[str]:
    """What differs between approved and issued, in sentences; nothing: it adds up."""
    differences: list[str] = []
    for one in wanted:
        issued = found.get(one.account_id)
        if issued is None:
            differences.append(f"{one.account_id} has no invoice {one.number}")
        elif issued.invoice.number != one.number:
            differences.append(
                f"{one.account_id} has number {issued.invoice.number}, not {one.number}"
            )
        elif issued.owed != issued.invoice.total:
            differences.append(
                f"{one.number} is {issued.invoice.total}, its ledger says {issued.owed}"
            )
    return differences


def closing(run: Run, count: int, sums: Mapping[str, Money], actor: str, now: datetime) -> Event:
    """The event that closes a run, with what it came to."""
    values = {currency: sums[currency].value for currency in sorted(sums)}
    spoken = ", ".join(f"{value} {currency}" for currency, value in values.items()) or "nothing"
    text = f"Bill run of {run.period.label} closed: {count} invoices over {spoken}"
    return told("bill-run.closed", actor, run.id, text, now, count=count, totals=values)


def tell_difference(run: Run, differences: Sequence[str], actor: str, now: datetime) -> None:
    """State `attention` is this event: the run itself stays approved, so issuing can go on."""
    more = f", and {len(differences) - 1} more" if len(differences) > 1 else ""
    text = f"Bill run of {run.period.label} needs attention: {differences[0]}{more}"
    told_event = told(
        "bill-run.attention", actor, run.id, text, now, differences=list(differences[:20])
    )
    timeline.put(None, told_event)

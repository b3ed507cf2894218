"""Last state of *issue* before the mail: does what was issued add up to what was approved?

Counts, numbers, invoices and ledger are compared; a run that does not add up stays open, the
difference stands on the timeline, and the execution fails so that somebody looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.issuing import number_text
from billing.config import Isp, load_isp
from billing.core.errors import BillingError
from billing.core.invoicing import Invoice, invoice_id, totals
from billing.core.ledger import credit, invoice_transaction, receivable
from billing.core.money import Money
from billing.store import invoices, ledger, runs, timeline
from billing.store.access import EVERY_ACCOUNT
from billing.store.invoices import InvoiceNotFound
from billing.store.runs import Allocation, Run
from billing.store.series import allocation_from
from functions.bill_cycle.manifest import Manifest, load_manifest
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
class Issued:
    """One invoice as it was stored, and what the ledger says it owes (None: not in the ledger)."""

    invoice: Invoice
    owed: Money | None


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, now, run = load_isp(), clock(), runs.load_run(event["run"])
    manifest, actor = load_manifest(event["manifest"]), str(event["actor"])
    allocations = [allocation_from(one) for one in event["allocations"]]
    found = {one.account_id: issued(one.account_id, run) for one in manifest.drafts}

    differences = reconcile(manifest, allocations, found, isp)

    if differences:
        tell_difference(run, differences, actor, now)
        raise RunDoesNotAddUp(run.id, differences)
    figures = [one.invoice for one in found.values() if one is not None]
    runs.save_closed(run.id, closing(run, figures, actor, now))
    return {
        "run": run.id,
        "revision": run.revision,
        "actor": actor,
        "state": "closed",
        "count": len(figures),
    }


def issued(account_id: str, run: Run) -> Issued | None:
    """What the run issued to an account; None: nothing (yet)."""
    try:
        invoice = invoices.load_invoice(invoice_id(account_id, run.id, run.period), EVERY_ACCOUNT)
    except InvoiceNotFound:
        return None
    posted = ledger.load_transaction(account_id, invoice_transaction(invoice).id)
    if posted is None:
        return Issued(invoice, None)
    ours = (receivable(account_id), credit(account_id))
    amounts = (entry.amount for entry in posted.entries if entry.account in ours)
    return Issued(invoice, Money.total(amounts, invoice.currency))


def reconcile(
    manifest: Manifest,
    allocations: Sequence[Allocation],
    found: dict[str, Issued | None],
    isp: Isp,
) -> list[str]:
    """What differs between approved and issued, in sentences; nothing: it adds up."""
    differences: list[str] = []
    for allocation in allocations:
        accounts = manifest.of_seller(allocation.series.seller_id)
        if len(accounts) != allocation.count:
            differences.append(f"{allocation.count} numbers for {len(accounts)} accounts")
        for rank, account_id in enumerate(accounts):
            one, wanted = found[account_id], number_text(isp, allocation, rank)
            if one is None:
                differences.append(f"{account_id} has no invoice {wanted}")
            elif one.invoice.number != wanted:
                differences.append(f"{account_id} has number {one.invoice.number}, not {wanted}")
            elif one.owed != one.invoice.total:
                differences.append(f"{wanted} is {one.invoice.total}, its ledger says {one.owed}")
    return differences


def closing(run: Run, figures: list[Invoice], actor: str, now: datetime) -> Any:
    """The event that closes a run, with what it came to."""
    sums = {one.currency: one.total.value for one in totals(figures)}
    spoken = ", ".join(f"{value} {currency}" for currency, value in sums.items()) or "nothing"
    text = f"Bill run of {run.period.label} closed: {len(figures)} invoices over {spoken}"
    return told("bill-run.closed", actor, run.id, text, now, count=len(figures), totals=sums)


def tell_difference(run: Run, differences: Sequence[str], actor: str, now: datetime) -> None:
    """State `attention` is this event: the run itself stays approved, so issuing can go on."""
    text = f"Bill run of {run.period.label} needs attention: {len(differences)} differences"
    told_event = told(
        "bill-run.attention", actor, run.id, text, now, differences=list(differences[:20])
    )
    timeline.put(None, told_event)

"""The bills of a run, as drafts and, once issued, under their numbers."""

from dataclasses import dataclass

from billing.core.invoicing import Draft
from billing.core.money import Money
from billing.store import invoices, runs
from billing.store.access import EVERY_ACCOUNT
from billing.store.invoices import InvoiceNotFound
from billing.store.run_rows import Run

BILLS_MAX = 200  # of one page; the API lists them all


@dataclass(frozen=True, slots=True)
class RunBill:
    """One bill of a run. `number` is "" until it is issued."""

    account_id: str
    invoice_id: str
    name: str
    number: str
    total: Money


def draft(run_id: str, account_id: str) -> Draft:
    """The draft of one account in the run's present revision. Raises DraftNotFound."""
    return invoices.load_draft(run_id, runs.load_run(run_id).revision, account_id)


def bills_of(run: Run, most: int = BILLS_MAX) -> list[RunBill]:
    """The bills of the run's present revision, by the buyer's name; at most so many."""
    drafts = sorted(
        invoices.list_drafts(run.id, run.revision), key=lambda one: str(one.buyer["name"])
    )
    issued = run.state in ("approved", "closed")
    return [
        RunBill(
            one.account_id,
            one.id,
            str(one.buyer["name"]),
            _number(one.id) if issued else "",
            one.total,
        )
        for one in drafts[:most]
    ]


def _number(invoice_id: str) -> str:
    try:
        return invoices.load_invoice(invoice_id, EVERY_ACCOUNT).number
    except InvoiceNotFound:
        return ""

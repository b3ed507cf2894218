"""State of *prepare*, once for each partition: rate and draft its accounts.

An account that cannot be billed is parked with its reason, and the run goes on without it.
"""

from itertools import chain, takewhile
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.config import load_isp
from billing.core.charging import Charge
from billing.core.errors import BillingError
from billing.core.invoicing import Parked
from billing.core.period import preceding
from billing.store import customers, invoices, runs, usage
from billing.store.access import EVERY_ACCOUNT
from billing.store.catalog import PriceOf, price_versions
from billing.store.runs import Run, WrongRunState
from functions.bill_cycle.drafting import Facts, draft_all, park, windows_of
from functions.bill_cycle.shared import token_secret
from functions.runtime import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, run = load_isp(), runs.load_run(event["run"])
    if (run.state, run.revision) != ("preparing", event["revision"]):
        raise WrongRunState(run, f"draft revision {event['revision']}")
    settings = usage.settings_of(isp)
    facts, unknown = facts_of(event["accounts"], run)
    windows = {
        service: spans for one in facts for service, spans in windows_of(one.customer, run).items()
    }
    used = usage.of(chain(*(one.customer.assignments for one in facts)), windows, settings)

    drafts, parked = draft_all(facts, used, run, isp, token_secret())

    invoices.put_drafts(drafts)
    runs.park(run.id, run.revision, [*unknown, *parked])
    metrics.add_metric("InvoiceDrafted", MetricUnit.Count, len(drafts))
    metrics.add_metric("AccountParked", MetricUnit.Count, len(unknown) + len(parked))
    return {
        "drafts": len(drafts),
        "parked": len(unknown) + len(parked),
        "nothing": len(event["accounts"]) - len(drafts) - len(unknown) - len(parked),
    }


def facts_of(account_ids: list[str], run: Run) -> tuple[list[Facts], list[Parked]]:
    """What is stored of the accounts; who cannot even be read is parked too."""
    price_of = price_versions()
    facts: list[Facts] = []
    parked: list[Parked] = []
    for account_id in account_ids:
        try:
            facts.append(_facts(account_id, run, price_of))
        except BillingError as error:
            parked.append(park(account_id, error))
    return facts, parked


def _facts(account_id: str, run: Run, price_of: PriceOf) -> Facts:
    customer = customers.load_customer(account_id, EVERY_ACCOUNT, price_of)
    return Facts(customer, _billed(account_id, run))


def _billed(account_id: str, run: Run) -> tuple[Charge, ...]:
    """Lines of the invoices that can reach into the period, newest first.

    An invoice charges its own period and, in advance, the next one; two periods back is enough,
    and one more covers a run that came late.
    """
    oldest = preceding(preceding(run.period, run.anchor), run.anchor).start
    ours = invoices.invoices_until(account_id, run.period.end)
    recent = takewhile(lambda invoice: invoice.period.end > oldest, ours)
    return tuple(line for invoice in recent for line in invoice.lines)

"""State of *prepare*, once for each partition: rate and draft its accounts.

An account that cannot be billed is parked with its reason, and the run goes on without it.
"""

from datetime import timedelta
from itertools import chain, takewhile
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.config import Isp, load_isp
from billing.core.charging import Charge
from billing.core.errors import BillingError
from billing.core.invoicing import Parked
from billing.core.period import preceding
from billing.store import customers, invoices, runs, usage
from billing.store.access import EVERY_ACCOUNT
from billing.store.catalog import PriceOf, price_versions
from billing.store.customers import Customer
from billing.store.runs import Run
from functions.bill_cycle.apart import UNEXPECTED, is_of_account, park
from functions.bill_cycle.drafting import Facts, Read, draft_all, windows_of
from functions.bill_cycle.shared import token_secret
from functions.runtime import logger, metrics

DAYS_OF = {"day": 1, "week": 7, "month": 31, "year": 366}  # at most


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, run = load_isp(), runs.load_run(event["run"])
    if (run.state, run.revision) != ("preparing", event["revision"]):
        logger.info("superseded", run=run.id, state=run.state, revision=run.revision)
        return {"drafts": 0, "parked": 0, "nothing": 0}

    drafts, parked = drafted(event["accounts"], run, isp)

    runs.park(run.id, run.revision, parked)
    unexpected = sum(one.reason == UNEXPECTED for one in parked)
    metrics.add_metric("InvoiceDrafted", MetricUnit.Count, drafts)
    metrics.add_metric("AccountParked", MetricUnit.Count, len(parked))
    metrics.add_metric("AccountParkedUnexpectedly", MetricUnit.Count, unexpected)
    nothing = len(event["accounts"]) - drafts - len(parked)
    return {"drafts": drafts, "parked": len(parked), "nothing": nothing}


def drafted(account_ids: list[str], run: Run, isp: Isp) -> tuple[int, list[Parked]]:
    """Draft the accounts and keep the drafts; how many there are, and who could not be billed.

    When something nobody foresaw is raised, the halves are drafted apart, down to the account that
    it is about, and only that one is parked.
    """
    try:
        return _drafted_together(account_ids, run, isp)
    except Exception as error:  # whatever it is: one account must not stop a run for ever
        if not is_of_account(error):
            raise
        if len(account_ids) == 1:
            return 0, [park(run.id, account_ids[0], error)]
    middle = len(account_ids) // 2
    halves = [drafted(half, run, isp) for half in (account_ids[:middle], account_ids[middle:])]
    return sum(drafts for drafts, _ in halves), [one for _, parked in halves for one in parked]


def _drafted_together(account_ids: list[str], run: Run, isp: Isp) -> tuple[int, list[Parked]]:
    facts, unknown = facts_of(account_ids, run)
    windows = {service: spans for one in facts for service, spans in windows_of(one, run).items()}
    claims = list(chain(*(one.customer.assignments for one in facts)))
    settings, span = usage.settings_of(isp), run.period.span
    read = Read(
        usage.of(claims, windows, settings),
        usage.calls_of(claims, span, settings),
        usage.samples_of(claims, span, settings),
    )

    drafts, parked = draft_all(facts, read, run, isp, token_secret())

    invoices.put_drafts(drafts)
    return len(drafts), [*unknown, *parked]


def facts_of(account_ids: list[str], run: Run) -> tuple[list[Facts], list[Parked]]:
    """What is stored of the accounts; who cannot even be read is parked too."""
    price_of = price_versions()
    facts: list[Facts] = []
    parked: list[Parked] = []
    for account_id in account_ids:
        try:
            facts.append(_facts(account_id, run, price_of))
        except BillingError as error:
            parked.append(park(run.id, account_id, error))
    return facts, parked


def _facts(account_id: str, run: Run, price_of: PriceOf) -> Facts:
    customer = customers.load_customer(account_id, EVERY_ACCOUNT, price_of)
    return Facts(customer, _billed(customer, run))


def _billed(customer: Customer, run: Run) -> tuple[Charge, ...]:
    """Lines of the invoices that can reach into the period, newest first.

    An invoice charges its own period and, in advance, the next one; two periods back is enough,
    and one more covers a run that came late. A price for a year is on a bill of a year ago.
    """
    oldest = preceding(preceding(run.period, run.anchor), run.anchor).start - longest(customer)
    ours = invoices.invoices_until(customer.account.id, run.period.end)
    recent = takewhile(lambda invoice: invoice.period.end > oldest, ours)
    return tuple(line for invoice in recent for line in invoice.lines)


def longest(customer: Customer) -> timedelta:
    """How far the longest period of any price reaches back beyond a month."""
    lengths = [
        DAYS_OF[price.every.unit] * price.every.count
        for subscription in customer.subscriptions
        for segment in subscription.segments
        for price in segment.price.recurring
    ]
    return timedelta(days=max(0, max(lengths, default=0) - DAYS_OF["month"]))

"""What each piece of work asks of AWS, counted exactly. The same on every machine and every day."""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from bench import meter, naive, world
from bench.meter import Counts
from billing.adapters import processor
from billing.adapters.secrets import load_processor_secret
from billing.store import invoices
from functions.bill_cycle import deliver
from functions.ingest_usage import fold, live
from functions.payments_webhook import worker
from local.processor import Standin
from tests.functions.bill_cycle import world as bills
from tests.functions.ingest_usage.doors import Context
from tests.functions.payments_webhook import world as payments

CONTEXT = Context()
WORKFLOWS = ("prepare", "issue", "deliver")


@dataclass(frozen=True, slots=True)
class PerInvoice:
    """A piece of the bill cycle: what each invoice adds, and what a run costs besides."""

    each: Counts
    run: Counts


def ingested(sessions: int, rounds: int) -> Counts:
    """One batch of the live function, a record for each session and round."""
    event = world.kinesis_event(world.interims(sessions, rounds))
    with world.aws(), meter.agreed():
        return meter.counted(lambda: live.lambda_handler(event, CONTEXT))


def ingested_naively(sessions: int, rounds: int) -> Counts:
    event = world.kinesis_event(world.interims(sessions, rounds))
    with world.aws(), meter.agreed():
        return meter.counted(lambda: naive.ingest(event))


def folded(sessions: int, batches: int) -> Counts:
    """An hour of so many sessions, in so many batches, joined into the items of half a day."""
    with world.aws():
        world.half_a_day(sessions)
        world.an_hour(sessions, batches)
        day = world.NOON.date().isoformat()
        return meter.counted(lambda: fold.lambda_handler({"days": [day]}, CONTEXT))


def billed(customers: int) -> dict[str, PerInvoice]:
    """The second cycle of metered customers, by workflow, from runs of so many and of twice that.

    Whatever a run needs once falls out of the difference: what is left is what an invoice costs.
    """
    few, many = _cycle(customers), _cycle(2 * customers)
    found: dict[str, PerInvoice] = {}
    for name in few:
        each = many[name].minus(few[name]).divided(customers)
        found[name] = PerInvoice(each, few[name].minus(each.times(customers)))
    return found


def _cycle(customers: int) -> dict[str, Counts]:
    with world.billed_once(customers):
        deliver.lambda_handler({}, bills.Context())
        reviews: list[Any] = []
        prepare = meter.counted(lambda: reviews.append(bills.prepare(world.NOVEMBER)))
        bills.approve(reviews[0])
        issue = meter.counted(lambda: bills.issue(reviews[0]))
        mail = meter.counted(lambda: deliver.lambda_handler({}, bills.Context()))
    return {"prepare": prepare, "issue": issue, "deliver": mail}


def issued_naively(customers: int) -> Counts:
    """The transaction of four items for one invoice of the same run."""
    with world.billed_once(customers):
        review = bills.prepare(world.NOVEMBER)
        drafts = list(invoices.list_drafts(review["run"], review["revision"]))
        dates = {"issued_on": date(2026, 12, 2), "due_on": date(2026, 12, 16)}
        return meter.counted(lambda: naive.issue_all(drafts, **dates)).divided(len(drafts))


def paid() -> Counts:
    """An invoice paid at the hosted page: every event of the processor, received and settled."""
    with world.aws(datetime.now(UTC)), Standin(delay_seconds=3600) as standin:
        os.environ.update(
            PROCESSOR_SECRET=payments.SECRET_NAME,
            PROCESSOR_API_BASE=standin.url,
            PAYMENTS_QUEUE_URL=payments.make_queue(),
        )
        processor.connected.cache_clear()
        payments.put_secret()
        load_processor_secret()
        there = payments.World(standin, os.environ["PAYMENTS_QUEUE_URL"])
        payments.open_account()
        there.pay(payments.issue_invoice("41.65"))
        events = there.events()
        received = meter.counted(lambda: [there.post_webhook(event) for event in events])
        queued = payments.sqs_event(there.take_messages())
        settled = meter.counted(lambda: worker.lambda_handler(queued, payments.Context()))
        processor.connected.cache_clear()
    return received.plus(settled)

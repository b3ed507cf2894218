"""The bill cycle: each state of the two workflows, and what runs beside them.

What a step plans is a list in S3 named by its content. A step that is repeated plans what is left,
so that a list of an attempt that died stays behind: nobody reads it any more.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from billing.adapters import documents
from billing.adapters.issuing import ad_hoc_invoice
from billing.config import load_isp
from billing.core.invoicing import Invoice
from billing.core.money import Money
from billing.core.payment import Event, Reading, settle
from billing.store import ledger, payments
from functions.bill_cycle import (
    close_run,
    collect,
    compare,
    deliver,
    draft_partition,
    freeze,
    issue_partition,
    number,
    open_run,
    start_due,
)
from functions.bill_cycle.shared import office, token_secret
from tests.examples import charge
from tests.functions.bill_cycle import world
from tests.functions.bill_cycle.world import OCTOBER, STAFF, Context, through
from tests.sweep.scenario import Holding, Place, Scenario

OUTBOX = "OUT#"

Json = dict[str, Any]


def a_due_cycle(place: Place) -> Scenario:
    customers()
    return state(open_run.lambda_handler, OCTOBER, visible={PLANS: lists_of_attempts})


def a_partition_to_draft(place: Place) -> Scenario:
    """One customer with usage, and one who cannot be taxed."""
    customers()
    plan = open_run.lambda_handler(dict(OCTOBER), Context())
    return state(draft_partition.lambda_handler, documents.get_list(plan["partitions"])[0])


def drafts_to_compare(place: Place) -> Scenario:
    customers()
    plan = open_run.lambda_handler(dict(OCTOBER), Context())
    for item in documents.get_list(plan["partitions"]):
        draft_partition.lambda_handler(through(item), Context())
    return state(compare.lambda_handler, plan)


def a_frozen_manifest(place: Place) -> Scenario:
    customers()
    return state(
        number.lambda_handler,
        freeze.lambda_handler(approved(), Context()),
    )


def a_partition_to_issue(place: Place) -> Scenario:
    customers()
    plan = numbered()
    return state(issue_partition.lambda_handler, documents.get_list(plan["partitions"])[0])


def credit_to_use(place: Place) -> Scenario:
    """Ada has paid a bill twice, so that a part of the next is paid by her credit."""
    customers()
    overpaid("acc_ada")
    return state(collect.lambda_handler, issued())


def a_run_to_close(place: Place) -> Scenario:
    customers()
    return state(close_run.lambda_handler, collect.lambda_handler(issued(), Context()))


def letters_to_send(place: Place) -> Scenario:
    """A bill, a receipt, and a bill whose customer has no address."""
    world.new_customer("Ada", "fibre-100")
    world.new_customer("Dora", email="")
    issued()
    paid(world.issued_to("acc_ada")[0], "5.00")
    visible = {SENT_TWICE: letters_sent_twice, TRIES: tries_of_messages}
    return state(deliver.lambda_handler, {}, visible=visible, scheduled=True)


def cycles_that_ended(place: Place) -> Scenario:
    customers()
    return state(start_due.lambda_handler, {}, scheduled=True)


SCENARIOS: tuple[Callable[[Place], Scenario], ...] = (
    a_due_cycle,
    a_partition_to_draft,
    drafts_to_compare,
    a_frozen_manifest,
    a_partition_to_issue,
    credit_to_use,
    a_run_to_close,
    letters_to_send,
    cycles_that_ended,
)


STATES = (
    "open_run",
    "draft_partition",
    "compare",
    "number",
    "issue_partition",
    "collect",
    "close_run",
    "deliver",
    "start_due",
)


def state(handler: Callable[[Json, Any], Json], event: Any, **more: Any) -> Scenario:
    """A state's input as JSON; the machine tries again when the state fails."""
    module = handler.__wrapped__.__module__
    given = through(dict(event))

    def delivered() -> None:
        handler(through(given), Context())

    return Scenario(f"{module}.lambda_handler", module.rpartition(".")[2], delivered, **more)


def customers() -> None:
    world.new_customer("Ada", "fibre-100")
    world.new_customer("Ben")
    world.new_customer("Cleo", country="")
    world.downloaded("acc_ada", 1100)


def approved() -> Json:
    review = world.prepare()
    world.approve(review)
    return {"run": review["run"], "revision": review["revision"], "actor": STAFF}


def numbered() -> Json:
    return number.lambda_handler(freeze.lambda_handler(approved(), Context()), Context())


def issued() -> Json:
    plan = numbered()
    for item in documents.get_list(plan["partitions"]):
        issue_partition.lambda_handler(through(item), Context())
    return plan


def overpaid(account_id: str) -> None:
    """A bill outside of the cycle, and twice its money."""
    bill = billed(account_id, "10.00")
    paid(bill, "24.60")


def billed(account_id: str, amount: str) -> Invoice:
    """A bill over an amount without tax, outside of the cycle."""
    return ad_hoc_invoice(
        account_id,
        [replace(charge(amount), tax_category="standard", subscription_id="", service_id="")],
        f"operation-of-{account_id}",
        actor=STAFF,
        now=world.at("2026-10-10 09:00"),
        isp=load_isp(),
        office=office(),
        token_secret=token_secret(),
    )


def paid(invoice: Invoice, amount: str) -> None:
    """Money for an invoice, settled as the worker settles it."""
    at, position = world.at("2026-10-20 09:00"), ledger.position(invoice.account_id)
    reading = Reading(
        f"pi_{invoice.id}", Event.PAID, Money.parse(amount, "EUR"), at, at, invoice.id
    )
    settled = settle(None, reading, invoice.account_id, "EUR", position.open_items)
    assert settled is not None
    payments.post(settled, position, None, at)


PLANS = "a list that an attempt planned stays behind; nobody reads it"
SENT_TWICE = "killed between sending and marking, a letter goes out again under the same Message-ID"


TRIES = "a message counts its tries, and those that were cut off"


def lists_of_attempts(held: Holding) -> None:
    for key in [key for key in held if key.startswith("s3 ") and "/runs/" in key]:
        del held[key]


def letters_sent_twice(held: Holding) -> None:
    held["letters"] = sorted(set(held["letters"]))


def tries_of_messages(held: Holding) -> None:
    for key in [key for key in held if f" {OUTBOX}" in key]:
        body = json.loads(held[key]["body"]["S"])
        del body["attempts"]
        held[key] = held[key] | {"body": body, "version": None}

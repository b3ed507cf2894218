"""The two workflows walked in process, state by state, with the payloads the machines carry."""

import copy
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from billing.adapters import documents
from billing.config import ROOT, load_isp, load_plans
from billing.core import payment
from billing.core.invoicing import Invoice, canonical
from billing.core.money import Money
from billing.core.party import (
    Account,
    Address,
    Contact,
    IdentityAssignment,
    Party,
    Service,
    Subject,
    TaxPlace,
)
from billing.core.payment import Reading
from billing.core.period import Span
from billing.core.subscription import change_plan, start
from billing.core.usage import mediate
from billing.store import accounts, catalog, invoices, ledger, payments, runs, usage
from billing.store.access import EVERY_ACCOUNT
from billing.store.timeline import Event
from functions.bill_cycle import (
    close_run,
    collect,
    compare,
    draft_partition,
    freeze,
    issue_partition,
    number,
    open_run,
)
from tests import faults
from tests.core.usage.facts import opened, pack, record

BUCKET = os.environ["DOCUMENTS_BUCKET"]
STAFF = "staff:mira"
OCTOBER = {"cycle": {"anchor": 1, "period": "2026-10-01"}, "attempt": 1, "actor": STAFF}
PLANS = {offering.code: offering for offering in load_plans(ROOT / "plans.toml")}
MACHINE = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Succeed"}}})

WRITES = {"PutItem", "UpdateItem", "TransactWriteItems", "BatchWriteItem", "PutObject"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """The context of an invocation, as Lambda gives it."""

    function_name: str = "bill-cycle"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:bill-cycle"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    milliseconds: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def machine_arn() -> str:
    client = boto3.client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/machine"
    made = client.create_state_machine(name="prepare", definition=MACHINE, roleArn=role)
    return made["stateMachineArn"]


def at(text: str) -> datetime:
    """An instant in UTC: "2026-10-01 09:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def new_customer(
    name: str,
    plan: str = "fibre-500",
    *,
    since: str = "2026-10-01",
    country: str = "IE",
    email: str | None = None,
    anchor: int = 1,
    seller: str = "meridian",
) -> str:
    """A customer connected from the first minute of a local day (Dublin is at +01:00 then)."""
    key = name.lower()
    account_id = f"acc_{key}"
    began = at(since) - timedelta(hours=1)
    site = Address("Quay Street", "7", "T12 AB12", "Cork", "IE")
    account = Account(
        account_id,
        f"pty_{key}",
        seller,
        "EUR",
        "en",
        anchor,
        date.fromisoformat(since),
        TaxPlace(country),
        site,
    )
    address = f"{key}@example.net" if email is None else email
    price = PLANS[plan].version_on(date.fromisoformat(since))
    accounts.save_new_customer(
        party=Party(account.party_id, "person"),
        subject=Subject(
            account.party_id, name, address, contacts=(Contact("owner", name, address),)
        ),
        account=account,
        services=(Service(f"svc_{key}", account_id, "7 Quay Street", site=site),),
        subscriptions=(start(f"sub_{key}", account_id, f"svc_{key}", price, began),),
        identities=(
            IdentityAssignment(f"user:{key}", f"svc_{key}", account_id, Span(began, None)),
        ),
        event=Event("account.opened", STAFF, account_id, "opened", began),
    )
    return account_id


def change_plan_of(account_id: str, plan: str, day: str) -> None:
    """A plan changed in the first minute of a local day of October."""
    key = account_id.removeprefix("acc_")
    price_of = catalog.price_versions()
    held = accounts.load_subscription(account_id, f"sub_{key}", EVERY_ACCOUNT, price_of)
    price = PLANS[plan].version_on(date.fromisoformat(day))
    moved = change_plan(held, price, at(day) - timedelta(hours=1))
    event = Event("plan.changed", STAFF, held.id, f"now {plan}", at(day))
    accounts.save_subscription(moved, event)


def set_tax_country(account_id: str, country: str) -> None:
    account = accounts.load_account(account_id, EVERY_ACCOUNT)
    event = Event("account.changed", STAFF, account_id, "tax country set", at("2026-11-02 10:00"))
    accounts.save_account(replace(account, tax_place=TaxPlace(country)), event)


def downloaded(account_id: str, gigabytes: int) -> None:
    """One session of eight days in October, told by its last interim."""
    began, ended = at("2026-10-05 08:00"), at("2026-10-13 08:00")
    told = record(
        ended,
        gigabytes * 10**9 * 10 // 11,
        began,
        user_name=account_id.removeprefix("acc_"),
        nas_id="cork-bng-1",
    )
    settings = usage.settings_of(load_isp())
    batch = mediate(opened(pack([told])), settings)
    assert not batch.suspended
    usage.put(batch.segments, settings)


def paid(account_id: str, amount: str) -> None:
    """Money that came in while nothing was open: it is the account's credit."""
    then, position = at("2026-10-20 09:00"), ledger.position(account_id)
    money = Money.parse(amount, "EUR")
    reading = Reading(f"pi_{account_id}", payment.Event.PAID, money, then, then)
    settlement = payment.settle(None, reading, account_id, "EUR", position.open_items)
    assert settlement is not None
    payments.post(settlement, position, None, then)


def prepare(event: Mapping[str, Any] = OCTOBER) -> Json:
    """Walk *prepare* from its start to its end."""
    plan = open_run.lambda_handler(through(dict(event)), Context())
    for item in documents.get_list(plan["partitions"]):
        draft_partition.lambda_handler(through(item), Context())
    return through(compare.lambda_handler(through(plan), Context()))


def prepare_again(event: Mapping[str, Any] = OCTOBER) -> Json:
    """What staff does in review, after mending: the next revision, and an execution for it."""
    run_id = open_run.lambda_handler(through(dict(event)), Context())["run"]
    told = Event("bill-run.prepared-again", STAFF, run_id, "mended", at("2026-11-02 10:30"))
    runs.start_revision(run_id, told)
    return prepare(event)


def approve(review: Mapping[str, Any]) -> None:
    """What staff does on the review page."""
    event = Event("bill-run.approved", STAFF, review["run"], "approved", at("2026-11-02 11:00"))
    runs.approve(review["run"], review["revision"], review["digest"], STAFF, event)


def issue(review: Mapping[str, Any]) -> Json:
    """Walk *issue* from its start to its end, without the mail."""
    start = {"run": review["run"], "revision": review["revision"], "actor": STAFF}
    plan = number.lambda_handler(through(freeze.lambda_handler(start, Context())), Context())
    for item in documents.get_list(plan["partitions"]):
        issue_partition.lambda_handler(through(item), Context())
    return close_run.lambda_handler(
        through(collect.lambda_handler(through(plan), Context())), Context()
    )


def whole_cycle(event: Mapping[str, Any] = OCTOBER) -> Json:
    review = prepare(event)
    approve(review)
    return issue(review)


def through(payload: Json) -> Json:
    """A payload as the next state receives it: JSON, and small enough for the machine."""
    text = json.dumps(payload)
    assert len(text) < 256 * 1024
    return json.loads(text)


def issued_to(account_id: str) -> list[Invoice]:
    return list(reversed(invoices.list_invoices(account_id, EVERY_ACCOUNT).items))


def pdf_of(invoice: Invoice) -> bytes:
    return documents.get(BUCKET, documents.document_key(invoice))


def outcome(account_ids: list[str]) -> list[tuple[str, bytes, bytes]]:
    """Everything that left the house: number, invoice and document, byte for byte."""
    return [
        (invoice.number, canonical(invoice), pdf_of(invoice))
        for account_id in account_ids
        for invoice in issued_to(account_id)
    ]


def everything() -> Any:
    """All rows and files as they are now."""
    rows = {name: copy.deepcopy(table.items) for name, table in _tables().items()}
    return rows, {key: documents.get(BUCKET, key) for key in files()}


def put_back(state: Any) -> None:
    """Make rows and files what they were."""
    rows, kept = state
    for name, table in _tables().items():
        table.items = copy.deepcopy(rows[name])
    for key in files():
        boto3.client("s3").delete_object(Bucket=BUCKET, Key=key)
    for key, content in kept.items():
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def files() -> list[str]:
    """The keys of all stored documents."""
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET)
    return [one["Key"] for one in found.get("Contents", [])]


def write_calls(action: Callable[[], Any]) -> list[int]:
    """Which calls of an action change something, from 1. It runs.

    Dying at a read is dying after the write before it, so these are all the places to die.
    """
    faults.calls_of(action)
    return [n for n, name in enumerate(faults.calls_made(), 1) if name in WRITES]


def _tables() -> Any:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].tables

"""What holds for every row: the ledger only grows, numbers are whole, secrets are hashed."""

import json
import os

import boto3
import pytest

from billing.core.ledger import allocate, payment_transaction, reversal
from billing.store import accounts, invoices, ledger
from tests.examples import at, customer, eur, event, invoice
from tests.faults import sent_by

LEDGER = os.environ["LEDGER_TABLE"]


def a_month() -> None:
    """A customer comes, is billed, pays, and the bank takes the money back."""
    accounts.save_new_customer(**customer(external_id="OLD-7"))
    invoices.issue(invoice(), event("invoice.issued", invoice().id))
    position = ledger.position("acc_1")
    allocations, surplus = allocate(eur("40.00"), position.open_items)
    paid = payment_transaction(
        account_id="acc_1",
        object_id="pi_1",
        at=at("2026-11-10 10:00"),
        allocations=allocations,
        surplus=surplus,
        source="stripe",
    )
    ledger.post(paid, position, event("payment.received", "pi_1"))
    undone = reversal(paid, at("2026-11-20 10:00"))
    ledger.post(undone, ledger.position("acc_1"), event("payment.reversed", "pi_1"))


def writes(sent) -> list[tuple[str, dict]]:
    """(kind, arguments) of every write that was sent, those inside of transactions too."""
    found = []
    for operation, body in sent:
        request = json.loads(body)
        if operation == "TransactWriteItems":
            found += [pair for item in request["TransactItems"] for pair in item.items()]
        elif operation in ("PutItem", "UpdateItem", "DeleteItem"):
            found.append((operation.removesuffix("Item"), request))
        else:
            assert not operation.startswith("BatchWrite")
    return found


def test_the_ledger_is_only_ever_put_to_and_always_on_a_condition(tables):
    to_ledger = [(k, w) for k, w in writes(sent_by(a_month)) if w["TableName"] == LEDGER]

    assert len(to_ledger) >= 10
    assert {kind for kind, _ in to_ledger} == {"Put"}
    assert all("attribute_not_exists" in write["ConditionExpression"] for _, write in to_ledger)


def test_every_number_in_every_table_is_whole(tables):
    a_month()
    client = boto3.client("dynamodb")
    items = [
        item
        for name in client.list_tables()["TableNames"]
        for item in client.scan(TableName=name)["Items"]
    ]
    numbers = [value["N"] for item in items for value in item.values() if "N" in value]

    assert numbers
    assert all(number.lstrip("-").isdigit() for number in numbers)


@pytest.mark.parametrize("table", ["LEDGER_TABLE", "ACCOUNTS_TABLE"])
def test_a_pay_token_is_no_key_of_any_table(tables, table):
    a_month()
    rows = boto3.client("dynamodb").scan(TableName=os.environ[table])["Items"]

    keys = [value["S"] for row in rows for name, value in row.items() if name in ("pk", "sk")]
    assert not any(invoice().pay_token in key for key in keys)


def test_a_name_stands_in_the_subjects_item_and_in_documents_alone(tables):
    a_month()
    rows = [
        row
        for name in ("LEDGER_TABLE", "ACCOUNTS_TABLE")
        for row in boto3.client("dynamodb").scan(TableName=os.environ[name])["Items"]
        if "lindqvist" in json.dumps(row).casefold()
    ]

    assert sorted(row["sk"]["S"].split("#")[0] for row in rows) == ["INV", "SUBJECT"]

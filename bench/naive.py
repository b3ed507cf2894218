"""What most would build, and build well: the designs that Demarc's counts are held against.

Usage     a conditional put for each record, so that a repeat is noticed, then the counter of its
          session and day moved forward; both under conditions, so that order does not matter.
Invoices  one transaction of four items: the number series, the invoice, an entry, the balance.
          No gap in the numbers, and every invoice of the ISP waits for the same counter.

Neither has a timeline, an outbox, open items, a pay link, completeness or suspense.
"""

import json
import os
from collections.abc import Iterable
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from billing.core.invoicing import Draft, canonical, number
from billing.core.period import rfc3339
from billing.core.usage import Pack, Settings, open_pack
from billing.core.usage.mediation import measured_by
from functions.ingest_usage import shared
from functions.ingest_usage.live import _arrivals


@cache
def _dynamodb() -> Any:
    return boto3.client("dynamodb")


def ingest(event: dict[str, Any]) -> None:
    """The same Kinesis event, opened and judged by the same rules, stored a row for each record."""
    settings, keys = shared.settings(), shared.collector_keys()
    for data, arrived in _arrivals(event):
        pack = open_pack(data, keys, arrived)
        if isinstance(pack, Pack):
            _store(pack, settings)


def _store(pack: Pack, settings: Settings) -> None:
    table = os.environ["USAGE_TABLE"]
    for record in pack.records:
        found = measured_by(record, settings)
        if found is None:
            continue
        identity, snapshot = found
        _, day = settings.grid.hour_and_day(snapshot.second)
        session = f"{snapshot.nas}#{snapshot.session_id}"
        octets = {
            "octets_in": {"N": str(snapshot.octets_in)},
            "octets_out": {"N": str(snapshot.octets_out)},
        }
        row = {"pk": {"S": f"REC#{identity}"}, "sk": {"S": f"{snapshot.second}#{session}"}}
        try:
            _dynamodb().put_item(
                TableName=table,
                Item={**row, **octets},
                ConditionExpression="attribute_not_exists(pk)",
            )
            _dynamodb().update_item(
                TableName=table,
                Key={"pk": {"S": f"USE#{identity}"}, "sk": {"S": f"{day}#{session}"}},
                UpdateExpression="SET octets_in = :i, octets_out = :o, measured = :s",
                ConditionExpression="attribute_not_exists(pk) OR measured < :s",
                ExpressionAttributeValues={
                    ":i": octets["octets_in"],
                    ":o": octets["octets_out"],
                    ":s": {"N": str(snapshot.second)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def issue_all(drafts: Iterable[Draft], **dates: Any) -> None:
    for draft in drafts:
        issue(draft, **dates)


def issue(draft: Draft, **dates: Any) -> None:
    """Take the next number and commit the invoice with it."""
    ledger, accounts = os.environ["LEDGER_TABLE"], os.environ["ACCOUNTS_TABLE"]
    series = {"pk": {"S": f"SER#{draft.seller['id']}#2026"}, "sk": {"S": "SERIES"}}
    found = _dynamodb().get_item(TableName=accounts, Key=series, ConsistentRead=True)
    last = int(found.get("Item", {}).get("last", {"N": "0"})["N"])
    invoice = number(draft, f"MF-2026-{last + 1:06d}", **dates)
    account = f"ACC#{draft.account_id}"
    entry = {
        "debit": f"receivable:{draft.account_id}",
        "credit": "revenue",
        "net": draft.net.to_wire(),
        "tax": draft.tax.to_wire(),
        "at": rfc3339(draft.period.span.start),
    }
    _dynamodb().transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": accounts,
                    "Key": series,
                    "UpdateExpression": "SET #last = :next",
                    "ConditionExpression": "attribute_not_exists(#last) OR #last = :last",
                    "ExpressionAttributeNames": {"#last": "last"},
                    "ExpressionAttributeValues": {
                        ":last": {"N": str(last)},
                        ":next": {"N": str(last + 1)},
                    },
                }
            },
            _new(ledger, account, f"INV#{invoice.id}", canonical(invoice).decode()),
            _new(ledger, account, f"TXN#{invoice.id}", json.dumps(entry)),
            {
                "Update": {
                    "TableName": accounts,
                    "Key": {"pk": {"S": account}, "sk": {"S": "OWED"}},
                    "UpdateExpression": "ADD minor :minor",
                    "ExpressionAttributeValues": {":minor": {"N": str(draft.total.minor)}},
                }
            },
        ]
    )


def _new(table: str, pk: str, sk: str, body: str) -> dict[str, Any]:
    item = {"pk": {"S": pk}, "sk": {"S": sk}, "body": {"S": body}}
    condition = "attribute_not_exists(pk)"
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": condition}}

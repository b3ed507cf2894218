"""What must hold of a system's books at any moment, read from its tables and its bucket."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from billing.core.ledger import receivable, transaction_from
from billing.core.money import Money
from local.context import Context

Row = dict[str, Any]


@dataclass(frozen=True)
class Books:
    invoices: list[Row]  # by number
    drafts: list[Row]
    transactions: int
    problems: list[str]  # none: the books are in order

    def of_run(self, run_id: str) -> list[Row]:
        return [one for one in self.invoices if one["run_id"] == run_id]


def books(context: Context) -> Books:
    ledger = list(rows(context, "LedgerTable"))
    accounts = list(rows(context, "AccountsTable"))
    invoices = sorted(bodies(ledger, "INV#"), key=lambda invoice: invoice["number"])
    owed: dict[str, int] = defaultdict(int)
    for posted in map(transaction_from, bodies(ledger, "TXN#")):  # each proves that it balances
        for entry in posted.entries:
            if entry.account == receivable(posted.account_id):
                owed[posted.account_id] += entry.amount.minor
    left: dict[str, int] = defaultdict(int)
    for item in bodies(accounts, "OPEN#"):
        left[item["account_id"]] += Money.from_wire(item["open"]).minor
    wrong = [
        f"{account}: {owed[account]} receivable, {left[account]} in open items"
        for account in owed.keys() | left.keys()
        if owed[account] != left[account]
    ]
    return Books(
        invoices,
        [json.loads(row["body"]["S"]) for row in accounts if row["pk"]["S"].startswith("DRF#")],
        sum(row["sk"]["S"].startswith("TXN#") for row in ledger),
        [*wrong, *numbers_wrong(invoices), *papers_wrong(context, invoices)],
    )


def numbers_wrong(invoices: list[Row]) -> list[str]:
    numbers = [int(one["number"].rpartition("-")[2]) for one in invoices]
    dates = [one["issued_on"] for one in invoices]
    billed = [(one["account_id"], one["run_id"]) for one in invoices]
    return [
        *([] if numbers == list(range(1, len(numbers) + 1)) else [f"numbers are {numbers}"]),
        *([] if dates == sorted(dates) else ["a later number bears an earlier date"]),
        *([] if len(billed) == len(set(billed)) else ["an account was billed twice by a run"]),
    ]


def papers_wrong(context: Context, invoices: list[Row]) -> list[str]:
    """One document for each invoice, and none for anything else."""
    pages = context.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=context.outputs["DocumentsBucket"], Prefix="invoices/")
    drawn = sorted(one["Key"].split("/")[1] for page in found for one in page.get("Contents", []))
    wanted = sorted(one["id"] for one in invoices)
    return [] if drawn == wanted else [f"{len(drawn)} documents of {len(wanted)} invoices"]


def bodies(rows: list[Row], prefix: str) -> Iterator[Row]:
    of_kind = (row for row in rows if row["sk"]["S"].startswith(prefix))
    return (json.loads(row["body"]["S"]) for row in of_kind)


def rows(context: Context, table: str) -> Iterator[Row]:
    pages = context.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=context.outputs[table], ConsistentRead=True):
        yield from page["Items"]

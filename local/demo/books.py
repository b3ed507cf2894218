"""The books, added up from the tables: they must agree with themselves, whatever was done."""

from collections import Counter
from typing import Any

from local.demo.world import World


def add_up(world: World) -> None:
    """Every transaction is zero, what is owed is what is open, no number is missing."""
    from billing.core.ledger import open_item_from, transaction_from
    from billing.store.rows import body_of
    from billing.store.tables import AccountRow, LedgerRow

    journal = world.journal
    journal.step("The books")
    ledger = list(LedgerRow.scan(consistent_read=True))
    sums: Counter[str] = Counter()
    transactions = 0
    for row in ledger:
        if row.sk.startswith("TXN#"):
            transactions += 1
            posted = transaction_from(body_of(row))
            if sum(entry.amount.minor for entry in posted.entries):
                journal.wrong(f"{posted.id} sums to zero")
            for entry in posted.entries:
                sums[entry.account.partition(":")[0]] += entry.amount.minor
    journal.must(not sum(sums.values()), f"{transactions} transactions, each sums to zero")
    items = [
        open_item_from(body_of(row))
        for row in AccountRow.scan(AccountRow.sk.startswith("OPEN#"), consistent_read=True)
    ]
    unpaid = [item for item in items if not item.settled]
    owed = sum(item.open.minor for item in unpaid)
    journal.must(
        owed == sums["receivable"],
        f"receivables of {owed / 100:.2f} EUR are its {len(unpaid)} open items",
    )
    numbers = sorted(row.pk.removeprefix("NUM#") for row in ledger if row.pk.startswith("NUM#"))
    prefix, _, first = numbers[0].rpartition("-")
    expected = [f"{prefix}-{n:06d}" for n in range(int(first), int(first) + len(numbers))]
    journal.must(
        int(first) == 1 and numbers == expected,
        f"{len(numbers)} invoices, numbered {numbers[0]} to {numbers[-1]} without a gap",
    )
    _documents(world, [row for row in ledger if row.sk.startswith("INV#")])


def _documents(world: World, rows: list[Any]) -> None:
    """A document for each invoice, a letter for each."""
    journal, bills = world.journal, len(rows)
    journal.must(_stored(world, ".pdf") == bills, f"{bills} documents are stored")
    journal.soon(lambda: _stored(world, ".eml") >= bills, f"{bills} letters are sent")
    journal.fact(f"{_stored(world, '.eml')} letters were sent, bills and receipts")


def _stored(world: World, ending: str) -> int:
    s3, bucket = world.context.client("s3"), world.context.outputs["DocumentsBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = (found["Key"] for page in pages for found in page.get("Contents", []))
    return sum(key.endswith(ending) for key in keys)

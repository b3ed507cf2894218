"""The ledger: double entry, and which open item a payment settles.

Accounts of the ledger are named by text: "receivable:<account>" and "credit:<account>" (of a
customer), "revenue:<kind of charge>", "tax:<country>:<percent>", "cash:<source>". An amount above
zero is a debit. Every transaction sums to zero in each currency; a mistake gets a reversal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from billing.core.errors import BillingError
from billing.core.ids import derived_id
from billing.core.invoicing import Invoice
from billing.core.money import Money
from billing.core.period import instant_from, local_midnight, rfc3339
from billing.core.tax import percent_text

Kind = Literal["invoice", "payment", "credit-use", "reversal"]


class Unbalanced(BillingError):
    """Debits and credits differ: money would appear or vanish."""

    def __init__(self, transaction_id: str, difference: Money) -> None:
        super().__init__(
            f"ledger transaction {transaction_id} is off by {difference}:"
            " its debits and credits must be equal in each currency"
        )
        self.transaction_id, self.difference = transaction_id, difference


class NotAPayment(BillingError):
    """Only a positive amount can be allocated."""

    def __init__(self, amount: Money) -> None:
        super().__init__(f"amount: {amount} cannot be allocated; a payment is above zero")
        self.amount = amount


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a transaction; debit above zero, credit below."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of an invoice a transaction settles; below zero: how much it opens again."""

    invoice_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Transaction:
    """Entries that stand or fall together, of one customer account. Checked when it is made."""

    id: str
    account_id: str
    at: datetime
    kind: Kind
    reference: str  # the invoice, the processor's object, the transaction reversed
    entries: tuple[Entry, ...]
    allocations: tuple[Allocation, ...] = ()

    def __post_init__(self) -> None:
        sums: dict[str, Money] = {}
        for entry in self.entries:
            currency = entry.amount.currency
            sums[currency] = sums.get(currency, Money.zero(currency)) + entry.amount
        for difference in sums.values():
            if difference:
                raise Unbalanced(self.id, difference)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What is left to pay of an invoice."""

    invoice_id: str
    account_id: str
    number: str
    due_on: date
    total: Money
    open: Money

    @property
    def settled(self) -> bool:
        return not self.open


def receivable(account_id: str) -> str:
    return f"receivable:{account_id}"


def credit(account_id: str) -> str:
    return f"credit:{account_id}"


def invoice_transaction(invoice: Invoice) -> Transaction:
    """The customer owes the total; revenue by kind of charge, and tax by rate, are earned.

    A total below zero is owed to the customer: it becomes credit. The transaction is dated the
    first instant of the local day of issue; its id follows from the invoice's.
    """
    at = local_midnight(invoice.issued_on, invoice.period.zone)
    revenue: dict[str, Money] = {}
    for line in invoice.lines:
        account = f"revenue:{line.kind}"
        revenue[account] = revenue.get(account, Money.zero(invoice.currency)) + line.amount
    side = credit if invoice.total.minor < 0 else receivable
    entries = [Entry(side(invoice.account_id), invoice.total)]
    entries += [Entry(account, -amount) for account, amount in sorted(revenue.items())]
    entries += [
        Entry(f"tax:{item.country}:{percent_text(item.percent)}", -item.amount)
        for item in invoice.taxes
    ]
    return Transaction(
        derived_id("txn", at, "invoice", invoice.id),
        invoice.account_id,
        at,
        "invoice",
        invoice.id,
        tuple(entry for entry in entries if entry.amount),
    )


def open_item(invoice: Invoice) -> OpenItem:
    """What is open of an invoice when it is issued: all of it; nothing of a total below zero."""
    owed = max(invoice.total, Money.zero(invoice.currency))
    facts = (invoice.id, invoice.account_id, invoice.number, invoice.due_on)
    return OpenItem(*facts, invoice.total, owed)


def payment_transaction(
    *,
    account_id: str,
    object_id: str,
    at: datetime,
    allocations: Sequence[Allocation],
    surplus: Money,
    source: str,
) -> Transaction:
    """Money that came in: it settles the allocations, and the surplus becomes the account's credit.

    object_id  the processor's id of the payment: one object is one transaction
    at         when the processor says it succeeded, so that a repeat gives the same id
    source     "stripe": the ledger account is "cash:stripe"
    """
    settled = Money.total((one.amount for one in allocations), surplus.currency)
    entries = (
        Entry(f"cash:{source}", settled + surplus),
        Entry(receivable(account_id), -settled),
        Entry(credit(account_id), -surplus),
    )
    return Transaction(
        derived_id("txn", at, "payment", object_id),
        account_id,
        at,
        "payment",
        object_id,
        tuple(entry for entry in entries if entry.amount),
        tuple(allocations),
    )


def credit_transaction(
    *, account_id: str, reference: str, at: datetime, allocations: Sequence[Allocation]
) -> Transaction:
    """Credit of the account settles open items. `reference` names the operation, for ever."""
    settled = Money.total((one.amount for one in allocations), allocations[0].amount.currency)
    return Transaction(
        derived_id("txn", at, "credit-use", reference),
        account_id,
        at,
        "credit-use",
        reference,
        (Entry(credit(account_id), settled), Entry(receivable(account_id), -settled)),
        tuple(allocations),
    )


def reversal(transaction: Transaction, at: datetime) -> Transaction:
    """The opposite of a transaction: every entry and allocation negated. One for each original."""
    return replace(
        transaction,
        # Dated by its own day, but named by the original alone, so that there is only one.
        id=derived_id("txn", transaction.at, "reversal", transaction.id),
        at=at,
        kind="reversal",
        reference=transaction.id,
        entries=tuple(Entry(one.account, -one.amount) for one in transaction.entries),
        allocations=tuple(
            Allocation(one.invoice_id, -one.amount) for one in transaction.allocations
        ),
    )


def allocate(
    amount: Money, open_items: Iterable[OpenItem], first: str | None = None
) -> tuple[tuple[Allocation, ...], Money]:
    """What a payment settles, and the surplus: the invoice it was made for, then the oldest due."""
    if amount.minor <= 0:
        raise NotAPayment(amount)
    left, allocations = amount, list[Allocation]()
    for item in sorted(
        open_items, key=lambda one: (one.invoice_id != first, one.due_on, one.number)
    ):
        share = min(left, item.open)
        if share.minor > 0:
            allocations.append(Allocation(item.invoice_id, share))
            left -= share
    return tuple(allocations), left


def balance(transactions: Iterable[Transaction], account_id: str, currency: str) -> Money:
    """What the account owes, credit subtracted; below zero: what it has to its credit."""
    ours = (receivable(account_id), credit(account_id))
    return Money.total(
        (
            entry.amount
            for transaction in transactions
            for entry in transaction.entries
            if entry.account in ours
        ),
        currency,
    )


def same_fact(one: Transaction, other: Transaction) -> bool:
    """Whether two transactions tell the same fact of the world, however it was allocated.

    A payment delivered again is allocated on another position; it is still the same money.
    """
    return _fact(one) == _fact(other)


def transaction_to_dict(transaction: Transaction) -> dict[str, Any]:
    return {
        "id": transaction.id,
        "account_id": transaction.account_id,
        "at": rfc3339(transaction.at),
        "kind": transaction.kind,
        "reference": transaction.reference,
        "entries": [
            {"account": one.account, "amount": one.amount.to_wire()} for one in transaction.entries
        ],
        "allocations": [
            {"invoice_id": one.invoice_id, "amount": one.amount.to_wire()}
            for one in transaction.allocations
        ],
    }


def transaction_from(data: Mapping[str, Any]) -> Transaction:
    return Transaction(
        data["id"],
        data["account_id"],
        instant_from(data["at"]),
        data["kind"],
        data["reference"],
        tuple(Entry(one["account"], Money.from_wire(one["amount"])) for one in data["entries"]),
        tuple(
            Allocation(one["invoice_id"], Money.from_wire(one["amount"]))
            for one in data["allocations"]
        ),
    )


def open_item_to_dict(item: OpenItem) -> dict[str, Any]:
    return {
        "invoice_id": item.invoice_id,
        "account_id": item.account_id,
        "number": item.number,
        "due_on": item.due_on.isoformat(),
        "total": item.total.to_wire(),
        "open": item.open.to_wire(),
    }


def open_item_from(data: Mapping[str, Any]) -> OpenItem:
    return OpenItem(
        data["invoice_id"],
        data["account_id"],
        data["number"],
        date.fromisoformat(data["due_on"]),
        Money.from_wire(data["total"]),
        Money.from_wire(data["open"]),
    )


def _fact(transaction: Transaction) -> tuple[object, ...]:
    ours = (receivable(transaction.account_id), credit(transaction.account_id))
    outside = tuple(one for one in transaction.entries if one.account not in ours)
    return transaction.id, transaction.kind, transaction.reference, outside

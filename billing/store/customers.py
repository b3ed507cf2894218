"""Views of a whole customer: for pages, for support, for the draft of a bill."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from billing.core.ledger import OpenItem
from billing.core.money import Money
from billing.core.party import Account, IdentityAssignment, Party, Service, Subject
from billing.core.subscription import Subscription
from billing.store import account_rows as rows
from billing.store import assignments, ledger
from billing.store.access import EVERY_ACCOUNT, Access, AccountNotFound
from billing.store.accounts import (
    accounts_of_party,
    find_external,
    load_account,
    load_party,
    load_subject,
)
from billing.store.catalog import PriceOf, price_versions
from billing.store.pages import Page, page_of
from billing.store.rows import of_prefix
from billing.store.tables import AccountRow, head_key, parties_index


@dataclass(frozen=True, slots=True)
class Customer:
    """One account with everything that hangs from it."""

    party: Party
    subject: Subject
    account: Account
    services: tuple[Service, ...]
    subscriptions: tuple[Subscription, ...]
    assignments: tuple[IdentityAssignment, ...]
    open_items: tuple[OpenItem, ...]  # not settled, oldest due first
    balance: Money  # what is owed, credit subtracted
    credit: Money  # paid and not used yet

    def identities_of(self, service_id: str) -> tuple[IdentityAssignment, ...]:
        return tuple(one for one in self.assignments if one.service_id == service_id)


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """One account in a list."""

    account: Account
    subscriptions: tuple[Subscription, ...]
    open_items: tuple[OpenItem, ...]
    balance: Money


@dataclass(frozen=True, slots=True)
class CustomerSummary:
    """One customer in a list."""

    party_id: str
    name: str
    accounts: tuple[AccountSummary, ...]


def load_customer(account_id: str, access: Access, price_of: PriceOf | None = None) -> Customer:
    """Everything of one account. AccountNotFound also when it is not the caller's."""
    access.check(account_id)
    # Timeline, invoices and postings are in the ledger table: this partition stays small.
    partition = list(AccountRow.query(head_key(account_id)[0], consistent_read=True))
    heads = of_prefix(partition, "HEAD")
    if not heads:
        raise AccountNotFound(account_id)
    account = rows.account_of(heads[0])
    resolve = price_of or price_versions()
    position = ledger.position_of(account_id, partition)
    return Customer(
        party=load_party(account.party_id),
        subject=load_subject(account.party_id),
        account=account,
        services=tuple(rows.service_of(row) for row in of_prefix(partition, "SVC#")),
        subscriptions=tuple(
            rows.subscription_of(row, resolve) for row in of_prefix(partition, "SUB#")
        ),
        assignments=assignments.of_account(account_id, of_prefix(partition, "IDN#")),
        open_items=position.open_items,
        balance=position.balance,
        credit=position.credit,
    )


def list_customers(
    search: str = "", *, cursor: str | None = None, limit: int = 25
) -> Page[CustomerSummary]:
    """Customers by name, for staff: three reads for each customer shown.

    search  an account id, an account's external id, or how a name begins; "" is everybody
    """
    search, resolve = search.strip(), price_versions()
    if search:
        account_id = search if search.startswith("acc_") else find_external("account", search)
        if account_id is not None:
            return Page(tuple(_of_account(account_id, resolve)))

    def query(**kwargs: Any) -> Any:
        index_pk, name_start = parties_index(search, "")
        begins = AccountRow.gsi1sk.startswith(name_start.removesuffix("#")) if search else None
        return AccountRow.gsi1.query(index_pk, begins, **kwargs)

    def read(row: AccountRow) -> CustomerSummary:
        return _summary(row.pk.removeprefix("PTY#"), resolve)

    return page_of(query, read, cursor, limit)


def _of_account(account_id: str, price_of: PriceOf) -> Iterator[CustomerSummary]:
    try:
        party_id = load_account(account_id, EVERY_ACCOUNT).party_id
    except AccountNotFound:
        return
    yield _summary(party_id, price_of)


def _summary(party_id: str, price_of: PriceOf) -> CustomerSummary:
    return CustomerSummary(
        party_id,
        load_subject(party_id).name,
        tuple(_account_summary(one, price_of) for one in accounts_of_party(party_id)),
    )


def _account_summary(account_id: str, price_of: PriceOf) -> AccountSummary:
    partition = list(AccountRow.query(head_key(account_id)[0], consistent_read=True))
    position = ledger.position_of(account_id, partition)
    return AccountSummary(
        rows.account_of(of_prefix(partition, "HEAD")[0]),
        tuple(rows.subscription_of(row, price_of) for row in of_prefix(partition, "SUB#")),
        position.open_items,
        position.balance,
    )

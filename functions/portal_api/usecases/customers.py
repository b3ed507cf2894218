"""Parties and accounts: find, show, create, edit, note."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.config import Isp
from billing.core.ledger import OpenItem
from billing.core.money import Money
from billing.core.party import (
    Account,
    Address,
    IdentityAssignment,
    Party,
    Service,
    Subject,
    TaxPlace,
)
from billing.core.subscription import Subscription
from billing.store.access import Access
from billing.store.pages import Page
from billing.store.timeline import Event
from functions.portal_api.operation import Operation


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of the list of customers."""

    account_id: str
    party_id: str
    name: str
    external_id: str
    plan: str  # names of the running plans, joined; "" without one
    state: str  # active, closed, overdue
    balance: Money  # owed; below zero: credit


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service with what runs on it and whose usage is counted for it."""

    service: Service
    subscriptions: tuple[Subscription, ...]
    identities: tuple[IdentityAssignment, ...]


@dataclass(frozen=True, slots=True)
class Customer:
    """One account with everything a person wants to see first."""

    party: Party
    subject: Subject
    account: Account
    balance: Money  # owed; below zero: credit
    credit: Money
    services: tuple[ServiceView, ...]
    open_items: tuple[OpenItem, ...]  # oldest first

    @property
    def id(self) -> str:
        return self.account.id


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """All that one customer with one service needs: the form of the console, a row of an import."""

    name: str
    kind: str  # person, organisation
    email: str
    phone: str
    billing_address: Address
    tax_place: TaxPlace
    cycle_anchor: int
    offering_id: str
    start: date  # local day; the subscription begins at its first instant
    identity: str  # "user:ada@isp.example"; "": none yet
    external_id: str = ""
    language: str = ""  # "": the ISP's
    vat_id: str = ""
    site: Address | None = None  # None: the billing address
    service_name: str = "Internet"


@dataclass(frozen=True, slots=True)
class CustomerIds:
    """What creating a customer made."""

    party_id: str
    account_id: str
    service_id: str
    subscription_id: str


def list_customers(
    sees: Access, *, query: str = "", cursor: str | None = None, limit: int = 25, today: date
) -> Page[CustomerRow]:
    """Customers by name; `query`: the beginning of a name, or an id, external id, identity."""
    raise NotImplementedError


def customer(account_id: str, sees: Access) -> Customer:
    """One account, whole. Raises AccountNotFound."""
    raise NotImplementedError


def timeline(
    account_id: str, sees: Access, *, cursor: str | None = None, limit: int = 50
) -> Page[Event]:
    """What happened on an account, newest first."""
    raise NotImplementedError


def create_customer(op: Operation, wanted: NewCustomer, isp: Isp) -> CustomerIds:
    """Party, account, service, identity and subscription in one transaction."""
    raise NotImplementedError


def create_party(op: Operation, fields: Mapping[str, Any]) -> Subject:
    """A party; `fields` are those of wire.requests.PartyIn, in snake_case."""
    raise NotImplementedError


def edit_party(op: Operation, party_id: str, version: int, changes: Mapping[str, Any]) -> Subject:
    """Change what `changes` names. `version` is the one that was seen; else EditConflict."""
    raise NotImplementedError


def create_account(op: Operation, fields: Mapping[str, Any], isp: Isp) -> Account:
    raise NotImplementedError


def edit_account(
    op: Operation, account_id: str, version: int, changes: Mapping[str, Any]
) -> Account:
    raise NotImplementedError


def add_note(op: Operation, account_id: str, text: str) -> Event:
    raise NotImplementedError

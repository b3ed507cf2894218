"""Parties, accounts, services and what happens to them, as JSON."""

from typing import Any

from billing.core.party import Account, IdentityAssignment, Service
from billing.store.customers import Customer
from billing.store.logins import Login
from billing.store.timeline import Event
from functions.portal_api.usecases.customers import CustomerRow, PartyView
from functions.portal_api.wire.base import Day, Instant, MoneyOut, Wire, amount
from functions.portal_api.wire.money import OpenItemOut
from functions.portal_api.wire.subscriptions import SubscriptionOut, subscription


class AddressOut(Wire):
    street: str
    number: str
    postcode: str
    town: str
    region: str
    country: str


class ContactOut(Wire):
    role: str
    name: str
    email: str
    phone: str
    language: str


class PartyOut(Wire):
    id: str
    kind: str
    name: str
    email: str
    phone: str
    vat_id: str
    contacts: list[ContactOut]
    external_id: str
    account_ids: list[str]
    version: int


class TaxPlaceOut(Wire):
    country: str
    region: str


class AccountOut(Wire):
    id: str
    party_id: str
    seller_id: str
    currency: str
    language: str
    cycle_anchor: int
    opened_on: Day
    tax_place: TaxPlaceOut
    billing_address: AddressOut | None
    parent_id: str
    external_id: str
    state: str
    version: int


class AccountRowOut(Wire):
    """One line of the list of accounts."""

    account_id: str
    party_id: str
    name: str
    external_id: str
    plan: str
    state: str
    balance: MoneyOut


class ServiceOut(Wire):
    id: str
    account_id: str
    name: str
    kind: str
    site: AddressOut | None
    external_id: str
    state: str
    version: int


class IdentityOut(Wire):
    """In this span, usage of the identity is the service's. `until` null: it still runs."""

    identity: str
    service_id: str
    account_id: str
    since: Instant
    until: Instant | None


class LoginOut(Wire):
    """A person of the portal, with every account that login reaches. `email`: as invited."""

    subject: str
    email: str
    account_ids: list[str]


class LoginsOut(Wire):
    """All logins of an account; there are few."""

    data: list[LoginOut]


class CustomerOut(Wire):
    """An account with everything that hangs from it. `balance` below zero is credit."""

    account: AccountOut
    party_id: str
    name: str
    email: str
    phone: str
    balance: MoneyOut
    credit: MoneyOut
    services: list[ServiceOut]
    identities: list[IdentityOut]
    subscriptions: list[SubscriptionOut]
    open_items: list[OpenItemOut]


class EventOut(Wire):
    id: str
    at: Instant
    kind: str
    actor: str
    object: str
    text: str
    data: dict[str, Any]


def party(view: PartyView) -> PartyOut:
    subject = view.subject
    return PartyOut(
        id=view.party.id,
        kind=view.party.kind,
        name=subject.name,
        email=subject.email,
        phone=subject.phone,
        vat_id=subject.vat_id,
        contacts=[ContactOut.model_validate(one) for one in subject.contacts],
        external_id=view.party.external_id,
        account_ids=list(view.account_ids),
        version=view.version,
    )


def account(found: Account) -> AccountOut:
    return AccountOut.model_validate(found)


def account_row(row: CustomerRow) -> AccountRowOut:
    return AccountRowOut.model_validate(row)


def service(found: Service) -> ServiceOut:
    return ServiceOut.model_validate(found)


def identity(held: IdentityAssignment) -> IdentityOut:
    return IdentityOut(
        identity=held.identity,
        service_id=held.service_id,
        account_id=held.account_id,
        since=held.span.start,
        until=held.span.end,
    )


def login(found: Login) -> LoginOut:
    return LoginOut(subject=found.subject, email=found.email, account_ids=list(found.account_ids))


def customer(found: Customer) -> CustomerOut:
    return CustomerOut(
        account=account(found.account),
        party_id=found.party.id,
        name=found.subject.name,
        email=found.subject.email,
        phone=found.subject.phone,
        balance=amount(found.balance),
        credit=amount(found.credit),
        services=[service(one) for one in found.services],
        identities=[identity(one) for one in found.assignments],
        subscriptions=[subscription(one) for one in found.subscriptions],
        open_items=[OpenItemOut.model_validate(one) for one in found.open_items],
    )


def event(found: Event) -> EventOut:
    return EventOut.model_validate(found)

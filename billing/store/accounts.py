"""Parties with their personal data, accounts, services, subscriptions.

Each row is saved under the version that was read (EditConflict otherwise), with its timeline event.
An external id (of a system moved from) is locked by a row of its own in the same transaction.
Views of a whole customer are in customers.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from billing.core.errors import BillingError
from billing.core.party import Account, IdentityAssignment, Party, Service, Subject
from billing.core.subscription import Subscription
from billing.store import account_rows as rows
from billing.store import assignments, timeline
from billing.store.access import EVERY_ACCOUNT, Access, AccountNotFound
from billing.store.account_rows import ExternalIdTaken
from billing.store.catalog import PriceOf
from billing.store.pages import Page, page_of
from billing.store.rows import body_of, find
from billing.store.tables import (
    AccountRow,
    cycle_index,
    external_key,
    head_key,
    held_index,
    party_key,
    service_key,
    subject_key,
    subscription_key,
)
from billing.store.timeline import Event
from billing.store.transactions import ATTEMPTS_MAX, EditConflict, Put, commit, is_same

__all__ = ["ExternalIdTaken"]

_FIXED = ("currency", "seller_id", "party_id")


class PartyNotFound(BillingError):
    """There is no such party."""

    def __init__(self, party_id: str) -> None:
        super().__init__(f"party {party_id} was not found; check its id")
        self.party_id = party_id


class ServiceNotFound(BillingError):
    """The account has no such service."""

    def __init__(self, service_id: str) -> None:
        super().__init__(f"service {service_id} was not found; check its id and the account's")
        self.service_id = service_id


class SubscriptionNotFound(BillingError):
    """The account has no such subscription."""

    def __init__(self, subscription_id: str) -> None:
        super().__init__(
            f"subscription {subscription_id} was not found; check its id and the account's"
        )
        self.subscription_id = subscription_id


class FixedForEver(BillingError):
    """A field of an account that its documents rest on."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: never changes on an account; open another account instead")
        self.field = field


def load_account(account_id: str, access: Access) -> Account:
    """One account. AccountNotFound also when it is not the caller's."""
    access.check(account_id)
    row = find(head_key(account_id))
    if row is None:
        raise AccountNotFound(account_id)
    return rows.account_of(row)


def load_party(party_id: str) -> Party:
    row = find(party_key(party_id))
    if row is None:
        raise PartyNotFound(party_id)
    return rows.party_of(row)


def load_subject(party_id: str) -> Subject:
    """The personal data of a party; of an erased one, a Subject with an empty name."""
    row = find(subject_key(party_id))
    return Subject(party_id, "") if row is None else rows.subject_of(row)


def load_service(account_id: str, service_id: str, access: Access) -> Service:
    access.check(account_id)
    row = find(service_key(account_id, service_id))
    if row is None:
        raise ServiceNotFound(service_id)
    return rows.service_of(row)


def load_subscription(
    account_id: str, subscription_id: str, access: Access, price_of: PriceOf
) -> Subscription:
    """One subscription, its prices resolved by `catalog.price_versions()`."""
    access.check(account_id)
    row = find(subscription_key(account_id, subscription_id))
    if row is None:
        raise SubscriptionNotFound(subscription_id)
    return rows.subscription_of(row, price_of)


def due_accounts(anchor: int) -> list[str]:
    """The ids of the accounts that are not closed and whose cycle begins on this day, by id.

    Candidates of an index: load each again before deciding anything.
    """
    return [row.gsi1sk for row in AccountRow.gsi1.query(cycle_index(anchor, "")[0])]


def is_used(anchor: int) -> bool:
    """Whether any account is on the cycle that begins on this day."""
    return any(True for _ in AccountRow.gsi1.query(cycle_index(anchor, "")[0], limit=1))


def accounts_of_party(party_id: str) -> list[str]:
    """The ids of the accounts a party pays for."""
    found = AccountRow.query(
        party_key(party_id)[0], AccountRow.sk.startswith("ACC#"), consistent_read=True
    )
    return [row.sk.removeprefix("ACC#") for row in found]


def find_external(kind: str, external_id: str) -> str | None:
    """The id of the "party", "account" or "service" with that external id; None: nobody has it."""
    row = find(external_key(kind, external_id))
    return None if row is None else body_of(row)["id"]


def save_new_customer(
    *,
    party: Party,
    subject: Subject,
    account: Account,
    services: Sequence[Service] = (),
    subscriptions: Sequence[Subscription] = (),
    identities: Sequence[IdentityAssignment] = (),
    event: Event,
    also: Sequence[Put] = (),
) -> bool:
    """A whole customer in one transaction. False: the same customer was saved before.

    ExternalIdTaken, IdentityAlreadyAssigned: nothing is written. The marker is the lock of the
    account's external id, so that a repeated import finds its customer even after later edits.
    """

    def puts() -> list[Put]:
        return [
            *rows.new_account_puts(account),
            rows.party_put(party),
            *rows.new_lock("party", party.id, party.external_id),
            rows.subject_put(subject),
            *(put for service in services for put in _new_service_puts(service)),
            *(rows.subscription_put(subscription) for subscription in subscriptions),
            *assignments.puts_of(identities),
            timeline.put_of(account.id, event),
            *also,
        ]

    marker = rows.new_account_puts(account)[0]
    return _commit_new(marker, puts)


def save_new_account(account: Account, event: Event, also: Sequence[Put] = ()) -> bool:
    """One more account for a party. False: the same account was saved before."""
    puts = rows.new_account_puts(account)
    return commit([*puts, timeline.put_of(account.id, event), *also])


def save_new_service(
    service: Service,
    event: Event,
    *,
    subscriptions: Sequence[Subscription] = (),
    identities: Sequence[IdentityAssignment] = (),
    also: Sequence[Put] = (),
) -> bool:
    """A service with what it begins with. False: the same service was saved before."""

    def puts() -> list[Put]:
        return [
            *_new_service_puts(service),
            *(rows.subscription_put(subscription) for subscription in subscriptions),
            *assignments.puts_of(identities),
            timeline.put_of(service.account_id, event),
            *also,
        ]

    return _commit_new(_new_service_puts(service)[0], puts)


def save_account(account: Account, event: Event, also: Sequence[Put] = ()) -> Account:
    """Save an edited account; its currency, seller and payer are for ever (FixedForEver).

    Returns it with its new version.
    """
    stored = load_account(account.id, EVERY_ACCOUNT)
    for field in _FIXED:
        if getattr(stored, field) != getattr(account, field):
            raise FixedForEver(field)
    puts = [rows.head_put(account), *rows.held_lock("account", account.id, account.external_id)]
    commit([*puts, timeline.put_of(account.id, event), *also])
    return replace(account, version=account.version + 1)


def save_service(service: Service, event: Event, also: Sequence[Put] = ()) -> Service:
    """Save an edited service. Returns it with its new version."""
    puts = [rows.service_put(service), *rows.held_lock("service", service.id, service.external_id)]
    commit([*puts, timeline.put_of(service.account_id, event), *also])
    return replace(service, version=service.version + 1)


def save_subscription(
    subscription: Subscription, event: Event, also: Sequence[Put] = ()
) -> Subscription:
    """Save a new (version 0) or changed subscription. Returns it with its new version."""
    return save_subscriptions((subscription,), event, also)[0]


def save_subscriptions(
    subscriptions: Sequence[Subscription], event: Event, also: Sequence[Put] = ()
) -> tuple[Subscription, ...]:
    """Save subscriptions of one account that begin, change or end together, in one transaction.

    The event tells of all of them. Returns them in their order, with their new versions.
    """
    puts = [rows.subscription_put(one) for one in subscriptions]
    commit([*puts, timeline.put_of(subscriptions[0].account_id, event), *also])
    return tuple(replace(one, version=one.version + 1) for one in subscriptions)


def list_held(
    offering_id: str, price_of: PriceOf, *, cursor: str | None = None, limit: int = 100
) -> Page[Subscription]:
    """Subscriptions whose timeline goes on for ever with an offering, by account.

    As an index shows them, a moment old: load each again before deciding anything.
    """

    def query(**kwargs: Any) -> Any:
        return AccountRow.gsi1.query(held_index(offering_id, "", "")[0], **kwargs)

    return page_of(query, lambda row: rows.subscription_of(row, price_of), cursor, limit)


def _new_service_puts(service: Service) -> list[Put]:
    lock = rows.new_lock("service", service.id, service.external_id)
    return [rows.service_put(service), *lock]


def _commit_new(marker: Put, puts: Callable[[], list[Put]]) -> bool:
    """Commit rows that rest on identities read just now; read again when one moved meanwhile."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        # Asked before the identities: what was saved long ago must not meet its own later edits.
        stored = find((marker.row.pk, marker.row.sk))
        if stored is not None and is_same(marker.row, stored.serialize()):
            return False
        try:
            return commit(puts())
        except EditConflict:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")

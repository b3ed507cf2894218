"""How parties, accounts, services and subscriptions stand in their rows, and back."""

import json
from collections.abc import Mapping
from typing import Any

from billing.core.errors import BillingError
from billing.core.party import (
    Account,
    Party,
    Service,
    Subject,
    account_from,
    account_to_dict,
    party_from,
    party_to_dict,
    service_from,
    service_to_dict,
    subject_from,
    subject_to_dict,
)
from billing.core.subscription import Subscription, subscription_from
from billing.core.subscription import to_dict as subscription_to_dict
from billing.store.catalog import PriceOf
from billing.store.rows import body_of, version_of
from billing.store.tables import (
    AccountRow,
    balance_key,
    cycle_index,
    external_key,
    head_key,
    held_index,
    parties_index,
    party_account_key,
    party_key,
    service_key,
    subject_key,
    subscription_key,
)
from billing.store.transactions import Put, put_new, put_same, put_version


class ExternalIdTaken(BillingError):
    """Another one has this id of the system before."""

    def __init__(self, kind: str, external_id: str) -> None:
        super().__init__(
            f"external_id: {external_id!r} belongs to another {kind}; correct it or leave it empty"
        )
        self.kind, self.external_id = kind, external_id


def new_account_puts(account: Account) -> list[Put]:
    """The rows of a new account; first its marker: the lock of its external id, or its head."""
    balance = AccountRow(*balance_key(account.id), minor=0, credit=0, version=1)
    balance.body = _json({"currency": account.currency})
    pointer = AccountRow(*party_account_key(account.party_id, account.id))
    return [
        *new_lock("account", account.id, account.external_id),
        head_put(account),
        put_new(balance),
        put_same(pointer),
    ]


def head_put(account: Account) -> Put:
    row = AccountRow(*head_key(account.id), state=account.state)
    row.body = _json(account_to_dict(account))
    if account.state != "closed":
        row.gsi1pk, row.gsi1sk = cycle_index(account.cycle_anchor, account.id)
    return put_version(row, account.version, f"account {account.id}")


def party_put(party: Party) -> Put:
    row = AccountRow(*party_key(party.id), body=_json(party_to_dict(party)))
    return put_version(row, party.version, f"party {party.id}")


def subject_put(subject: Subject) -> Put:
    row = AccountRow(*subject_key(subject.party_id), body=_json(subject_to_dict(subject)))
    row.gsi1pk, row.gsi1sk = parties_index(subject.name, subject.party_id)
    return put_version(row, subject.version, f"name and contacts of {subject.party_id}")


def service_put(service: Service) -> Put:
    row = AccountRow(*service_key(service.account_id, service.id), state=service.state)
    row.body = _json(service_to_dict(service))
    return put_version(row, service.version, f"service {service.id}")


def subscription_put(subscription: Subscription) -> Put:
    row = AccountRow(*subscription_key(subscription.account_id, subscription.id))
    data = subscription_to_dict(subscription)
    row.body = _json({name: value for name, value in data.items() if name != "version"})
    if subscription.ended is None:
        offering_id = subscription.current.price.offering_id
        row.gsi1pk, row.gsi1sk = held_index(offering_id, subscription.account_id, subscription.id)
    return put_version(row, subscription.version, f"subscription {subscription.id}")


def new_lock(kind: str, id: str, external_id: str) -> list[Put]:
    """The lock of the external id of something new: it must be free."""
    if not external_id:
        return []
    return [put_new(_lock_row(kind, id, external_id), ExternalIdTaken(kind, external_id))]


def held_lock(kind: str, id: str, external_id: str) -> list[Put]:
    """The lock of the external id of something edited: it must be free, or its own."""
    if not external_id:
        return []
    row = _lock_row(kind, id, external_id)
    free_or_own = AccountRow.pk.does_not_exist() | (AccountRow.body == row.body)
    return [Put(row, free_or_own, ExternalIdTaken(kind, external_id))]


def account_of(row: AccountRow) -> Account:
    return account_from(body_of(row), version_of(row))


def party_of(row: AccountRow) -> Party:
    return party_from(body_of(row), version_of(row))


def subject_of(row: AccountRow) -> Subject:
    return subject_from(body_of(row), version_of(row))


def service_of(row: AccountRow) -> Service:
    return service_from(body_of(row), version_of(row))


def subscription_of(row: AccountRow, price_of: PriceOf) -> Subscription:
    return subscription_from({**body_of(row), "version": version_of(row)}, price_of)


def _lock_row(kind: str, id: str, external_id: str) -> AccountRow:
    return AccountRow(*external_key(kind, external_id), body=_json({"id": id}))


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

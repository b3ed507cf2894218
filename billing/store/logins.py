"""Logins: which accounts or which staff role a subject of the user pool stands for."""

import json
from dataclasses import dataclass

from billing.store import timeline
from billing.store.access import Access, only
from billing.store.rows import body_of, find
from billing.store.tables import AccountRow, login_key
from billing.store.timeline import Event
from billing.store.transactions import commit, put_same


@dataclass(frozen=True, slots=True)
class Login:
    """A person who signs in: a customer with accounts, or staff with a role."""

    subject: str  # `sub` of the pool's tokens
    account_ids: tuple[str, ...] = ()
    role: str = ""  # "billing", "support", "auditor"; "" for customers

    @property
    def access(self) -> Access:
        """What the login may see as a customer."""
        return only(self.account_ids)


def load_login(subject: str) -> Login | None:
    """The login of a subject; None: the pool knows the person, we do not."""
    row = find(login_key(subject))
    if row is None:
        return None
    body = body_of(row)
    return Login(subject, tuple(body["account_ids"]), body["role"])


def save_login(login: Login, event: Event) -> None:
    """Say what a subject stands for; the last word counts. The event tells who said so."""
    row = AccountRow(*login_key(login.subject))
    row.body = json.dumps({"account_ids": list(login.account_ids), "role": login.role})
    account_id = login.account_ids[0] if login.account_ids else None
    commit([timeline.put_of(account_id, event), put_same(row)])

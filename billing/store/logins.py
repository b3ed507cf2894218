"""Logins: which accounts a subject of the customers' pool may see.

Staff have no row: their roles are groups of their own pool.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from billing.store import timeline
from billing.store.rows import body_of, find, version_of
from billing.store.tables import AccountRow, account_login_key, login_key
from billing.store.timeline import Event
from billing.store.transactions import Put, commit, put_same, put_version


@dataclass(frozen=True, slots=True)
class Login:
    """A customer who signs in. Without accounts the pool knows the person and we show nothing."""

    subject: str  # `sub` of the pool's tokens
    account_ids: tuple[str, ...] = ()
    email: str = ""  # as it was invited; the pool's is what counts for signing in
    version: int = 0


def load_login(subject: str) -> Login | None:
    """The login of a subject; None: the pool knows the person, we do not."""
    row = find(login_key(subject))
    return None if row is None else _login(row)


def logins_of(account_id: str) -> list[Login]:
    """Who may see an account, by subject."""
    place, begins = account_login_key(account_id, "")
    pointers = AccountRow.query(place, AccountRow.sk.startswith(begins), consistent_read=True)
    keys = [login_key(row.sk.removeprefix(begins)) for row in pointers]
    rows = AccountRow.batch_get(keys, consistent_read=True) if keys else ()
    # The pointer of an access that was taken away stays: the login itself decides.
    found = (login for login in map(_login, rows) if account_id in login.account_ids)
    return sorted(found, key=lambda login: login.subject)


def save_login(login: Login, account_id: str, event: Event, also: Sequence[Put] = ()) -> bool:
    """Save a login that gets or loses an account, told on that account's timeline.

    EditConflict when it was saved since it was loaded. False: it says so already.
    """
    row = AccountRow(*login_key(login.subject))
    row.body = json.dumps({"account_ids": list(login.account_ids), "email": login.email})
    pointer = AccountRow(*account_login_key(account_id, login.subject))
    puts = [
        put_version(row, login.version, f"login {login.subject}"),
        put_same(pointer),
        timeline.put_of(account_id, event),
    ]
    return commit([*puts, *also])


def _login(row: AccountRow) -> Login:
    body, subject = body_of(row), row.pk.removeprefix("LOGIN#")
    return Login(subject, tuple(body["account_ids"]), body["email"], version_of(row))

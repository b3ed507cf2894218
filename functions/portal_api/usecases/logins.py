"""Who may see an account in the portal: invited, listed, ended by staff.

A person has one login, by e-mail, however many accounts are theirs: inviting an e-mail that has a
login adds the account to it, and the timeline of the account says who did that.
"""

from dataclasses import replace

from billing.adapters import invitations
from billing.core.errors import BillingError
from billing.store import accounts, logins
from billing.store.access import EVERY_ACCOUNT, Access
from billing.store.logins import Login
from billing.store.timeline import Event
from billing.store.transactions import commit
from functions.portal_api.operation import Operation


class LoginNotFound(BillingError):
    """The account is not open to this login."""

    def __init__(self, account_id: str, subject: str) -> None:
        super().__init__(f"{subject} has no access to {account_id}: take one from its logins")
        self.account_id, self.subject = account_id, subject


def list_logins(account_id: str, sees: Access) -> list[Login]:
    """The logins that reach an account. Raises AccountNotFound."""
    accounts.load_account(account_id, sees)
    return logins.logins_of(account_id)


def invite(op: Operation, account_id: str, email: str, pool_id: str) -> Login:
    """Let a person see an account. The pool invites whoever it does not know yet by mail.

    Cut off between the two, the pool knows somebody who sees nothing; the same request goes on.
    """
    accounts.load_account(account_id, EVERY_ACCOUNT)
    address = email.lower()  # the pool tells no cases apart
    subject = invitations.invite(pool_id, address)
    known = logins.load_login(subject) or Login(subject)
    if account_id in known.account_ids:
        commit(op.keep(known))
        return known
    wanted = replace(known, account_ids=(*known.account_ids, account_id), email=address)
    event = Event("login.added", op.actor, subject, f"{address} may sign in", op.at)
    return _saved(op, wanted, account_id, event)


def end(op: Operation, account_id: str, subject: str) -> Login:
    """Take the account away from a login: the next request of an open session is refused.

    The person stays in the pool, for other accounts and for an invitation to come.
    """
    known = logins.load_login(subject)
    if known is None or account_id not in known.account_ids:
        raise LoginNotFound(account_id, subject)
    left = tuple(one for one in known.account_ids if one != account_id)
    name = known.email or subject
    event = Event("login.ended", op.actor, subject, f"{name} may not sign in any more", op.at)
    return _saved(op, replace(known, account_ids=left), account_id, event)


def _saved(op: Operation, wanted: Login, account_id: str, event: Event) -> Login:
    saved = replace(wanted, version=wanted.version + 1)
    logins.save_login(wanted, account_id, event, also=op.keep(saved))
    return saved

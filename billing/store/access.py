"""Who asks. The store never returns a row of an account that the caller does not own."""

from collections.abc import Iterable
from dataclasses import dataclass

from billing.core.errors import BillingError


class AccountNotFound(BillingError):
    """There is no such account, or it is not the caller's: the answer does not tell which."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"account {account_id} was not found; check its id")
        self.account_id = account_id


@dataclass(frozen=True, slots=True)
class Access:
    """The accounts a caller may see."""

    account_ids: frozenset[str] | None  # None: every account

    def check(self, account_id: str) -> None:
        """AccountNotFound unless the account is among the caller's."""
        if self.account_ids is not None and account_id not in self.account_ids:
            raise AccountNotFound(account_id)

    def allows(self, account_id: str) -> bool:
        return self.account_ids is None or account_id in self.account_ids


EVERY_ACCOUNT = Access(None)
"""For staff and for the product itself: the bill cycle, the ledger, the outbox."""


def only(account_ids: Iterable[str]) -> Access:
    """For a customer: the accounts of the login, and no other."""
    return Access(frozenset(account_ids))

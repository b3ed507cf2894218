"""Who a request acts for, and what that allows."""

from dataclasses import dataclass
from typing import Literal

from billing.core.errors import BillingError
from billing.store.access import EVERY_ACCOUNT, Access, only

STAFF_ROLES = frozenset({"billing", "support", "auditor"})


class SignInNeeded(BillingError):
    """The address is not public and the request names nobody."""

    def __init__(self) -> None:
        super().__init__("sign in first: send an access token as bearer, or sign in at /signin")


class RoleRefused(BillingError):
    """Somebody known asks for what none of his roles may do."""

    def __init__(self, needed: frozenset[str], held: frozenset[str]) -> None:
        super().__init__(
            f"this needs the role {' or '.join(sorted(needed)) or 'nobody has'};"
            f" you hold {', '.join(sorted(held)) or 'none'}"
        )
        self.needed, self.held = needed, held


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in person.

    kind      staff, or a customer of the portal
    roles     of staff: billing, support, auditor; a customer has none
    accounts  of a customer: the accounts that are his, read from the table and never from a request
    """

    kind: Literal["staff", "customer"]
    subject: str
    name: str
    roles: frozenset[str] = frozenset()
    accounts: tuple[str, ...] = ()

    @property
    def actor(self) -> str:
        """How the timeline names who did it."""
        return f"{self.kind}:{self.name}"

    @property
    def sees(self) -> Access:
        """The accounts whose rows the store may show: a customer's own, for staff every one."""
        return EVERY_ACCOUNT if self.kind == "staff" else only(self.accounts)

    def may(self, *roles: str) -> bool:
        """Whether one of the roles is held; pages hide what would be refused anyway."""
        return bool(self.roles & set(roles))

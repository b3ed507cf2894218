"""One try to collect an invoice on the processor's hosted page, and when another may begin.

At most one try per invoice can be paid at any moment: while it may still bring money, a second
click gets the same page, and a payment on its way is waited for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.period import instant_from, rfc3339

# The processor opens a page for 30 minutes to 24 hours. An attempt whose answer was lost is asked
# for again under the same key, which the processor remembers for 24 hours at least.
PAGE_OPEN = timedelta(hours=12)
PAGE_LEFT_MIN = timedelta(minutes=5)  # a page that closes while its payer types is no use


class AttemptState(StrEnum):
    CLAIMED = "claimed"  # the page was asked for; whether it exists is not known yet
    OPEN = "open"  # the page stands and can be paid
    PAYING = "paying"  # accepted, the money is on its way
    PAID = "paid"
    FAILED = "failed"  # the money did not come; the page is closed
    EXPIRED = "expired"  # never paid, and cannot be any more


UNRESOLVED = frozenset({AttemptState.CLAIMED, AttemptState.OPEN, AttemptState.PAYING})


class Step(StrEnum):
    """What a click on "pay" leads to."""

    RETURN = "return"  # the page that is open
    RESUME = "resume"  # ask again for the page whose answer was lost
    REPLACE = "replace"  # close the open page, then claim the next attempt
    CLAIM = "claim"  # the next attempt


class NothingToPay(BillingError):
    """The invoice is settled."""

    def __init__(self, number: str) -> None:
        super().__init__(f"invoice {number} has nothing left to pay")
        self.number = number


class PaymentUnderWay(BillingError):
    """A payment of this invoice was accepted and its money has not arrived yet."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"a payment of invoice {number} is on its way; bank debits take up to 14 days,"
            " and the invoice can be paid again only if this one fails"
        )
        self.number = number


@dataclass(frozen=True, slots=True)
class Attempt:
    """Everything that was asked of the processor, so that asking again asks for the same."""

    invoice_id: str
    n: int  # 1, 2, 3 … within the invoice
    account_id: str
    number: str  # of the invoice, as people know it
    amount: Money
    claimed_at: datetime
    expires_at: datetime  # of the page
    success_url: str
    cancel_url: str
    state: AttemptState = AttemptState.CLAIMED
    session_id: str = ""
    url: str = ""
    version: int = 0  # the number the store loaded, 0 for what was never stored

    @property
    def id(self) -> str:
        """Also the idempotency key at the processor."""
        return f"{self.invoice_id}:checkout:{self.n}"


def attempt_place(attempt_id: str) -> tuple[str, int] | None:
    """Invoice and number of an attempt from its id; None if the text is no such id."""
    invoice_id, _, n = attempt_id.partition(":checkout:")
    return (invoice_id, int(n)) if invoice_id and n.isascii() and n.isdecimal() else None


def next_step(latest: Attempt | None, owed: Money, now: datetime) -> Step:
    """What a click on "pay" leads to, given the latest attempt at this invoice and what is owed."""
    if latest is None or latest.state not in UNRESOLVED:
        return Step.CLAIM
    if latest.state is AttemptState.PAYING:
        raise PaymentUnderWay(latest.number)
    if now >= latest.expires_at:
        return Step.CLAIM
    if latest.state is AttemptState.CLAIMED:
        return Step.RESUME
    if latest.amount != owed or now >= latest.expires_at - PAGE_LEFT_MIN:
        return Step.REPLACE
    return Step.RETURN


def attempt_to_dict(attempt: Attempt) -> dict[str, Any]:
    return {
        "invoice_id": attempt.invoice_id,
        "n": attempt.n,
        "account_id": attempt.account_id,
        "number": attempt.number,
        "amount": attempt.amount.to_wire(),
        "claimed_at": rfc3339(attempt.claimed_at),
        "expires_at": rfc3339(attempt.expires_at),
        "success_url": attempt.success_url,
        "cancel_url": attempt.cancel_url,
        "state": attempt.state.value,
        "session_id": attempt.session_id,
        "url": attempt.url,
    }


def attempt_from(data: Mapping[str, Any], version: int = 0) -> Attempt:
    return Attempt(
        data["invoice_id"],
        data["n"],
        data["account_id"],
        data["number"],
        Money.from_wire(data["amount"]),
        instant_from(data["claimed_at"]),
        instant_from(data["expires_at"]),
        data["success_url"],
        data["cancel_url"],
        AttemptState(data["state"]),
        data["session_id"],
        data["url"],
        version,
    )

"""Payments as people look at them."""

from dataclasses import dataclass
from datetime import datetime

from billing.core.money import Money
from billing.store.access import Access
from billing.store.pages import Page


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment, named by the processor's object."""

    id: str
    account_id: str
    invoice_id: str
    amount: Money
    state: str  # created, pending, succeeded, failed, reversed
    at: datetime


def list_payments(
    account_id: str, sees: Access, *, cursor: str | None = None, limit: int = 25
) -> Page[PaymentView]:
    """An account's payments, newest first."""
    raise NotImplementedError

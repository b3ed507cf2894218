"""Payments as people look at them."""

from billing.core.payment import Payment
from billing.store import payments
from billing.store.access import Access
from billing.store.pages import Page


def list_payments(
    account_id: str, sees: Access, *, cursor: str | None = None, limit: int = 25
) -> Page[Payment]:
    """An account's payments, newest first."""
    return payments.list_payments(account_id, sees, cursor=cursor, limit=limit)


def list_held(*, cursor: str | None = None, limit: int = 25) -> Page[Payment]:
    """Money that came in and that a person must place, oldest first."""
    return payments.list_held(cursor=cursor, limit=limit)

"""Which invoices are issued: asked for many at once, by their pointers."""

from collections.abc import Iterable

from billing.store.tables import LedgerRow, invoice_pointer_key


def issued_of(invoice_ids: Iterable[str]) -> set[str]:
    """Those of the invoices that are issued, read consistently, a hundred in a call."""
    keys = [invoice_pointer_key(one) for one in sorted(set(invoice_ids))]
    rows = LedgerRow.batch_get(keys, consistent_read=True) if keys else ()
    return {row.pk.removeprefix("INV#") for row in rows}

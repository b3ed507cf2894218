"""What one reading of a payment does to the books, decided without them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.ledger import OpenItem
from billing.core.money import Money
from billing.core.payment import (
    SUSPENSE,
    AttemptState,
    Event,
    Reading,
    State,
    attempt_after,
    payment_from,
    payment_to_dict,
    settle,
)

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACCOUNT = "acc_1"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def reading(event: Event = Event.PAID, amount: Money | None = None) -> Reading:
    return Reading("pi_1", event, amount or eur(3000), AT, AT, "inv_2", "inv_2:checkout:1")


def item(n: int, minor: int) -> OpenItem:
    return OpenItem(f"inv_{n}", ACCOUNT, f"HW-{n}", date(2026, n, 15), eur(minor), eur(minor))


def test_a_payment_settles_the_invoice_it_was_made_for_before_older_ones():
    settled = settle(
        None, reading(amount=eur(1500)), ACCOUNT, "EUR", [item(1, 1000), item(2, 1200)]
    )
    assert settled is not None
    assert settled.transaction is not None
    shares = [(one.invoice_id, one.amount.minor) for one in settled.transaction.allocations]
    assert shares == [("inv_2", 1200), ("inv_1", 300)]


def test_what_was_known_already_changes_nothing():
    first = settle(None, reading(), ACCOUNT, "EUR", [])
    assert first is not None
    assert settle(first.payment, reading(), ACCOUNT, "EUR", []) is None


def test_a_page_that_was_only_opened_is_not_told():
    assert settle(None, reading(Event.OPENED), ACCOUNT, "EUR", []) is None


@pytest.mark.parametrize(
    ("account_id", "currency", "state", "accounts"),
    [
        (ACCOUNT, "EUR", State.SUCCEEDED, ["cash:stripe", f"credit:{ACCOUNT}"]),
        (ACCOUNT, "GBP", State.HELD, ["cash:stripe", SUSPENSE]),
        ("", "", State.HELD, []),
    ],
)
def test_money_that_fits_no_account_is_held(account_id, currency, state, accounts):
    settled = settle(None, reading(), account_id, currency, [])
    assert settled is not None
    assert settled.payment.state is state
    posted = settled.transaction.entries if settled.transaction else ()
    assert [entry.account for entry in posted] == accounts


@pytest.mark.parametrize("event", [Event.PROCESSING, Event.DECLINED, Event.CANCELLED])
def test_nothing_is_posted_before_money_is_there(event):
    settled = settle(None, reading(event), ACCOUNT, "EUR", [item(2, 3000)])
    assert settled is not None
    assert settled.transaction is None


@given(st.integers(1, 10**9), st.lists(st.integers(1, 10**8), max_size=120))
def test_no_minor_unit_is_lost_whatever_is_open(received, opened):
    items = [OpenItem(f"inv_{n}", ACCOUNT, str(n), date(2026, 1, 1), eur(m), eur(m))
             for n, m in enumerate(opened)]  # fmt: skip
    settled = settle(None, reading(amount=eur(received)), ACCOUNT, "EUR", items)
    assert settled is not None
    assert settled.transaction is not None
    entries = settled.transaction.entries
    assert sum(e.amount.minor for e in entries if e.amount.minor > 0) == received
    assert sum(e.amount.minor for e in entries) == 0
    assert len(settled.transaction.allocations) <= 80  # with all else it fits one transaction


def test_the_same_reading_is_the_same_posting_and_record():
    one, other = (settle(None, reading(), ACCOUNT, "EUR", [item(2, 3000)]) for _ in range(2))
    assert one == other


def test_a_payment_comes_back_from_its_row_as_it_was():
    settled = settle(None, reading(), ACCOUNT, "EUR", [])
    assert settled is not None
    assert payment_from(payment_to_dict(settled.payment)) == settled.payment


@pytest.mark.parametrize(
    ("state", "event", "page_open", "after"),
    [
        (AttemptState.OPEN, Event.DECLINED, True, AttemptState.OPEN),
        (AttemptState.PAYING, Event.DECLINED, False, AttemptState.FAILED),
        (AttemptState.OPEN, Event.PROCESSING, True, AttemptState.PAYING),
        (AttemptState.PAYING, Event.PAID, False, AttemptState.PAID),
        (AttemptState.EXPIRED, Event.PAID, False, AttemptState.PAID),
        (AttemptState.PAID, Event.CANCELLED, False, AttemptState.PAID),
        (AttemptState.OPEN, Event.CANCELLED, False, AttemptState.EXPIRED),
        (AttemptState.OPEN, Event.OPENED, True, AttemptState.OPEN),
    ],
)
def test_an_attempt_follows_its_payment(state, event, page_open, after):
    assert attempt_after(state, event, page_open) is after

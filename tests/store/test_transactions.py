"""One decision is written once: a repeat is a result, other content is a refusal."""

import botocore.handlers
import pytest
from botocore.exceptions import ClientError
from pynamodb.exceptions import TransactWriteError

from billing.core.errors import BillingError
from billing.store import transactions
from billing.store.rows import find
from billing.store.tables import AccountRow, LedgerRow
from billing.store.transactions import (
    EditConflict,
    EntryConflict,
    TooManyRows,
    commit,
    put_first,
    put_new,
    put_same,
    put_version,
)
from tests.faults import calls_of, deaths, killed


class Refused(BillingError):
    pass


def marker(body: str = "paid") -> LedgerRow:
    return LedgerRow("ACC#acc_1", "TXN#txn_1", body=body)


def effect(minor: int = 500) -> AccountRow:
    return AccountRow("ACC#acc_1", "BALANCE", minor=minor)


def test_all_rows_of_a_decision_are_written_together(tables):
    assert commit([put_new(marker()), put_version(effect(), 0, "balance")])

    assert find(("ACC#acc_1", "BALANCE")).minor == 500


def test_the_same_decision_again_is_a_result_and_changes_nothing(tables):
    commit([put_new(marker()), put_version(effect(), 0, "balance")])

    assert not commit([put_new(marker()), put_version(effect(900), 1, "balance")])
    assert find(("ACC#acc_1", "BALANCE")).minor == 500


def test_the_same_marker_with_other_content_is_refused(tables):
    commit([put_new(marker())])

    with pytest.raises(EntryConflict, match="ACC#acc_1 TXN#txn_1 exists with other content"):
        commit([put_new(marker("other"))])


def test_a_refusal_of_any_row_writes_none(tables):
    commit([put_new(effect())])

    with pytest.raises(Refused):
        commit([put_new(marker()), put_new(effect(), Refused("taken"))])
    assert list(LedgerRow.query("ACC#acc_1")) == []


def test_a_late_writer_learns_that_somebody_else_was_first(tables):
    commit([put_version(effect(100), 0, "the balance")])
    commit([put_version(effect(200), 1, "the balance")])

    with pytest.raises(EditConflict, match="the balance was changed since you read it"):
        commit([put_version(effect(300), 1, "the balance")])
    assert find(("ACC#acc_1", "BALANCE")).version == 2


def test_saving_the_same_edit_again_is_a_result(tables):
    commit([put_version(effect(100), 0, "the balance")])

    assert not commit([put_version(effect(100), 0, "the balance")])


def test_of_two_first_writers_the_first_stays(tables):
    assert put_first(effect(100))
    assert not put_first(effect(200))
    assert find(("ACC#acc_1", "BALANCE")).minor == 100


def test_more_than_a_hundred_rows_are_refused_before_any_call(tables):
    puts = [put_same(AccountRow(f"P#{n}", "S")) for n in range(101)]

    def write() -> None:
        with pytest.raises(TooManyRows, match="101 rows do not fit one transaction of 100"):
            commit(puts)

    assert calls_of(write) == 0


@pytest.mark.parametrize(("call", "when"), deaths(1))
def test_killed_anywhere_and_started_again_it_is_written_once(tables, call, when):
    def pay() -> bool:
        return commit([put_new(marker()), put_version(effect(), 0, "balance")])

    assert killed(pay, call, when)
    pay()

    assert find(("ACC#acc_1", "BALANCE")).version == 1


@pytest.fixture
def conflicts(monkeypatch):
    """conflicts(n): the next n transactions meet another one, in DynamoDB's own words."""
    left, code = [0], ["TransactionConflict"]

    def refuse(event_name, **_):
        if event_name.endswith("TransactWriteItems") and left[0] > 0:
            left[0] -= 1
            error = {"Code": "TransactionCanceledException", "Message": f"{code}"}
            reasons = [{"Code": code[0]}]
            raise ClientError(
                {"Error": error, "CancellationReasons": reasons}, "TransactWriteItems"
            )

    hook = ("before-send", refuse, botocore.handlers.REGISTER_FIRST)
    monkeypatch.setattr(
        botocore.handlers, "BUILTIN_HANDLERS", [*botocore.handlers.BUILTIN_HANDLERS, hook]
    )
    transactions._connection.cache_clear()  # the hook reaches clients made from now on

    def refuse_next(times: int, why: str = "TransactionConflict") -> None:
        left[0], code[0] = times, why

    yield refuse_next
    transactions._connection.cache_clear()


@pytest.mark.parametrize(
    "why", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_a_transaction_that_met_another_or_a_busy_partition_is_tried_again(tables, conflicts, why):
    conflicts(3, why)

    assert commit([put_new(marker()), put_new(effect())], jitter=lambda: 0.0)
    assert find(("ACC#acc_1", "BALANCE")).minor == 500


def test_after_eight_conflicts_it_gives_up_and_has_written_nothing(tables, conflicts):
    conflicts(8)

    with pytest.raises(TransactWriteError):
        commit([put_new(marker())], jitter=lambda: 0.0)
    assert list(LedgerRow.query("ACC#acc_1")) == []
    assert commit([put_new(marker())])

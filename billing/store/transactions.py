"""One decision, one transaction: all its rows commit together, or none does.

The first row is the marker of the decision. A transaction refused because the marker is there with
the same content has happened before: that is a result (False). With other content it is refused.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from pynamodb.connection import Connection
from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from billing.core.errors import BillingError
from billing.store.tables import REGION, AccountRow, LedgerRow, UsageRow

ITEMS_MAX = 100  # of DynamoDB, per transaction
ATTEMPTS_MAX = 8
_BACKOFF_SECONDS = 0.05
# Another transaction holds a row for a moment, or its partition is busy: nothing was written, and
# the SDK tries none of these again, so we do.
_PASSING = (
    "TransactionConflict",
    "TransactionInProgressException",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
)

Row = AccountRow | LedgerRow | UsageRow
Jitter = Callable[[], float]


class EntryConflict(BillingError):
    """The same id was written before with other content."""

    def __init__(self, row: Row) -> None:
        super().__init__(
            f"{row.pk} {row.sk} exists with other content: read it before writing again"
        )
        self.pk, self.sk = row.pk, row.sk


class EditConflict(BillingError):
    """Somebody else saved it since it was read."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was changed since you read it: load it again and repeat the edit")
        self.what = what


class TooManyRows(BillingError):
    """A decision that does not fit one transaction."""

    def __init__(self, rows: int) -> None:
        super().__init__(
            f"{rows} rows do not fit one transaction of {ITEMS_MAX}: split the request"
        )
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Put:
    """A row to write if its condition holds; `refusal` rises when it does not (EntryConflict)."""

    row: Row
    condition: Condition | None = None
    refusal: BillingError | None = None


def put_new(row: Row, refusal: BillingError | None = None) -> Put:
    """Write a row that must not exist yet; the same content is no conflict if it is the marker."""
    return Put(row, type(row).pk.does_not_exist(), refusal)


def put_told(row: LedgerRow) -> Put:
    """Write a row whose id follows from all it says: when it is there already, it says the same."""
    return Put(row, LedgerRow.pk.does_not_exist() | (LedgerRow.body == row.body))


def put_version(row: AccountRow | UsageRow, loaded: int, what: str) -> Put:
    """Replace the row whose version was `loaded` (0: there was none). Sets version `loaded` + 1."""
    row.version = loaded + 1
    model = type(row)
    condition = model.version == loaded if loaded else model.pk.does_not_exist()
    return Put(row, condition, EditConflict(what))


def put_unmoved(row: AccountRow | UsageRow, loaded: int, what: str) -> Put:
    """Write the row as it was loaded, if nobody moved it since: an effect beside it rests on that.

    Whoever only puts it back refuses nobody else who does.
    """
    row.version = loaded
    return Put(row, type(row).version == loaded, EditConflict(what))


def put_same(row: Row) -> Put:
    """Write a row whose content follows from its key: whoever writes it, it is the same bytes."""
    return Put(row)


def commit(puts: Sequence[Put], jitter: Jitter = random.random) -> bool:
    """Write all rows of one decision. False: the marker, the first row, tells it was done before.

    Transactions that only met another one, or a busy partition, are tried again, at most 8 times,
    with jitter.
    """
    if not puts:  # DynamoDB refuses a transaction of nothing
        return True
    if len(puts) > ITEMS_MAX:
        raise TooManyRows(len(puts))
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            _write(puts)
        except TransactWriteError as error:
            if _happened_before(puts, error):
                return False
            if not _passing(error) or attempt == ATTEMPTS_MAX:
                raise
            time.sleep(_BACKOFF_SECONDS * 2 ** min(attempt, 5) * jitter())
        else:
            return True
    raise AssertionError("unreachable: the last attempt returns or raises")


def put_first(row: Row) -> bool:
    """Write one row alone if there is none. False: whoever came first stays, whatever it says."""
    try:
        cast(Model, row).save(condition=type(row).pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def is_same(row: Row, stored: dict[str, Any] | None) -> bool:
    """Whether a raw item from the table has exactly the content of a row."""
    return stored is not None and cast(dict[str, Any], row.serialize()) == stored


def _write(puts: Sequence[Put]) -> None:
    with TransactWrite(connection=_connection()) as write:
        for put in puts:
            # pynamodb sends saves in the order given, so reasons come back in the order of `puts`.
            write.save(cast(Model, put.row), condition=put.condition, return_values="ALL_OLD")


def _happened_before(puts: Sequence[Put], error: TransactWriteError) -> bool:
    """True when the marker stands as we would write it; a refusal when a condition failed."""
    failed = [
        (put, reason)
        for put, reason in zip(puts, error.cancellation_reasons, strict=False)
        if reason is not None and reason.code == "ConditionalCheckFailed"
    ]
    if not failed:
        return False
    marker = puts[0]
    for put, reason in failed:
        if put is marker and is_same(marker.row, reason.raw_item):
            return True
    put, _ = failed[0]
    raise put.refusal or EntryConflict(put.row)


def _passing(error: TransactWriteError) -> bool:
    codes = [reason.code for reason in error.cancellation_reasons if reason is not None]
    return error.cause_response_code in _PASSING or any(code in _PASSING for code in codes)


@cache
def _connection() -> Connection:
    return Connection(region=REGION)

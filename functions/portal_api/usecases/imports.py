"""Customers by the file: all rows are judged before one is written."""

from dataclasses import dataclass

from billing.config import Isp
from functions.portal_api.operation import Operation

COLUMNS = (
    "external_id", "name", "kind", "email", "phone", "vat_id", "street", "number", "postcode",
    "town", "region", "country", "tax_country", "anchor", "plan", "identity", "start",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in one row. Rows are counted as an editor shows them; the header is row 1."""

    row: int
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """An import: how many customers are new, how many were there by external id, what is wrong."""

    id: str
    state: str  # running, done, refused
    rows: int
    created: int
    found: int
    errors: tuple[RowError, ...]


def run(op: Operation, text: str, isp: Isp) -> Outcome:
    """Import a CSV file. One bad row writes nothing; the same file again completes it."""
    raise NotImplementedError


def load(import_id: str) -> Outcome:
    raise NotImplementedError

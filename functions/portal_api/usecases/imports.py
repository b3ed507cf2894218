"""Customers by the file: every row is judged before one is written.

A row is one customer with one service, named by its external id. Each is one transaction, so a
killed import leaves whole customers; the same file again finds those and goes on with the rest.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from billing.config import Isp
from billing.core.catalog import NoPriceOn, Offering, PriceVersion
from billing.core.errors import BillingError
from billing.core.party import Address, IdentityAssignment, TaxPlace
from billing.core.period import Span, local_midnight
from billing.store import accounts, assignments, catalog
from billing.store.imports import Import, import_id, load_import, open_import, save_done
from billing.store.timeline import Event
from billing.store.transactions import commit
from functions.portal_api.operation import Operation
from functions.portal_api.usecases.customers import NewCustomer, create_customer
from functions.portal_api.wire.base import (
    Country,
    Day,
    OptionalCountry,
    OptionalEmail,
    OptionalText,
    Text,
)
from functions.portal_api.wire.requests import Anchor, ExternalId, OptionalIdentity

COLUMNS = (
    "external_id", "name", "kind", "email", "phone", "vat_id", "street", "number", "postcode",
    "town", "region", "country", "tax_country", "anchor", "plan", "identity", "start",
)  # fmt: skip
OPTIONAL_COLUMNS = ("coupon",)
ROWS_MAX = 5_000
ERRORS_MAX = 100


class NotACustomerFile(BillingError):
    """The text has not the form of an import."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in one row. Rows count as an editor shows them; the header is row 1."""

    row: int
    column: str
    problem: str


class RowsRefused(BillingError):
    """At least one row is wrong, so none was written. `errors` names each for the answer."""

    def __init__(self, rows: tuple[RowError, ...]) -> None:
        super().__init__(f"{len(rows)} problem(s) in the file: nothing was imported")
        self.rows = rows
        self.errors = tuple(
            {"pointer": f"#/{one.row}/{one.column}", "code": "row", "detail": one.problem}
            for one in rows
        )


class Row(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    external_id: ExternalId
    name: Text
    kind: Literal["person", "organisation"]
    email: OptionalEmail
    phone: OptionalText
    vat_id: OptionalText
    street: Text
    number: OptionalText
    postcode: OptionalText
    town: Text
    region: OptionalText
    country: Country
    tax_country: OptionalCountry
    anchor: Anchor
    plan: Text
    identity: OptionalIdentity
    start: Day
    coupon: OptionalText = ""

    @field_validator("anchor", mode="before")
    @classmethod
    def _number(cls, value: str) -> int | str:
        return int(value) if value.isascii() and value.isdecimal() else value


def run(op: Operation, text: str, isp: Isp) -> Import:
    """Import a CSV file. One bad row writes nothing (RowsRefused); the same file completes it.

    `made` of the result counts the customers this file made; the other rows were there before.
    """
    rows = _judged(text, isp)
    digest = hashlib.sha256(text.encode()).hexdigest()
    wanted = Import(import_id(digest), digest, len(rows), op.at, op.actor)
    begun = Event("import.started", op.actor, wanted.id, f"Import of {len(rows)} rows", op.at)
    opened = open_import(wanted, begun)
    offerings = _plans()
    for row in rows:
        if accounts.find_external("account", row.external_id) is None:
            # Ids follow from the import and the row: a repeat makes the same customer.
            one = Operation(opened.actor, opened.at, f"{opened.id}:{row.external_id}")
            create_customer(one, _customer(row, offerings[row.plan.casefold()]), isp)
    made = sum(_made_by(opened, row) for row in rows)
    ended = Event("import.done", op.actor, opened.id, f"{made} customers are new", op.at)
    done = save_done(opened, made, ended)
    commit(op.keep(done))
    return done


def load(id: str) -> Import:
    """One import. Raises ImportNotFound."""
    return load_import(id)


def _made_by(opened: Import, row: Row) -> bool:
    expected = Operation(opened.actor, opened.at, f"{opened.id}:{row.external_id}").id("acc")
    return accounts.find_external("account", row.external_id) == expected


def _judged(text: str, isp: Isp) -> list[Row]:
    errors: list[RowError] = []
    rows: dict[int, Row] = {}
    for number, fields in _lines(text):
        try:
            rows[number] = Row.model_validate(fields)
        except ValidationError as error:
            errors += [_row_error(number, one) for one in error.errors()]
    errors += _across(rows, isp)
    if errors:
        ordered = sorted(errors, key=lambda one: (one.row, one.column))
        raise RowsRefused(tuple(ordered[:ERRORS_MAX]))
    return list(rows.values())


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header)
        for count, values in enumerate(reader, start=1):
            if count > ROWS_MAX:
                raise NotACustomerFile(f"more than {ROWS_MAX} rows: import the file in parts")
            if values:
                # Missing values are empty, which the columns judge; surplus ones have no column.
                padded = [*values, *[""] * (len(header) - len(values))]
                fields = dict(zip(header, (one.strip() for one in padded), strict=False))
                if len(values) > len(header):
                    fields["…"] = "too many values"
                yield reader.line_num, fields
    except csv.Error as error:
        raise NotACustomerFile(f"line {reader.line_num}: {error}; save it as CSV again") from None


def _check_header(header: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in header]
    unknown = [name for name in header if name not in (*COLUMNS, *OPTIONAL_COLUMNS)]
    if missing or unknown or len(set(header)) != len(header):
        raise NotACustomerFile(
            "the first line must name each of these columns once: " + ",".join(COLUMNS)
            + f"; it may name {', '.join(OPTIONAL_COLUMNS)}"
            + (f"; missing: {', '.join(missing)}" if missing else "")
            + (f"; unknown: {', '.join(unknown)}" if unknown else "")
        )  # fmt: skip


def _across(rows: Mapping[int, Row], isp: Isp) -> Iterator[RowError]:
    """What a row alone does not show: repetitions, plans, cycles, identities held by others."""
    offerings = _plans()
    seen: dict[tuple[str, str], int] = {}
    held = assignments.who_has_each(row.identity for row in rows.values() if row.identity)
    for number, row in rows.items():
        for column in ("external_id", "identity"):
            value = getattr(row, column)
            first = seen.setdefault((column, value), number) if value else number
            if first != number:
                yield RowError(number, column, f"{value!r} stands in row {first} already")
        if row.anchor not in isp.cycles.anchors:
            days = ", ".join(str(day) for day in isp.cycles.anchors)
            yield RowError(number, "anchor", f"no cycle begins on day {row.anchor}: use {days}")
        if problem := _plan_problem(row, offerings, isp):
            yield RowError(number, "plan", problem)
        elif row.coupon and (problem := _coupon_problem(row, offerings)):
            yield RowError(number, "coupon", problem)
        if _held_by_another(row, held.get(row.identity, ()), isp):
            yield RowError(number, "identity", f"{row.identity} belongs to another service then")


def _held_by_another(row: Row, held: Sequence[IdentityAssignment], isp: Isp) -> bool:
    wanted = Span(local_midnight(row.start, isp.isp.zone), None)
    others = [one for one in held if one.span.overlap(wanted) is not None]
    if not others:
        return False
    mine = accounts.find_external("account", row.external_id)  # the file was sent before
    return any(one.account_id != mine for one in others)


def _plan_problem(row: Row, offerings: Mapping[str, Offering], isp: Isp) -> str:
    found = offerings.get(row.plan.casefold())
    if found is None:
        names = ", ".join(sorted({one.name for one in offerings.values()})) or "none is on sale"
        return f"there is no plan {row.plan!r}: {names}"
    try:
        price, *_ = _prices(row, offerings)
    except NoPriceOn as error:
        return str(error)
    if price.currency != isp.isp.currency:
        return f"{row.plan} is sold in {price.currency}, new accounts are in {isp.isp.currency}"
    return ""


def _coupon_problem(row: Row, offerings: Mapping[str, Offering]) -> str:
    known = {one.coupon for price in _prices(row, offerings) for one in price.discounts}
    return "" if row.coupon in known else f"{row.plan} has no discount for {row.coupon!r}"


def _prices(row: Row, offerings: Mapping[str, Offering]) -> list[PriceVersion]:
    """The price versions the row's plan begins with: its own, and those of a bundle's parts."""
    price = offerings[row.plan.casefold()].version_on(row.start)
    parts = [offerings[child.offering_id] for child in price.children]
    return [price, *(part.version_on(row.start) for part in parts)]


def _coupons(row: Row) -> tuple[str, ...]:
    return (row.coupon,) if row.coupon else ()


def _plans() -> dict[str, Offering]:
    """What is on sale, under its id and under its name in lower case."""
    found = catalog.list_offerings()
    return {key: one for one in found for key in (one.id, one.name.casefold())}


def _customer(row: Row, offering: Offering) -> NewCustomer:
    address = Address(row.street, row.number, row.postcode, row.town, row.country, row.region)
    return NewCustomer(
        name=row.name,
        kind=row.kind,
        email=row.email,
        phone=row.phone,
        billing_address=address,
        tax_place=TaxPlace(row.tax_country),
        cycle_anchor=row.anchor,
        offering_id=offering.id,
        start=row.start,
        identity=row.identity,
        external_id=row.external_id,
        vat_id=row.vat_id,
        coupons=_coupons(row),
    )


def _row_error(number: int, error: Mapping[str, object]) -> RowError:
    location = error["loc"]
    column = str(location[0]) if isinstance(location, tuple) and location else ""
    return RowError(number, column, str(error["msg"]))

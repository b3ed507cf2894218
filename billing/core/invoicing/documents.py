"""Draft and invoice: a function of stored facts, and the bytes that everything hashes.

A line of an invoice is the charge itself, with its explanation. Seller and buyer are copies as they
were on that day. Nothing here looks at a clock: the same facts give the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.core.catalog import PriceVersion, price_version_from
from billing.core.charging import (
    Charge,
    Counted,
    charge_from,
    charge_to_dict,
    counted_from,
    counted_to_dict,
)
from billing.core.errors import BillingError
from billing.core.ids import derived_id
from billing.core.money import Money
from billing.core.period import Period
from billing.core.tax import TaxItem, tax_item_from, tax_item_to_dict


class PriceNotInDocument(BillingError):
    """A line names a price version that its document does not hold."""

    def __init__(self, document_id: str, offering_id: str, version: int) -> None:
        super().__init__(f"{document_id} does not hold version {version} of {offering_id}")
        self.document_id, self.offering_id, self.version = document_id, offering_id, version


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a bill will be once it has a number. Its id is the invoice's."""

    id: str
    account_id: str
    run_id: str
    revision: int
    period: Period  # the closed period; lines may reach into the next one (charged in advance)
    currency: str
    language: str  # BCP 47, of the document
    seller: Mapping[str, Any]  # id, name, address, vat_id, iban
    buyer: Mapping[str, Any]  # name, address, vat_id
    lines: tuple[Charge, ...]
    taxes: tuple[TaxItem, ...]
    counted: tuple[Counted, ...]  # usage as it was counted, never counted again
    price_versions: tuple[Mapping[str, Any], ...]  # those of the lines, in the published schema
    net: Money
    tax: Money
    total: Money
    pay_token: str  # secret: it opens the bill

    def price_of(self, offering_id: str, version: int) -> PriceVersion:
        """A price version that a line names, as it was when the document was made."""
        for one in self.price_versions:
            if (one["offering_id"], one["version"]) == (offering_id, version):
                return price_version_from(one)
        raise PriceNotInDocument(self.id, offering_id, version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(Draft):
    """An issued document. It never changes; a mistake is mended by a credit note."""

    number: str
    issued_on: date
    due_on: date


def invoice_id(account_id: str, run_id: str, period: Period) -> str:
    """The id of the one invoice that a run gives an account, whatever the revision."""
    end = period.span.end
    assert end is not None  # noqa: S101  a Period always ends
    return derived_id("inv", end, account_id, run_id)


def draft(
    *,
    account_id: str,
    run_id: str,
    revision: int,
    period: Period,
    currency: str,
    language: str,
    seller: Mapping[str, Any],
    buyer: Mapping[str, Any],
    charges: Sequence[Charge],
    taxes: Sequence[TaxItem],
    counted: Sequence[Counted],
    pay_token: str,
    price_versions: Sequence[Mapping[str, Any]] = (),
) -> Draft:
    """The draft of an account's bill; net, tax and total are the sums of its parts.

    price_versions  those that the charges name, in the published schema
    """
    net = Money.total((charge.amount for charge in charges), currency)
    tax = Money.total((item.amount for item in taxes), currency)
    return Draft(
        id=invoice_id(account_id, run_id, period),
        account_id=account_id,
        run_id=run_id,
        revision=revision,
        period=period,
        currency=currency,
        language=language,
        seller=seller,
        buyer=buyer,
        lines=tuple(charges),
        taxes=tuple(taxes),
        counted=tuple(counted),
        price_versions=tuple(price_versions),
        net=net,
        tax=tax,
        total=net + tax,
        pay_token=pay_token,
    )


def number(draft: Draft, number: str, issued_on: date, due_on: date) -> Invoice:
    """The invoice that a draft becomes with a number and its dates (local days)."""
    fields = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    return Invoice(**fields, number=number, issued_on=issued_on, due_on=due_on)


def canonical(document: Draft) -> bytes:
    """The bytes of a draft or invoice: JSON in UTF-8, sorted keys, no spaces. All hash these."""
    return json.dumps(
        to_dict(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def to_dict(document: Draft) -> dict[str, Any]:
    """For storage and the wire; an invoice has `number`, `issued_on` and `due_on` besides."""
    data: dict[str, Any] = {
        "id": document.id,
        "account_id": document.account_id,
        "run_id": document.run_id,
        "revision": document.revision,
        "period": {
            "start": document.period.start.isoformat(),
            "end": document.period.end.isoformat(),
            "zone": document.period.zone,
        },
        "currency": document.currency,
        "language": document.language,
        "seller": dict(document.seller),
        "buyer": dict(document.buyer),
        "lines": [charge_to_dict(line) for line in document.lines],
        "taxes": [tax_item_to_dict(item) for item in document.taxes],
        "counted": [counted_to_dict(one) for one in document.counted],
        "price_versions": list(document.price_versions),
        "net": document.net.to_wire(),
        "tax": document.tax.to_wire(),
        "total": document.total.to_wire(),
        "pay_token": document.pay_token,
    }
    if isinstance(document, Invoice):
        data["number"] = document.number
        data["issued_on"] = document.issued_on.isoformat()
        data["due_on"] = document.due_on.isoformat()
    return data


def draft_from(data: Mapping[str, Any]) -> Draft:
    return Draft(**_fields(data))


def invoice_from(data: Mapping[str, Any]) -> Invoice:
    return Invoice(
        **_fields(data),
        number=data["number"],
        issued_on=date.fromisoformat(data["issued_on"]),
        due_on=date.fromisoformat(data["due_on"]),
    )


def from_canonical(content: bytes) -> Draft:
    """The draft or invoice that these bytes are."""
    data = json.loads(content)
    return invoice_from(data) if "number" in data else draft_from(data)


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    period = data["period"]
    return {
        "id": data["id"],
        "account_id": data["account_id"],
        "run_id": data["run_id"],
        "revision": data["revision"],
        "period": Period(
            date.fromisoformat(period["start"]), date.fromisoformat(period["end"]), period["zone"]
        ),
        "currency": data["currency"],
        "language": data["language"],
        "seller": data["seller"],
        "buyer": data["buyer"],
        "lines": tuple(charge_from(line) for line in data["lines"]),
        "taxes": tuple(tax_item_from(item) for item in data["taxes"]),
        "counted": tuple(counted_from(one) for one in data["counted"]),
        "price_versions": tuple(data["price_versions"]),
        "net": Money.from_wire(data["net"]),
        "tax": Money.from_wire(data["tax"]),
        "total": Money.from_wire(data["total"]),
        "pay_token": data["pay_token"],
    }

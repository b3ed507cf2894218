"""What the page of an invoice says, word by word; `templates/invoice.typ` only sets it.

Everything follows from the invoice and isp.toml, so the page can be drawn again to the byte.
"""

import io
from collections.abc import Mapping
from typing import Any

import segno

from billing.adapters import documents, words
from billing.config import Isp
from billing.core.charging import Charge, Counted, together
from billing.core.explaining import explain
from billing.core.invoicing import Invoice
from billing.core.tax import TaxItem, percent_text


def pay_url(portal_url: str, pay_token: str) -> str:
    """The stable address at which a bill can be seen and paid."""
    return f"{portal_url.rstrip('/')}/pay/{pay_token}"


def locale_of(invoice: Invoice) -> str:
    """Its language as written where the seller is."""
    return words.locale_of(invoice.language, invoice.seller["address"]["country"])


def invoice_pdf(invoice: Invoice, isp: Isp, portal_url: str) -> bytes:
    """The document itself: PDF/A-3, tagged; the same bytes every time."""
    return documents.render(sheet_of(invoice, isp, portal_url), words.noon(invoice.issued_on))


def sheet_of(invoice: Invoice, isp: Isp, portal_url: str) -> dict[str, Any]:
    """All texts of the page, ready to print in the invoice's language."""
    said, language = words.words(invoice.language), locale_of(invoice)
    payable = invoice.total.minor > 0
    link = pay_url(portal_url, invoice.pay_token) if payable else None
    return {
        "language": invoice.language[:2].lower(),
        "words": said,
        "brand": {"name": isp.isp.name, "colour": isp.branding.colour},
        "number": invoice.number,
        "issued": {
            "year": invoice.issued_on.year,
            "month": invoice.issued_on.month,
            "day": invoice.issued_on.day,
        },
        "seller": _seller(invoice, isp, said),
        "buyer": _buyer(invoice, said),
        "facts": _facts(invoice, said),
        "headline": said["amount_due"] if payable else said["nothing_due"],
        "total": words.money(invoice.total, language),
        "due_sentence": _due_sentence(invoice, said),
        "pay_url": link,
        "qr": None if link is None else _qr(link),
        "lines": [_line(charge, invoice, language) for charge in invoice.lines],
        "taxes": [_tax(item, language) for item in invoice.taxes],
        "net": words.money(invoice.net, language),
        "tax": words.money(invoice.tax, language),
        "usage": [_usage(one, invoice) for one in together(invoice.counted)],
        "notes": [said["zone_note"].format(zone=invoice.period.zone)] if invoice.counted else [],
    }


def _seller(invoice: Invoice, isp: Isp, said: Mapping[str, str]) -> dict[str, Any]:
    seller = invoice.seller
    address = _address(seller["address"], locale_of(invoice))
    particulars = [
        f"{said['tax_id']} {seller['vat_id']}",
        seller.get("registration", ""),
        f"IBAN {_grouped(seller['iban'])}" if seller.get("iban") else "",
        isp.isp.support_email,
        isp.isp.support_phone,
    ]
    return {
        "name": seller["name"],
        "address": address,
        "particulars": [line for line in particulars if line],
        "sender_line": " · ".join([seller["name"], *address[:2]]),
    }


def _buyer(invoice: Invoice, said: Mapping[str, str]) -> dict[str, Any]:
    buyer = invoice.buyer
    vat_id = buyer.get("vat_id")
    return {
        "name": buyer["name"],
        "address": _address(buyer["address"], locale_of(invoice)),
        "particulars": [f"{said['tax_id']} {vat_id}"] if vat_id else [],
    }


def _address(address: Mapping[str, str], language: str) -> list[str]:
    lines = (
        f"{address['street']} {address.get('number', '')}".strip(),
        f"{address['postcode']} {address['town']}".strip(),
        address.get("region", ""),
        words.country_name(address["country"], language),
    )
    return [line for line in lines if line]


def _facts(invoice: Invoice, said: Mapping[str, str]) -> list[tuple[str, str]]:
    period, language = invoice.period, locale_of(invoice)
    facts = [
        (said["number"], invoice.number),
        (said["issued"], words.day(invoice.issued_on, language)),
        (said["billing_period"], words.days(period.start, period.end, language)),
    ]
    if invoice.total.minor > 0:
        facts.append((said["due"], words.day(invoice.due_on, language)))
    return facts


def _due_sentence(invoice: Invoice, said: Mapping[str, str]) -> str:
    if invoice.total.minor > 0:
        return said["due_sentence"].format(due=words.day(invoice.due_on, locale_of(invoice)))
    return said["credit_sentence" if invoice.total.minor < 0 else "nothing_sentence"]


def _line(charge: Charge, invoice: Invoice, language: str) -> dict[str, Any]:
    """A line as it was priced: with the tax in it, where its price includes the tax."""
    included = "" if charge.gross is None else words.words(language)["tax_included"]
    return {
        "description": charge.description,
        "explanation": list(explain(charge, invoice.price_of).steps),
        "period": words.days(*charge.span, language),
        "quantity": words.quantity(charge.quantity, charge.unit, language),
        "amount": words.money(charge.priced, language),
        "note": included,
    }


def _tax(item: TaxItem, language: str) -> dict[str, str]:
    return {
        "label": f"{words.words(language)['tax_name']} {percent_text(item.percent)} %",
        "base": words.money(item.base, language),
        "amount": words.money(item.amount, language),
    }


def _usage(counted: Counted, invoice: Invoice) -> dict[str, str]:
    names = invoice.buyer.get("services", {})
    zone, language = invoice.period.zone, locale_of(invoice)
    return {
        "service": names.get(counted.service_id, counted.service_id),
        "period": words.instants(counted.start, counted.end, zone, language),
        "download": words.gigabytes(counted.octets_out, language),
        "upload": words.gigabytes(counted.octets_in, language),
    }


def _qr(link: str) -> str:
    out = io.BytesIO()
    segno.make_qr(link, error="m").save(out, kind="svg", xmldecl=False, border=0)
    return out.getvalue().decode()


def _grouped(iban: str) -> str:
    """An IBAN as people read it: in fours."""
    plain = iban.replace(" ", "")
    return " ".join(plain[n : n + 4] for n in range(0, len(plain), 4))

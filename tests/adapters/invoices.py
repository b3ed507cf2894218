"""Invoices to draw and to send in tests: one month of a fibre customer, made by the core itself."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction

from billing.config import Isp
from billing.core.catalog import price_version_from, price_version_to_dict
from billing.core.charging import Charge, Counted, counted_to_dict
from billing.core.invoicing import Invoice, draft, number
from billing.core.money import Money
from billing.core.period import Period
from billing.core.tax import TaxRate, taxes

OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), "Europe/Dublin")

ISP = Isp.model_validate(
    {
        "isp": {
            "name": "Harbour Wave",
            "slug": "harbour",
            "zone": "Europe/Dublin",
            "currency": "EUR",
            "support_email": "hello@harbourwave.example",
            "support_phone": "+353 21 555 0100",
        },
        "sellers": [
            {
                "id": "harbour",
                "name": "Harbour Wave Broadband Ltd",
                "address": {
                    "street": "Quay Street",
                    "number": "12",
                    "postcode": "T12 X4Y5",
                    "town": "Cork",
                    "country": "IE",
                },
                "vat_id": "IE1234567FA",
                "iban": "IE29AIBK93115212345678",
                "series": "invoice",
                "prefix": "HW-",
            }
        ],
        "usage": {"buckets": 4, "grid_zone": "Europe/Dublin"},
        "cycles": {"anchors": [1], "due_days": 14, "partition_size": 2},
        "tax": [
            {"country": "IE", "category": "standard", "percent": "23", "valid_from": "2020-01-01"}
        ],
        "payments": {"currency": "EUR", "amount_min": "0.50"},
        "nas": [
            {
                "id": "bng-1",
                "line_rate_mbps": 1000,
                "counting_from": "2026-01-01T00:00:00Z",
                "secret_ref": "radius/bng-1",
            }
        ],
        "mail": {
            "sender": "billing@harbourwave.example",
            "reply_to": "hello@harbourwave.example",
        },
        "branding": {"colour": "#0b6e8f"},
    }
)

SELLER = ISP.sellers[0].model_dump(mode="json")

BUYER = {
    "name": "Zoë Müller-Ó Súilleabháin",
    "email": "zoe@example.org",
    "vat_id": "",
    "address": {
        "street": "Lighthouse Road",
        "number": "4",
        "postcode": "P31 AB12",
        "town": "Crosshaven",
        "region": "",
        "country": "IE",
    },
    "services": {"svc_1": "4 Lighthouse Road"},
}


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def charge(description: str, amount: str, **other: object) -> Charge:
    fields: dict[str, object] = {
        "subscription_id": "sub_1",
        "service_id": "svc_1",
        "code": "access",
        "kind": "recurring",
        "price_ref": ("fibre-100", 1),
        "span": (date(2026, 11, 1), date(2026, 12, 1)),
        "quantity": "1",
        "unit": "month",
        "tax_category": "standard",
        "key": description,
        "facts": {"rule": "entered", "by": "staff:t", "amount": eur(amount).to_wire()},
    }
    return Charge(description=description, amount=eur(amount), **{**fields, **other})


FIBRE = price_version_from(
    {
        "offering_id": "fibre-100",
        "name": "Fibre 100",
        "valid_from": "2024-01-01",
        "currency": "EUR",
        "prices": [
            {"model": "flat", "code": "access", "amount": "29.90"},
            {
                "model": "graduated",
                "code": "data",
                "unit": "GB",
                "direction": "down",
                "tiers": [{"up_to": "300"}, {"per_unit": "0.05"}],
            },
        ],
    }
)

COUNTED = (
    Counted(
        "svc_1",
        datetime(2026, 9, 30, 23, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
        32_230_000_000,
        412_345_678_912,
    ),
)

LINES = (
    charge("Fibre 100: access", "29.90", facts={"rule": "recurring", "of": 30}),
    charge(
        "Fibre 100: access, unused 20 of 31 days",
        "-19.29",
        kind="credit",
        quantity="20",
        unit="day",
        span=(date(2026, 10, 12), date(2026, 11, 1)),
        facts={
            "rule": "credit",
            "charged": eur("29.90").to_wire(),
            "days": ["2026-10-01", "2026-11-01"],
            "unused": [20, 31, "day"],
        },
    ),
    charge(
        "Fibre 100: data over the allowance",
        "5.62",
        kind="usage",
        quantity="412.345678912",
        unit="GB",
        span=(date(2026, 10, 1), date(2026, 11, 1)),
        code="data",
        facts={"rule": "rated", "zone": "Europe/Dublin", "counted": [counted_to_dict(COUNTED[0])]},
    ),
)


def an_invoice(
    lines: Sequence[Charge] = LINES, language: str = "en", buyer: dict | None = None
) -> Invoice:
    rates = [TaxRate("IE", "standard", Fraction(23), date(2020, 1, 1))]
    made = draft(
        account_id="acc_1",
        run_id="run_1",
        revision=1,
        period=OCTOBER,
        currency="EUR",
        language=language,
        seller=SELLER,
        buyer=buyer or BUYER,
        charges=lines,
        taxes=taxes(lines, "IE", date(2026, 11, 1), rates),
        counted=COUNTED,
        price_versions=[price_version_to_dict(FIBRE)],
        pay_token="b" * 43,
    )
    return number(made, "HW-2026-000123", date(2026, 11, 2), date(2026, 11, 16))

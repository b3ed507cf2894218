"""Facts that tests share: one seller, one customer, one tariff, one bill."""

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from billing.core import invoicing
from billing.core.catalog import PriceVersion, RecurringPrice
from billing.core.charging import Charge, Counted
from billing.core.invoicing import Draft, Invoice
from billing.core.money import Money
from billing.core.party import (
    Account,
    Address,
    Contact,
    IdentityAssignment,
    Party,
    Service,
    Subject,
    TaxPlace,
)
from billing.core.period import Period, Span
from billing.core.subscription import Subscription, start
from billing.core.tax import TaxRate, taxes
from billing.store.timeline import Event

ZONE = "Europe/Berlin"
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), ZONE)
SEPTEMBER = Period(date(2026, 9, 1), date(2026, 10, 1), ZONE)
RATES = (TaxRate("DE", "internet", Fraction(19), date(2020, 1, 1)),)

SITE = Address("Hafenstraße", "12", "20457", "Hamburg", "DE")
SELLER: dict[str, Any] = {
    "id": "north",
    "name": "Nordnetz GmbH",
    "address": {
        "street": "Am Kai",
        "number": "1",
        "postcode": "20457",
        "town": "Hamburg",
        "region": "",
        "country": "DE",
    },
    "vat_id": "DE123456788",
    "iban": "DE02120300000000202051",
}
BUYER: dict[str, Any] = {
    "name": "Ada Lindqvist",
    "address": {
        "street": "Hafenstraße",
        "number": "12",
        "postcode": "20457",
        "town": "Hamburg",
        "region": "",
        "country": "DE",
    },
    "vat_id": "",
}


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def at(text: str) -> datetime:
    """An instant in UTC: at("2026-10-01 00:00")."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def event(kind: str = "test.done", object: str = "x", when: str = "2026-11-01 09:00") -> Event:
    return Event(kind, "staff:mira", object, f"{kind} of {object}", at(when))


def fibre(version: int = 1, amount: str = "30.00", valid_from: str = "2026-01-01") -> PriceVersion:
    price = RecurringPrice(
        code="base",
        name="Fibre 250",
        amount=Fraction(eur(amount).minor),
        currency="EUR",
        tax_category="internet",
    )
    day = date.fromisoformat(valid_from)
    return PriceVersion("ofr_fibre250", version, day, "Fibre 250", "EUR", (price,))


def customer(name: str = "Ada Lindqvist", n: int = 1, external_id: str = "") -> dict[str, Any]:
    """The arguments of accounts.save_new_customer: ids end in the number."""
    account = Account(
        f"acc_{n}",
        f"pty_{n}",
        "north",
        "EUR",
        "de",
        1,
        date(2026, 9, 1),
        TaxPlace("DE"),
        SITE,
        external_id=external_id,
    )
    contact = Contact("billing", name, "ada@example.net")
    span = Span(at("2026-08-31 22:00"), None)
    return {
        "party": Party(account.party_id, "person"),
        "subject": Subject(account.party_id, name, "ada@example.net", contacts=(contact,)),
        "account": account,
        "services": (Service(f"svc_{n}", account.id, "Home", site=SITE),),
        "subscriptions": (subscription(n),),
        "identities": (IdentityAssignment(f"user:ada{n}", f"svc_{n}", account.id, span),),
        "event": event("account.opened", account.id, "2026-09-01 08:00"),
    }


def subscription(n: int = 1) -> Subscription:
    return start(f"sub_{n}", f"acc_{n}", f"svc_{n}", fibre(), at("2026-08-31 22:00"))


def entered(amount: Money, by: str = "staff:t") -> dict[str, Any]:
    """The facts of a line that a person entered."""
    return {"rule": "entered", "by": by, "amount": amount.to_wire()}


def charge(
    amount: str = "30.00",
    kind: str = "recurring",
    *,
    version: int = 1,
    category: str = "internet",
    n: int = 1,
) -> Charge:
    return Charge(
        f"sub_{n}",
        f"svc_{n}",
        "base" if kind != "usage" else "traffic",
        kind,  # pyright: ignore[reportArgumentType]
        f"Fibre 250, {kind}",
        ("ofr_fibre250", version),
        (date(2026, 11, 1), date(2026, 12, 1)),
        "1",
        "month",
        eur(amount),
        category,
        f"{kind}-{n}-{amount}",
        entered(eur(amount)),
    )


def draft(
    *charges: Charge, n: int = 1, run_id: str = "run_1", revision: int = 1, period: Period = OCTOBER
) -> Draft:
    """The bill of customer n: 30.00 net, 5.70 tax, 35.70 in all unless told otherwise."""
    lines = charges or (charge(n=n),)
    counted = Counted(f"svc_{n}", at("2026-09-30 22:00"), at("2026-10-31 23:00"), 10**9, 10**10)
    return invoicing.draft(
        account_id=f"acc_{n}",
        run_id=run_id,
        revision=revision,
        period=period,
        currency="EUR",
        language="de",
        seller=SELLER,
        buyer=BUYER,
        charges=lines,
        taxes=taxes(lines, "DE", date(2026, 11, 1), RATES),
        counted=(counted,),
        pay_token=f"token-{n}-{run_id}",
    )


def invoice(*charges: Charge, number: str = "N-2026-0001", n: int = 1, **of: Any) -> Invoice:
    """The same bill, issued on 1 November 2026, due on the 15th."""
    return invoicing.number(
        draft(*charges, n=n, **of), number, date(2026, 11, 1), date(2026, 11, 15)
    )

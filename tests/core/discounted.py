"""A plan, its discounts, and what they take off: shared by the tests of discounts."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

from hypothesis import strategies as st

from billing.core.catalog import Discount, price_version_from
from billing.core.charging import Charge, recurring_charges
from billing.core.charging.discounts import discount_charges
from billing.core.period import MONTHLY, Cycle, Period, local_midnight
from billing.core.rating import rate
from billing.core.subscription import Granted, start

ZONE = "Europe/Berlin"
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1), ZONE)
DECEMBER = Period(date(2026, 12, 1), date(2027, 1, 1), ZONE)
MONTHS = Cycle(MONTHLY, date(2026, 11, 1))


def plan(*prices, discounts=(), **fields):
    return price_version_from(
        {
            "offering_id": "fibre",
            "name": "Fibre",
            "valid_from": "2026-01-01",
            "currency": "EUR",
            "prices": list(prices) or [ACCESS],
            **({"discounts": list(discounts)} if discounts else {}),
            **fields,
        }
    )


ACCESS = {"model": "flat", "code": "access", "name": "Access", "amount": "40.00"}
TV = {"model": "flat", "code": "tv", "name": "TV", "amount": "15.00"}
DATA = {
    "model": "graduated",
    "code": "data",
    "name": "Data",
    "unit": "GB",
    "tiers": [{"up_to": "100", "per_unit": "0.50"}, {"per_unit": "0.20"}],
}


def percent(value, code="promo", **fields) -> Discount:
    return Discount(code, "Promotion", "percent", Fraction(value), **fields)


def amount(value, code="loyal", **fields) -> Discount:
    return Discount(code, "Loyalty", "amount", Fraction(value) * 100, **fields)


def units(value, code="gift", **fields) -> Discount:
    return Discount(code, "Gift", "units", Fraction(value), **fields)


def held(*discounts: Discount, version=None, since=date(2026, 11, 1), began=date(2026, 11, 1)):
    subscription = start("sub", "acc", "svc", version or plan(), local_midnight(began, ZONE))
    return replace(subscription, discounts=tuple(Granted(one, since) for one in discounts))


def usage(quantity: str, version, period=NOVEMBER) -> Charge:
    (price,) = version.usage
    return Charge(
        "sub", "svc", price.code, "usage", "Fibre: Data", version.ref,
        (period.start, period.end), quantity, "GB", rate(price, quantity).amount, "standard",
        f"sub/{price.code}/{period.label}", {"rule": "rated"},
    )  # fmt: skip


def off(subscription, period=NOVEMBER, lines=None, billed=()) -> list[str]:
    """What is taken off, line by line."""
    charges = recurring_charges(subscription, period) if lines is None else lines
    return [one.amount.value for one in discount_charges(charges, subscription, period, billed)]


orders = st.integers(0, 3)
spans = st.tuples(st.none() | st.integers(1, 4), orders)
some_discounts = st.lists(
    st.one_of(
        st.builds(lambda v, s: percent(v, periods=s[0], order=s[1]), st.integers(1, 100), spans),
        st.builds(lambda v, s: amount(v, periods=s[0], order=s[1]), st.integers(1, 60), spans),
        st.builds(lambda v, s: units(v, periods=s[0], order=s[1]), st.integers(1, 200), spans),
    ),
    max_size=5,
).map(lambda found: [replace(one, code=f"d{n}") for n, one in enumerate(found)])

"""Words for tests: money, quantities, days, plans, so that a test reads like a bill."""

from datetime import date, datetime
from fractions import Fraction

from billing.core.catalog import PriceVersion, price_from
from billing.core.charging import Counted, UsageWindow
from billing.core.money import Money
from billing.core.period import Period, local_time, period_containing
from billing.core.subscription import Subscription, start

GB = 10**9
DUBLIN = "Europe/Dublin"
NEW_YORK = "America/New_York"
KOLKATA = "Asia/Kolkata"


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def inr(text: str) -> Money:
    return Money.parse(text, "INR")


def gb(text: str) -> Fraction:
    return Fraction(text)


def octets(text: str) -> int:
    """Gigabytes (10**9) as octets."""
    exact = Fraction(text) * GB
    assert exact.denominator == 1, f"{text} GB is no whole number of octets"
    return int(exact)


def month(label: str, zone: str = DUBLIN, anchor: int = 1) -> Period:
    """The period around the first day of a month: month("2026-04")."""
    return period_containing(date.fromisoformat(f"{label}-01"), anchor, zone)


def at(text: str, zone: str = DUBLIN) -> datetime:
    """A local clock reading as an instant: at("2026-04-11 10:00", KOLKATA)."""
    tz = local_time(datetime.fromisoformat("2026-01-01T00:00:00Z"), zone).tzinfo
    return datetime.fromisoformat(text).replace(tzinfo=tz)


def plan(
    name: str,
    monthly: str | None,
    *prices: dict[str, object],
    currency: str = "EUR",
    version: int = 1,
) -> PriceVersion:
    """A price version with a monthly charge in advance and further prices."""
    flat: list[dict[str, object]] = (
        [] if monthly is None else [{"model": "flat", "code": "access", "amount": monthly}]
    )
    return PriceVersion(
        offering_id=name.lower(),
        version=version,
        valid_from=date(2024, 1, 1),
        name=name,
        currency=currency,
        prices=tuple(price_from({"currency": currency, **price}) for price in [*flat, *prices]),
    )


def on(price: PriceVersion, since: datetime) -> Subscription:
    """A subscription to a plan since an instant."""
    return start("sub_1", "acc_1", "svc_1", price, since)


def used(window: UsageWindow, down: str, up: str = "0") -> Counted:
    """What was counted in a window, in gigabytes."""
    assert window.span.end is not None
    return Counted(window.service_id, window.span.start, window.span.end, octets(up), octets(down))

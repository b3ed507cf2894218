"""Allowances for tests: prices in the published schema, months, and usage on grid hours."""

from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise

from billing.core.allowance import Part, edges
from billing.core.catalog import price_from
from billing.core.period import HOUR, Period, local_midnight
from billing.core.subscription import Purchase

NEW_YORK = "America/New_York"
GB = 10**9
NIGHT = {"night": {"hours": "00:00-07:00"}}


def allowance(unit="GB", currency="USD", **fields):
    """A usage price that is an allowance, from the fields of the schema."""
    return price_from({"model": "allowance", "unit": unit, "currency": currency, **fields})


def bucket(code, size=None, **fields):
    return {"code": code, **({} if size is None else {"size": size}), **fields}


def rolling(size="100", grants="replaced", **rollover):
    return allowance(
        buckets=[bucket("data", size, rollover=rollover)], after="stop", at_change=grants
    )


def month(year, number, zone=NEW_YORK):
    following = date(year + number // 12, number % 12 + 1, 1)
    return Period(date(year, number, 1), following, zone)


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(day, hour, zone=NEW_YORK):
    """The grid hour so many hours after the local day began: "2026-03-08", 7."""
    return local_midnight(date.fromisoformat(day), zone) + hour * HOUR


def used(start, hours, gigabytes, service_id=""):
    """A download in gigabytes, exact."""
    return Part.of(start, start + hours * HOUR, int(Fraction(gigabytes) * GB), service_id)


def all_month(period, gigabytes, service_id=""):
    span = period.span
    return [Part.of(span.start, span.end, int(Fraction(gigabytes) * GB), service_id)]


def spans_of(price, period, *context, **held):
    """What lies between the edges of a period: the parts in which usage may be read."""
    span = period.span
    return list(pairwise([span.start, *edges(price, period, *context, **held), span.end]))


def bought(code, at, purchase_id="p1"):
    return Purchase(purchase_id, code, instant(at))


def gigabytes(paid):
    """{"day": 12, …}: who paid how many gigabytes."""
    return {code: Fraction(octets, GB) for code, octets in paid.items()}

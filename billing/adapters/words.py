"""Money, days, quantities and sentences in the reader's language; formatting only, no decisions."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import cast
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_interval
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from billing.adapters.documents import TEMPLATES
from billing.core.money import Money, minor_digits

FALLBACK = "en"


def words(language: str) -> Mapping[str, str]:
    """What documents say in this language; English where it was not translated."""
    table = _table()
    own = table.get(_known(language)) or table.get(language[:2].lower(), {})
    return {**table[FALLBACK], **own}


def locale_of(language: str, country: str) -> str:
    """How the language is written in a country: dates of "en" in Ireland are not American."""
    return _known(language if "-" in language else f"{language}-{country}")


def money(amount: Money, language: str) -> str:
    """An amount as the language writes it, with the currency's own number of decimals."""
    value = Decimal(amount.minor).scaleb(-minor_digits(amount.currency))
    return format_currency(value, amount.currency, locale=_known(language))


def day(value: date, language: str) -> str:
    """A day in full: 1 November 2026."""
    return format_date(value, format="long", locale=_known(language))


def days(start: date, end: date, language: str) -> str:
    """The days from start to before end, named by their first and last: 1 – 31 Oct 2026."""
    last = end - timedelta(days=1)
    if last <= start:
        return format_date(start, format="medium", locale=_known(language))
    return format_interval(start, last, skeleton="yMMMd", locale=_known(language))


def instants(start: datetime, end: datetime, zone: str, language: str) -> str:
    """An interval of the clock on the wall of the zone, both ends with their minute."""
    ends = (
        format_datetime(t.astimezone(ZoneInfo(zone)), "d MMM yyyy HH:mm", locale=_known(language))
        for t in (start, end)
    )
    return " – ".join(ends)


def quantity(exact: str, unit: str, language: str) -> str:
    """A quantity with its unit, shown to three decimals; the explanation carries it exactly."""
    rounded = Decimal(round(Fraction(exact) * 1000)).scaleb(-3)
    if unit == "piece":
        return format_decimal(rounded, format="#,##0.###", locale=_known(language))
    if unit in ("second", "minute", "hour", "day", "week", "month", "year"):
        return format_unit(rounded.normalize(), f"duration-{unit}", locale=_known(language))
    return f"{format_decimal(rounded, format='#,##0.###', locale=_known(language))} {unit}"


def gigabytes(octets: int, language: str) -> str:
    """Octets in GB of 10^9, to two decimals."""
    value = Decimal(round(Fraction(octets, 10**7))).scaleb(-2)
    return f"{format_decimal(value, format='#,##0.00', locale=_known(language))} GB"


def country_name(code: str, language: str) -> str:
    """The country as the language calls it; the code where it is not known."""
    territories = cast("dict[str, str]", Locale.parse(_known(language)).territories)
    return territories.get(code.upper(), code)


def noon(value: date) -> int:
    """A day as seconds since 1970 UTC, at noon: the same day in every zone that reads it."""
    return int(datetime(value.year, value.month, value.day, 12, tzinfo=UTC).timestamp())


@cache
def _known(language: str) -> str:
    """The language if it can be formatted, else its main part, else English."""
    for candidate in (language.replace("-", "_"), language[:2]):
        try:
            return str(Locale.parse(candidate))
        except (UnknownLocaleError, ValueError):
            continue
    return FALLBACK


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((TEMPLATES / "words.toml").read_text(encoding="utf-8"))

"""Jinja templates to HTML, with the few ways in which pages show money, octets and time."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from billing.config import load_isp
from billing.core.money import Money, minor_digits
from billing.core.period import instant_from

TEMPLATES = Path(__file__).parent.parent / "templates"
JUST_NOW_SECONDS = 5
OCTET_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_INSTANT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def page(template: str, /, **context: object) -> str:
    """The HTML of one page. A name that the context lacks is an error, not a gap."""
    return environment().get_template(template).render(**context)


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "money": money,
        "octets": octets,
        "day": day,
        "instant": instant,
        "ago": ago,
        "told": told,
        "whole": whole,
        "who": who,
    }
    made.globals["isp"] = load_isp().isp
    return made


def money(amount: Money, language: str = "en_IE") -> str:
    """12.30 EUR as `€12.30`; a negative amount keeps its sign before the symbol."""
    exact = Decimal(amount.minor).scaleb(-minor_digits(amount.currency))
    # A true minus: browsers break lines after a hyphen.
    return format_currency(exact, amount.currency, locale=language).replace("-", "\N{MINUS SIGN}")


def octets(count: int) -> str:
    """Octets in decimal units, three figures: 12_345_678_901 is `12.3 GB`."""
    size, unit = float(count), 0
    while size >= 1000 and unit < len(OCTET_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    digits = 0 if unit == 0 or size >= 100 else 1
    return f"{size:.{digits}f} {OCTET_UNITS[unit]}"


def day(value: date, language: str = "en_IE") -> str:
    return format_date(value, format="medium", locale=language)


def instant(value: datetime, zone: str | None = None, language: str = "en_IE") -> str:
    """An instant on the ISP's clock."""
    local = value.astimezone(ZoneInfo(zone or load_isp().isp.zone))
    return format_datetime(local, format="d MMM y, HH:mm", locale=language)


def ago(value: datetime, now: datetime) -> str:
    """How old something is, in the largest unit that is not zero."""
    seconds = max(0, int((now - value.astimezone(UTC)).total_seconds()))
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return f"{seconds} seconds ago" if seconds >= JUST_NOW_SECONDS else "just now"


def told(text: str) -> str:
    """A sentence of the timeline: its instants are stored in UTC and shown on the ISP's clock."""
    local = _INSTANT.sub(lambda found: instant(instant_from(found.group())), text)
    return _DAY.sub(lambda found: _spoken(found.group()), local)


def whole(count: int) -> str:
    """A count with its thousands apart: 41,947."""
    return f"{count:,}"


def who(actor: str) -> str:
    """The actor of an event for people: `staff:clara` is clara, `system:…` is the system."""
    kind, _, name = actor.partition(":")
    return "the system" if kind == "system" or not name else name


def _spoken(text: str) -> str:
    try:
        return day(date.fromisoformat(text))
    except ValueError:  # three numbers that are no day
        return text

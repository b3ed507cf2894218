"""Fields of a record: read as what they should be, or refused with the field and the fix."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from billing.core.errors import BillingError
from billing.core.usage.packs import MALFORMED

CLOCK = "clock"

# 253 octets (RFC 2865 §5), each written as \\xNN. Identities are keys, which end at 1,024 octets.
TEXT_OCTETS_MAX = 1012
# What a device's own clock may be ahead of the collector's where bills go by it.
CLOCK_SLACK_SECONDS = 60
LATE_SECONDS_MAX = 366 * 86_400  # what is reported later was dated by a clock that was never set
_YEARS = (2000, 2100)


class Unmeasurable(BillingError):
    """A record that cannot be counted as it is."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason


def text(fields: Mapping[str, Any], name: str) -> str:
    """A text; "" where there is none."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not _is_unicode(value) or octets_of(value) > TEXT_OCTETS_MAX:
        raise Unmeasurable(MALFORMED, f"{name} must be a text of up to {TEXT_OCTETS_MAX} octets")
    return value


def whole(
    fields: Mapping[str, Any], name: str, most: int, reason: str, missing: int | None = 0
) -> int:
    """A whole number from 0; `reason` is that of one above the most it can be."""
    value = fields.get(name, missing)
    if type(value) is not int or value < 0:
        raise Unmeasurable(MALFORMED, f"{name} is {value!r}: use a whole number from 0")
    if value > most:
        raise Unmeasurable(reason, f"{name} is {value}, above {most}: correct it")
    return value


def instant(fields: Mapping[str, Any], name: str) -> float:
    """Epoch seconds of an RFC 3339 text, or of RADIUS' own seconds since 1970 (RFC 2869 §5.3)."""
    value = fields.get(name)
    try:
        at = datetime.fromtimestamp(value, UTC) if type(value) is int else _parsed(value)
    except (TypeError, ValueError, OverflowError, OSError):
        problem = f"{name} is {value!r}: use an instant such as 2026-10-01T09:30:00.000Z"
        raise Unmeasurable(MALFORMED, problem) from None
    if at.tzinfo is None:
        raise Unmeasurable(MALFORMED, f"{name} is {value!r}, without a zone: add Z")
    if not _YEARS[0] <= at.year < _YEARS[1]:
        raise Unmeasurable(CLOCK, f"{name} is {value!r}: set the clock it was read from")
    return at.timestamp()


def measured_at(fields: Mapping[str, Any], name: str, seconds: int, what: str) -> int:
    """The second at which what was measured for so many seconds began, by the clock of a device.

    Bills go by that clock, so it is held against the receipt at the collector.
    """
    start, received_at = instant(fields, name), instant(fields, "received_at")
    ahead = start + seconds - received_at
    if ahead > CLOCK_SLACK_SECONDS:
        problem = (
            f"{what} ends {ahead:.0f} s after received_at: {name} is when it began, in UTC or with "
            "its zone; set the clock, then correct the record"
        )
        raise Unmeasurable(CLOCK, problem)
    if -ahead > LATE_SECONDS_MAX:
        days = -ahead / 86_400
        problem = f"{what} ended {days:.0f} days before received_at: correct {name}"
        raise Unmeasurable(CLOCK, problem)
    return int(start)


def octets_of(value: str) -> int:
    """How long a text is in UTF-8."""
    return len(value) if value.isascii() else len(value.encode())


def _is_unicode(value: str) -> bool:
    """JSON can spell halves of surrogate pairs, which no table can store."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _parsed(value: Any) -> datetime:
    return datetime.fromisoformat(value)

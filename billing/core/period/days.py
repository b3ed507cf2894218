"""Periods and spans: local days and bill cycles on one side, instants in UTC on the other.

Instants are aware datetimes; days are dates of a zone; every interval is half-open, `[start, end)`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing.core.errors import BillingError

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)
# Zones and periods are computed within these; the calendar's own ends overflow.
DAY_FIRST, DAY_LAST = date(1900, 1, 1), date(2199, 12, 31)


class NaiveInstant(BillingError):
    """An instant without a zone is not an instant."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"{at.isoformat()} has no time zone: add Z or an offset")
        self.at = at


class BadInstant(BillingError):
    """The text is no instant."""

    def __init__(self, text: object) -> None:
        super().__init__(f"{str(text)[:60]!r} is no instant: write it as 2026-10-01T09:30:00Z")
        self.text = text


class DayOutOfRange(BillingError):
    """A day that no customer, plan or bill can have."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{day} is not a day to bill: use one of {DAY_FIRST} to {DAY_LAST}")
        self.day = day


class UnknownZone(BillingError):
    """The zone is not in the IANA time zone database."""

    def __init__(self, zone: str) -> None:
        super().__init__(
            f"{zone[:60]!r} is not a time zone: use an IANA name such as Europe/Dublin"
        )
        self.zone = zone


@dataclass(frozen=True, slots=True)
class Span:
    """The instants from start to before end. No end: it still runs."""

    start: datetime
    end: datetime | None

    def __post_init__(self) -> None:
        for at in (self.start, self.end):
            if at is not None and at.tzinfo is None:
                raise NaiveInstant(at)

    def contains(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)

    def overlap(self, other: "Span") -> "Span | None":
        """What both spans cover; None when they only touch or lie apart."""
        start = max(self.start, other.start)
        end = other.end if self.end is None else self.end
        if end is not None and other.end is not None:
            end = min(end, other.end)
        if end is not None and end <= start:
            return None
        return other if (start, end) == (other.start, other.end) else Span(start, end)


@dataclass(frozen=True, slots=True)
class Period:
    """The local days from start to before end that one bill covers."""

    start: date
    end: date
    zone: str

    @property
    def span(self) -> Span:
        """Its instants in UTC: from the first instant of its first day to that of the day after."""
        return _span_of(self.start, self.end, self.zone)

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def label(self) -> str:
        """Its first day, "2026-10-01": how a cycle is called in requests and on pages."""
        return self.start.isoformat()

    @property
    def key(self) -> str:
        """Both bounds, "2026-10-01/2026-11-01": tells periods of different anchors apart."""
        return f"{self.start.isoformat()}/{self.end.isoformat()}"


@lru_cache(maxsize=4096)
def local_midnight(day: date, zone: str) -> datetime:
    """The first instant (UTC) of a local day. Where clocks skip midnight, the day begins later."""
    tz = _zone(zone)
    within(day)
    midnight = datetime(day.year, day.month, day.day, tzinfo=tz)
    earlier = midnight.replace(fold=1).astimezone(UTC)
    later = midnight.astimezone(UTC)
    if earlier >= later:  # midnight exists; when it exists twice, fold 0 is the first of the two
        return later
    while later - earlier > timedelta(seconds=1):  # midnight is skipped: find the jump itself
        middle = earlier + timedelta(seconds=(later - earlier) // timedelta(seconds=2))
        if middle.astimezone(tz).date() >= day:
            later = middle
        else:
            earlier = middle
    return later


def local_day(at: datetime, zone: str) -> date:
    """The local day an instant belongs to: the last one whose first instant is not after it."""
    if at.tzinfo is None:
        raise NaiveInstant(at)
    day = at.astimezone(_zone(zone)).date()
    # Clocks set back just after midnight show the old date again; that hour is of the new day.
    return day + DAY if at >= local_midnight(day + DAY, zone) else day


def local_time(at: datetime, zone: str) -> datetime:
    """The same instant with the local clock of a zone, for showing it."""
    return at.astimezone(_zone(zone))


def grid_hour(at: datetime, zone: str) -> datetime:
    """The start (UTC) of the grid hour an instant lies in: whole hours from the local day's start.

    So every local day begins on the grid, a day of 23 or 25 hours has as many grid hours, and in
    zones of half hours the grid stands at :30 UTC.
    """
    midnight = local_midnight(local_day(at, zone), zone)
    return midnight + (at.astimezone(UTC) - midnight) // HOUR * HOUR


def next_grid_hour(at: datetime, zone: str) -> datetime:
    """The first grid hour that does not begin before the instant: itself when it is on the grid."""
    hour = grid_hour(at, zone)
    if hour == at:
        return hour
    return min(hour + HOUR, local_midnight(local_day(at, zone) + DAY, zone))


def hours_of(span: Span, zone: str) -> list[datetime]:
    """The starts (UTC) of all grid hours that a closed span touches, in order."""
    if span.end is None:
        raise ValueError("a span that still runs has no last hour")
    hours: list[datetime] = []
    hour = grid_hour(span.start, zone)
    while hour < span.end:
        hours.append(hour)
        hour = next_grid_hour(hour + MOMENT, zone)
    return hours


def within(day: date) -> date:
    """The same day, if one can bill it; else DayOutOfRange."""
    if not DAY_FIRST <= day <= DAY_LAST:
        raise DayOutOfRange(day)
    return day


def rfc3339(at: datetime, timespec: str = "auto") -> str:
    """An instant on the wire: "2026-10-01T09:30:00Z"; timespec "milliseconds" for sort keys."""
    if at.tzinfo is None:
        raise NaiveInstant(at)
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec=timespec)[: -len("+00:00")] + "Z"


def instant_from(text: str) -> datetime:
    """Read an RFC 3339 instant; the result is in UTC. Else BadInstant, or NaiveInstant."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise NaiveInstant(at)
        at = at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise BadInstant(text) from None
    if not DAY_FIRST < at.date() < DAY_LAST:
        raise BadInstant(text)
    return at


@lru_cache(maxsize=1024)
def _span_of(start: date, end: date, zone: str) -> Span:
    """A bill run asks for the same few periods, many times for each account."""
    return Span(local_midnight(start, zone), local_midnight(end, zone))


@lru_cache(maxsize=64)
def _zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder, or a name too long
        raise UnknownZone(zone) from None

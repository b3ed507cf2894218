"""Windows: named hours of the week, on the local clock, in which another price or bucket holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes [start, end) of the named days. An end not above the start passes midnight: those
    minutes belong to the day on which the window began.
    """

    name: str
    days: frozenset[int]  # 0 is Monday
    start: int  # minutes after local midnight
    end: int  # up to 1440; equal to or below start: on the following day

    def contains(self, local: datetime) -> bool:
        """Whether a local clock time lies in the window."""
        minute, weekday = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        if minute >= self.start:
            return weekday in self.days
        return minute < self.end and (weekday - 1) % 7 in self.days

    @property
    def edges(self) -> tuple[int, int]:
        """The minutes of a day, 0 to 1439, at which it begins and ends."""
        return self.start, self.end % DAY_MINUTES

    @property
    def of_week(self) -> tuple[tuple[int, int], ...]:
        """Its minutes of the week, counted from Monday's midnight, as spans that do not wrap."""
        length = self.end - self.start
        if length <= 0:
            length += DAY_MINUTES
        spans: list[tuple[int, int]] = []
        for day in sorted(self.days):
            start = day * DAY_MINUTES + self.start
            end = start + length
            spans.append((start, min(end, WEEK_MINUTES)))
            if end > WEEK_MINUTES:
                spans.append((0, end - WEEK_MINUTES))
        return tuple(spans)


ALWAYS = Window("always", EVERY_DAY, 0, DAY_MINUTES)


def common_minute(one: Window, other: Window) -> int | None:
    """The first minute of the week that lies in both windows; None when they lie apart."""
    shared = [
        max(start, begin)
        for start, end in one.of_week
        for begin, stop in other.of_week
        if max(start, begin) < min(end, stop)
    ]
    return min(shared, default=None)


def uncovered_minute(windows: Iterable[Window], of: Window = ALWAYS) -> int | None:
    """The first minute of a window, or of the week, that lies in none of others; None: all do."""
    covered = sorted(span for window in windows for span in window.of_week)
    for first, last in of.of_week:
        reached = first
        for start, end in covered:
            if start <= reached:
                reached = max(reached, end)
        if reached < last:
            return reached
    return None

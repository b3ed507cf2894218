"""Windows: named hours of the week, on the local clock, in which another price or bucket holds."""

from dataclasses import dataclass
from datetime import datetime

DAY_MINUTES = 24 * 60


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

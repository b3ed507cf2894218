"""The usage grid: the local hours and days into which a deployment sorts what was measured."""

from datetime import UTC, datetime

from billing.core.period import grid_hour, local_day, next_grid_hour

# Zones have changed their offset only at multiples of 15 minutes since 1972.
_QUARTER = 900


class Grid:
    """Hours and days of one zone for instants in epoch seconds; remembers each quarter of an hour.

    The zone is fixed for the life of a deployment: stored hours are never computed again.
    """

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._known: dict[int, tuple[int, str]] = {}

    def hour_and_day(self, second: int) -> tuple[int, str]:
        """The start of the grid hour a second lies in, and its local day as "2026-10-01"."""
        quarter = second // _QUARTER
        known = self._known.get(quarter)
        if known is None:
            at = datetime.fromtimestamp(quarter * _QUARTER, UTC)
            hour = int(grid_hour(at, self.zone).timestamp())
            known = self._known[quarter] = (hour, local_day(at, self.zone).isoformat())
        return known

    def up(self, at: datetime) -> int:
        """The first grid hour not before an instant: what "from now" counts from."""
        return int(next_grid_hour(at, self.zone).timestamp())

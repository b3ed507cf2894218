"""How many octets a session carried, when a router reports them in halves or loses the upper one.

RADIUS counts octets in 32 bits and how often they wrapped in Gigawords (RFC 2869 §5.1, §5.2).
Some routers never send Gigawords: then the wraps are found here, from one report to the next.
"""

from dataclasses import dataclass, replace

WRAP = 1 << 32

# Starts of one session jitter by seconds; a router that uses an id again does so later than that.
SAME_SESSION_SECONDS = 600
REBOOT_JITTER_SECONDS = 5
ROUNDING_SECONDS = 1  # session times are whole seconds


@dataclass(frozen=True, slots=True)
class Counter:
    """One direction as the router reported it; gigawords is None where it sent none."""

    low: int
    gigawords: int | None

    @property
    def joined(self) -> int:
        """The 64-bit count, taking an absent upper half for zero."""
        return ((self.gigawords or 0) << 32) + self.low


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest report of one session, in the session's own time. Octets are unwrapped.

    starts    the earliest and latest second at which its reports say that it began
    closed    the second at which it stopped or its router restarted, None while it runs
    """

    start_min: int
    start_max: int
    session_time: int
    octets_in: int
    octets_out: int
    closed: int | None = None

    def covers(self, start: int) -> bool:
        """Whether a report of a session that began at `start` belongs to this one.

        A router that restarted may hand out the same id again within minutes.
        """
        if self.closed is not None and start >= self.closed - REBOOT_JITTER_SECONDS:
            return False
        earliest = self.start_min - SAME_SESSION_SECONDS
        return earliest <= start <= self.start_max + SAME_SESSION_SECONDS


def unwrapped(total: int, low: int, seconds: int, line_rate_bps: int) -> int:
    """The 64-bit count of a report, from the newest one known of its session.

    total          octets of the newest report known, unwrapped
    low            the 32-bit counter of this report
    seconds        how much later in the session's own time this report is; negative if earlier
    line_rate_bps  what the line can carry at most, in bits per second

    Only a counter that is lower although the session went on has wrapped, and only if the line
    could have carried that much. A report out of order is placed below the total and never lifts
    it; a counter that was reset stays low. Two reports more than one wrap apart cannot be told
    from neighbours: at 1 Gbit/s that is every 34 seconds, so such routers need Gigawords.
    """
    same_wrap = total - total % WRAP + low
    if seconds >= 0:
        lifted = same_wrap + WRAP
        wrapped = same_wrap < total and seconds > 0
        possible = (lifted - total) * 8 <= line_rate_bps * (seconds + ROUNDING_SECONDS)
        return lifted if wrapped and possible else same_wrap
    before = same_wrap if same_wrap <= total else same_wrap - WRAP
    return max(before, low)


def advance(
    known: Progress | None,
    start: int,
    session_time: int,
    octets_in: Counter,
    octets_out: Counter,
    line_rate_bps: int,
) -> Progress:
    """What one report of a session says, unwrapped: its own count, not the largest so far.

    With Gigawords the router has counted the wraps itself, and its word stands.
    """
    if known is None or octets_in.gigawords is not None or octets_out.gigawords is not None:
        counts = octets_in.joined, octets_out.joined
    else:
        later = session_time - known.session_time
        counts = (
            unwrapped(known.octets_in, octets_in.low, later, line_rate_bps),
            unwrapped(known.octets_out, octets_out.low, later, line_rate_bps),
        )
    return Progress(
        start_min=min(start, known.start_min) if known else start,
        start_max=max(start, known.start_max) if known else start,
        session_time=session_time,
        octets_in=counts[0],
        octets_out=counts[1],
        closed=known.closed if known else None,
    )


def newest(known: Progress | None, report: Progress) -> Progress:
    """What to remember: the report that is later in the session's own time, and all starts seen.

    Of two in the same second the higher stays: if a counter wrapped in between, the next tells.
    """
    if known is None or report.session_time > known.session_time:
        return report
    grown = report.octets_in >= known.octets_in and report.octets_out >= known.octets_out
    if report.session_time == known.session_time and grown:
        return report
    return replace(known, start_min=report.start_min, start_max=report.start_max)

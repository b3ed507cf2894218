"""Usage by its definition, from bare records without any cleverness: slow, obvious, separate."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from billing.core.period import Span


def used(
    records: Iterable[dict[str, Any]],
    held: Sequence[tuple[str, Span]],
    window: Span,
    counting_from: dict[str, int],
) -> tuple[int, int]:
    """Octets in and out that users held in spans on whole hours used in a window."""
    result = [0, 0]
    for session in _sessions(records):
        for user, span in held:
            both = span.overlap(window)
            if both is None or both.end is None or user != session[0]["user_name"]:
                continue
            for place, name in enumerate(("octets_in", "octets_out")):
                result[place] += _p(session, both.end, name, counting_from)
                result[place] -= _p(session, both.start, name, counting_from)
    return result[0], result[1]


def _p(
    session: Sequence[dict[str, Any]], t: datetime, name: str, counting_from: dict[str, int]
) -> int:
    before = [one[name] for one in session if _second(one) < t.timestamp()]
    if not before:
        return 0
    began = min(_start(one) for one in session)
    if began >= counting_from.get(session[0]["nas_id"], began):
        return max(before)
    first = min(session, key=lambda one: (_second(one), one["octets_in"], one["octets_out"]))
    return max(*before, first[name]) - first[name]


def _sessions(records: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Any two records that belong together are put together, until nothing moves."""
    found: list[list[dict[str, Any]]] = []
    for record in records:
        ours = [group for group in found if any(_same(record, other) for other in group)]
        found = [group for group in found if group not in ours]
        found.append([record, *(one for group in ours for one in group)])
    return found


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if any(one[k] != other[k] for k in ("nas_id", "session_id", "user_name", "class")):
        return False
    early, late = sorted((one, other), key=_start)
    if _start(late) - _start(early) <= 600:
        return True
    return one["class"] is not None and _start(late) <= _second(early)


def _second(record: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(record["received_at"]).timestamp()) - record["delay_time"]


def _start(record: dict[str, Any]) -> int:
    return _second(record) - record["session_time"]

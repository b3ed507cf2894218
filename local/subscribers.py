"""Who is connected to the simulated routers, and how fast their lines are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """A subscriber's line. The first session may be running already, with counters that high."""

    user_name: str
    nas_id: str = "bng-1"
    down_mbps: float = 8.0
    up_mbps: float = 1.0
    calling_station_id: str | None = None
    class_: str | None = None
    session_age_seconds: int = 0
    octets_in: int = 0
    octets_out: int = 0


def users_from(data: Iterable[Any], nas_ids: Sequence[str] = ("bng-1",)) -> list[User]:
    """Users of a JSON list: names, or objects with the fields of User (`class` for `class_`).

    Who names no router is spread over `nas_ids`. Raises ValueError for an unknown field.
    """
    known = {known.name.rstrip("_") for known in fields(User)}
    users: list[User] = []
    for place, entry in enumerate(data):
        given: Mapping[str, Any] = {"user_name": entry} if isinstance(entry, str) else entry
        if unknown := set(given) - known:
            raise ValueError(f"users[{place}]: unknown {sorted(unknown)}; use {sorted(known)}")
        values = {"class_" if name == "class" else name: value for name, value in given.items()}
        users.append(User(**{"nas_id": nas_ids[place % len(nas_ids)], **values}))
    return users

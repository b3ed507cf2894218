"""Windows as people write them: {"night": {"days": "every day", "hours": "22:00-06:00"}}."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from billing.core.catalog.fields import refuse_unknown
from billing.core.catalog.prices import BadPrice
from billing.core.catalog.windows import DAY_MINUTES, EVERY_DAY, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GROUPS = {"weekdays": range(5), "weekend": range(5, 7), "every day": range(7)}
_NAMES = (*DAYS, *_GROUPS)
_HOURS = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


def windows_from(data: Mapping[str, Any], path: str) -> dict[str, Window]:
    """The named windows under the field `windows`, by name; BadPrice names the path and the fix."""
    written: object = data.get("windows")
    if written is None:
        return {}
    here = f"{path}.windows"
    if not isinstance(written, Mapping):
        raise BadPrice(here, f"{written!r} is no object", 'write {"night": {"hours": …}}')
    named = cast(Mapping[str, object], written)
    return {name: _window(name, entry, f"{here}.{name}") for name, entry in named.items()}


def windows_to_dict(windows: Sequence[Window]) -> dict[str, Any]:
    """The inverse of `windows_from`: what stands under the field `windows`."""
    return {
        window.name: {
            "days": [DAYS[day] for day in sorted(window.days)],
            "hours": f"{_clock(window.start)}-{_clock(window.end)}",
        }
        for window in windows
    }


def window_named(
    data: Mapping[str, Any], field: str, path: str, windows: Mapping[str, Window]
) -> Window:
    """The window that a field names; one that is not defined is refused."""
    name: object = data.get(field)
    if not isinstance(name, str) or name not in windows:
        known = f"the windows are {', '.join(windows)}" if windows else "define it under windows"
        raise BadPrice(f"{path}.{field}", f"there is no window {name!r}", known)
    return windows[name]


def week_minute(minute: int) -> str:
    """A minute of the week in words: "Mon 08:00"."""
    return f"{DAYS[minute // DAY_MINUTES].title()} {_clock(minute % DAY_MINUTES)}"


def _window(name: str, entry: object, path: str) -> Window:
    if not isinstance(entry, Mapping):
        raise BadPrice(path, f"{entry!r} is no object", 'write {"hours": "22:00-06:00"}')
    fields = cast(Mapping[str, Any], entry)
    refuse_unknown(fields, ("days", "hours"), path)
    start, end = _hours(fields.get("hours", "00:00-24:00"), f"{path}.hours")
    return Window(name, _days(fields.get("days", "every day"), f"{path}.days"), start, end)


def _days(written: object, path: str) -> frozenset[int]:
    listed = [written] if isinstance(written, str) else written
    if not isinstance(listed, list | tuple) or not listed:
        raise BadPrice(path, f"{written!r} names no day", f"write some of {', '.join(_NAMES)}")
    days: set[int] = set()
    for name in cast(Sequence[object], listed):
        if isinstance(name, str) and name in DAYS:
            days.add(DAYS.index(name))
        elif isinstance(name, str) and name in _GROUPS:
            days.update(_GROUPS[name])
        else:
            raise BadPrice(path, f"{name!r} is no day", f"write some of {', '.join(_NAMES)}")
    return EVERY_DAY & days


def _hours(written: object, path: str) -> tuple[int, int]:
    found = _HOURS.fullmatch(written) if isinstance(written, str) else None
    start, end, minutes_valid = 0, 0, False
    if found:
        first, first_minute, last, last_minute = (int(part) for part in found.groups())
        start, end = first * 60 + first_minute, last * 60 + last_minute
        minutes_valid = first_minute < 60 and last_minute < 60
    if not minutes_valid or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise BadPrice(
            path, f"{written!r} are no hours", 'write them as "22:00-06:00", at most "00:00-24:00"'
        )
    return start, end


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"

"""Calls and levels that a switch, a softswitch or a poller writes as lines of JSON.

They need no counting: what was written goes on as it is, with the time at which it was read. What
is plausible is judged at the other end, where it can be corrected; here a line is refused only if
it could not travel.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge.records import MalformedReport, rfc3339

TYPES = frozenset({"call", "level"})
LINE_BYTES_MAX = 16_384


@dataclass(frozen=True, slots=True)
class Exported:
    """One record of a call or a level, in the canonical JSON in which it travels."""

    body: str
    received_at: datetime


def from_export(line: bytes, read_at: datetime) -> Exported | None:
    """Read one line as an exporter writes it; None: it is of another kind.

    read_at  when the collector read it: its `received_at`, whatever the line says itself
    """
    if b'"type"' not in line:  # spares FreeRADIUS' lines a second reading
        return None
    try:
        fields: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedReport(f"the line is not JSON: {error}") from error
    if not isinstance(fields, dict) or fields.get("type") not in TYPES:
        return None
    if len(line) > LINE_BYTES_MAX:
        raise MalformedReport(f"the line is longer than {LINE_BYTES_MAX} bytes")
    record = {**fields, "received_at": rfc3339(read_at)}
    try:
        body = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise MalformedReport(f"the line has a number that JSON cannot carry: {error}") from error
    return Exported(body, read_at)

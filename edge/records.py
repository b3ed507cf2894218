"""One accounting report in one form, whether it came as a RADIUS packet or as a line of JSON.

`input` is what the access server received from the subscriber (RFC 2866 §5.3): the upload.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyrad.dictionary import Dictionary
from pyrad.packet import AcctPacket

from edge.octets import Counter

DICTIONARY = Dictionary(str(Path(__file__).with_name("dictionary.radius")))

# Acct-Status-Type by number and by the names the trade prints (RFC 2866 §5.1; "Alive" is old).
TYPES = {
    "Start": "start",
    "Stop": "stop",
    "Interim-Update": "interim",
    "Alive": "interim",
    "Accounting-On": "on",
    "Accounting-Off": "off",
    "1": "start",
    "2": "stop",
    "3": "interim",
    "7": "on",
    "8": "off",
}
# Carried when the router sends them: what else can tell which service a session belongs to.
EXTRAS = {
    "nas_port_id": "NAS-Port-Id",
    "called_station_id": "Called-Station-Id",
    "multi_session_id": "Acct-Multi-Session-Id",
    "framed_ipv6_prefix": "Framed-IPv6-Prefix",
    "delegated_ipv6_prefix": "Delegated-IPv6-Prefix",
}
LINE_VERSION = 1


class MalformedReport(Exception):
    """The report cannot be read as accounting; says which attribute and why."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report as the router made it; its counters are not joined yet.

    received_at   when it reached the collector (or FreeRADIUS), UTC
    session_time  seconds since the session began, by the router's clock
    delay_time    seconds the router had been trying to deliver it
    """

    type: str
    session_id: str
    user_name: str
    nas_id: str
    nas_ip: str
    class_: str | None
    octets_in: Counter
    octets_out: Counter
    session_time: int
    delay_time: int
    received_at: datetime
    calling_station_id: str | None
    framed_ip: str | None
    terminate_cause: str | None
    event_timestamp: datetime | None = None  # by the router's clock, where it sends one
    extras: tuple[tuple[str, str], ...] = ()

    @property
    def second(self) -> int:
        """The second the counters were read, in seconds since the epoch."""
        return int(self.received_at.timestamp()) - self.delay_time

    @property
    def start(self) -> int:
        """The second the session began, by this report's account; it jitters between reports."""
        return self.second - self.session_time


def from_packet(
    packet: AcctPacket, source: str, received_at: datetime, nas_id: str | None = None
) -> Report:
    """Read an Accounting-Request whose authenticator was verified.

    nas_id   what the configuration calls the router at that address; it outranks what it says
    """

    def attribute(name: str) -> Any:
        try:
            values = packet.get(name)
        except ValueError as error:
            raise MalformedReport(f"{name}: {error}") from error
        return values[0] if values else None

    measured_at = attribute("Event-Timestamp")
    return _report(attribute, source, received_at, nas_id, _instant(measured_at))


def from_line(line: bytes, nas_id_of: Callable[[str], str | None]) -> Report:
    """Read one line as FreeRADIUS' linelog writes it (the format is in README.md)."""
    try:
        # Octets that are no UTF-8 are written as they came; they are kept, not refused.
        fields = json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise MalformedReport(f"the line is not JSON: {error}") from error
    if not isinstance(fields, dict) or fields.get("v") != LINE_VERSION:
        raise MalformedReport(f"the line is not a report of version {LINE_VERSION}")
    attributes, source = fields.get("a"), fields.get("src")
    if not isinstance(attributes, dict) or not isinstance(source, str):
        raise MalformedReport("the line lacks `a` (the attributes) or `src` (the router's address)")
    received_at = _instant(_number("recv", fields.get("recv")))
    if received_at is None:
        raise MalformedReport("recv: missing; it is when FreeRADIUS received the packet")
    measured_at = _instant(_number("event_ts", fields.get("event_ts")))
    return _report(_printed(attributes), source, received_at, nas_id_of(source), measured_at)


def to_record(report: Report, octets_in: int, octets_out: int) -> str:
    """The record as it is spooled, signed and sent: canonical JSON, so its bytes never differ."""
    fields: dict[str, Any] = {
        "type": report.type,
        "session_id": report.session_id,
        "user_name": report.user_name,
        "nas_id": report.nas_id,
        "nas_ip": report.nas_ip,
        "class": report.class_,
        "octets_in": octets_in,
        "octets_out": octets_out,
        "session_time": report.session_time,
        "delay_time": report.delay_time,
        "received_at": rfc3339(report.received_at),
        "calling_station_id": report.calling_station_id,
        "framed_ip": report.framed_ip,
        "terminate_cause": report.terminate_cause,
        **dict(report.extras),
    }
    if report.event_timestamp:
        fields["event_timestamp"] = rfc3339(report.event_timestamp)
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def rfc3339(instant: datetime) -> str:
    """An instant on the wire: UTC with milliseconds, cut and never rounded up."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{instant.microsecond // 1000:03d}Z"
    )


def unescaped(printed: str) -> str:
    r"""A string as the subscriber has it.

    FreeRADIUS escapes strings before it writes them as JSON, so after JSON is read there is a
    second layer: `\"`, `\\`, `\/`, `\n`, `\u0001`, in some releases `\001` (seen in 3.2.1).
    """

    def octets(match: re.Match[bytes]) -> bytes:
        code = match[1]
        if len(code) == 5:
            return chr(int(code[1:], 16)).encode("utf-8", "surrogatepass")
        return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPES.get(code, code)

    try:
        raw = printed.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # JSON can spell halves of surrogate pairs, which are no characters
        raw = printed.encode("utf-8", "surrogatepass")
    return _text(_ESCAPED.sub(octets, raw))


_ESCAPED = re.compile(rb"\\(u[0-9a-fA-F]{4}|[0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _report(
    attribute: Callable[[str], Any],
    source: str,
    received_at: datetime,
    nas_id: str | None,
    event_timestamp: datetime | None,
) -> Report:
    def text(name: str) -> str | None:
        value = attribute(name)
        return None if value is None else _text(value)

    def number(name: str) -> int:
        return _number(name, attribute(name))

    def counter(direction: str) -> Counter:
        gigawords = attribute(f"Acct-{direction}-Gigawords")
        upper = None if gigawords is None else _number(f"Acct-{direction}-Gigawords", gigawords)
        return Counter(number(f"Acct-{direction}-Octets"), upper)

    status = text("Acct-Status-Type")
    nas_ip = text("NAS-IP-Address") or text("NAS-IPv6-Address") or source
    present = ((ours, text(theirs)) for ours, theirs in EXTRAS.items())
    return Report(
        # A type we do not bill by is carried under its own name, to be seen and not dropped.
        type=TYPES.get(status or "", (status or "none").lower()),
        session_id=text("Acct-Session-Id") or "",
        user_name=text("User-Name") or "",
        nas_id=nas_id or text("NAS-Identifier") or nas_ip,
        nas_ip=nas_ip,
        class_=text("Class"),
        octets_in=counter("Input"),
        octets_out=counter("Output"),
        session_time=number("Acct-Session-Time"),
        delay_time=number("Acct-Delay-Time"),
        received_at=received_at,
        calling_station_id=text("Calling-Station-Id"),
        framed_ip=text("Framed-IP-Address"),
        terminate_cause=text("Acct-Terminate-Cause"),
        event_timestamp=event_timestamp,
        extras=tuple((name, value) for name, value in present if value is not None),
    )


def _printed(attributes: Mapping[str, Any]) -> Callable[[str], Any]:
    """Reads attributes as FreeRADIUS prints them: strings escaped, octets in hexadecimal."""

    def attribute(name: str) -> Any:
        value = attributes.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, str):
            return value
        kind = DICTIONARY.attributes[name].type
        if kind == "octets" and value.startswith("0x"):
            try:
                return bytes.fromhex(value[2:])
            except ValueError as error:
                raise MalformedReport(f"{name}: {error}") from error
        return unescaped(value)

    return attribute


def _text(value: Any) -> str:
    """Text that survives JSON: octets that are no UTF-8 stay visible as \\xNN."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value).encode("utf-8", "backslashreplace").decode()


def _number(name: str, value: Any) -> int:
    """An unsigned 32-bit integer; absent means zero."""
    if value is None:
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 32:
        raise MalformedReport(f"{name}: not an unsigned 32-bit integer")
    return value


def _instant(seconds: int | None) -> datetime | None:
    """Seconds since the epoch (32 bits: until 2106); zero stands for none, as linelog prints it."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None

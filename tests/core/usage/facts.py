"""Accounting facts for tests: routers that tell the truth, badly."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from billing.core.party import IdentityAssignment
from billing.core.period import Period, Span, local_midnight
from billing.core.usage import Grid, Settings, open_pack, sealed

ZONE = "Europe/Dublin"
GRID = Grid(ZONE)
KEY = b"a key that only col-1 and we have"
KEYS = {"col-1": KEY}
SETTINGS = Settings(
    buckets=3,
    grid=GRID,
    line_rates={"bng-1": 10**9},
    counting_from={"bng-1": 0, "bng-new": int(datetime(2026, 10, 5, tzinfo=UTC).timestamp())},
)
ARRIVED = date(2026, 10, 1)
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), ZONE)
MB = 10**6


def at(text: str) -> datetime:
    """An instant in UTC: "10-01 09:30" of 2026."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def record(measured: datetime, octets: int, began: datetime, **fields: Any) -> dict[str, Any]:
    """One interim of a session, downloading `octets` and uploading a tenth of it."""
    return {
        "type": "interim",
        "session_id": "8f000001",
        "user_name": "aoife",
        "nas_id": "bng-1",
        "nas_ip": "10.0.0.1",
        "class": None,
        "octets_in": octets // 10,
        "octets_out": octets,
        "session_time": int((measured - began).total_seconds()),
        "delay_time": 0,
        "received_at": measured.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "calling_station_id": "00-11-22-33-44-55",
        "framed_ip": "100.64.0.7",
        "terminate_cause": None,
    } | fields


def call(start: datetime, seconds: int, **fields: Any) -> dict[str, Any]:
    """What a switch says of a call when it has lasted so long."""
    return {
        "type": "call",
        "call_id": "b91c0a7e-0001",
        "caller": "+353214960000",
        "called": "+442079460018",
        "start": start.isoformat().replace("+00:00", "Z"),
        "seconds": seconds,
        "received_at": (start + timedelta(seconds=seconds, milliseconds=40)).isoformat(),
    } | fields


def level(slot: datetime, down: int, up: int, **fields: Any) -> dict[str, Any]:
    """What a poller says of five minutes of a port, in bits a second."""
    return {
        "type": "level",
        "nas_id": "bng-1",
        "port": "ge-0/0/7",
        "at": slot.isoformat().replace("+00:00", "Z"),
        "seconds": 300,
        "down_bps": down,
        "up_bps": up,
        "received_at": (slot + timedelta(seconds=301)).isoformat(),
    } | fields


def pack(records: Any, first_seq: int = 1, key: bytes = KEY, **fields: Any) -> bytes:
    """A pack as a collector sends it."""
    content = {"v": 1, "collector": "col-1", "boot": "b1", "first_seq": first_seq}
    return sealed({**content, "records": records, **fields}, key)


def opened(*packs: bytes) -> list[Any]:
    return [open_pack(data, KEYS, ARRIVED) for data in packs]


def held(identity: str, service: str, since: datetime, until: datetime | None = None) -> Any:
    return IdentityAssignment(identity, service, "acc_1", Span(since, until))


def days_of(period: Period) -> list[Span]:
    first = [period.start + timedelta(days=n) for n in range(period.days + 1)]
    bounds = [local_midnight(day, period.zone) for day in first]
    return [Span(a, b) for a, b in itertools.pairwise(bounds)]


@st.composite
def sessions(draw: st.DrawFn, users: Sequence[str], first: datetime, hours: int) -> list[Any]:
    """The records of one session with jittering starts; some interims are lost on the way."""
    began = first + timedelta(minutes=draw(st.integers(-60 * 72, 60 * hours - 60)))
    nas = draw(st.sampled_from(["bng-1", "bng-new"]))
    names = {
        "user_name": draw(st.sampled_from(users)),
        "session_id": draw(st.sampled_from(["8f01", "8f02"])),
        "nas_id": nas,
        "class": draw(st.sampled_from([None, "aa"])),
    }
    every = draw(st.sampled_from([15, 60, 180]))
    measured, octets, found = began, 0, []
    for number in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 3)) or not number:
            jitter = timedelta(seconds=draw(st.integers(-2, 2)))
            time = measured - began - (jitter if number else timedelta(0))
            kind = "interim" if number else "start"
            new = record(measured, octets, measured - time, type=kind, **names)
            found.append(new)
        measured += timedelta(minutes=every, seconds=draw(st.integers(0, 30)))
        octets += draw(st.integers(0, 500)) * MB
    return found


@st.composite
def deliveries(draw: st.DrawFn, records: Sequence[Any]) -> list[list[bytes]]:
    """Batches of packs with every record in them: cut, shuffled, repeated 0–3 times, renumbered."""
    again = draw(st.lists(st.sampled_from(records), max_size=6)) if records else []
    order = draw(st.permutations([*records, *again]))
    size = draw(st.integers(1, max(1, len(order))))
    packs = [
        pack(order[i : i + size], first_seq=i + 1, boot=draw(st.sampled_from(["b1", "b2"])))
        for i in range(0, len(order), size)
    ]
    sent = [one for one in packs for _ in range(1 + draw(st.integers(0, 3)))]
    sent = draw(st.permutations(sent))
    batch = draw(st.integers(1, max(1, len(sent))))
    return [list(sent[i : i + batch]) for i in range(0, len(sent), batch)]

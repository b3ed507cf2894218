"""What the invented customers did: snapshots of their lines, calls, levels, as a collector sends.

Signed packs go to the function behind the stream, in events as Kinesis delivers them; it alone
judges and stores. The traffic of a customer is the same whenever it is made.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from billing.core.period import local_midnight
from billing.core.usage import sealed
from local.context import COLLECTOR, COLLECTOR_KEY
from local.people import Person
from local.voices import calls_of, levels_of

HOUR = 3600
DAY = 24 * HOUR
RECORDS_PER_PACK = 500
SESSION_HOURS = 72  # on average
SETTLED = 5  # seconds before now: no report is received in the future
LOST = 0.005  # share of reports that never arrive; the next one carries their octets
FROM_SUBSCRIBER = 0.09  # share of the traffic that is upload
OF_LINE_MAX = 0.8  # share of its line's rate that a customer fills at most

# Parts of a day's traffic by hour of the day, UTC: homes in the evening, firms at work.
HOME = (
    30,
    20,
    12,
    9,
    8,
    10,
    18,
    30,
    36,
    36,
    36,
    38,
    40,
    40,
    42,
    48,
    58,
    70,
    84,
    96,
    98,
    86,
    62,
    42,
)
WORK = (
    *(8, 6, 6, 6, 6, 8, 18, 52, 90, 98, 96, 92),
    *(76, 90, 98, 94, 80, 46, 22, 14, 12, 10, 8, 8),
)
SHARES = sum(HOME)  # and about that of WORK


@dataclass(slots=True)
class Line:
    """A customer's line as its router knows it: the session that runs and its counters."""

    person: Person
    user_name: str
    since: int  # epoch seconds of its first and last connected moment
    until: int
    chance: Random
    session_id: str = ""
    began: int = 0
    octets_in: int = 0
    octets_out: int = 0
    mood_of: int = 0
    mood: float = 1.0

    @property
    def minute(self) -> int:
        """Seconds into the hour at which this line is reported: each at its own moment."""
        return 3000 + self.person.number * 7 % 590

    def hour(self, start: int, until: int) -> Iterator[dict[str, Any]]:
        """The reports of an hour, oldest first; none from `until` on."""
        at = start + self.minute
        if not self.since <= at < min(self.until, until):
            return
        if not self.session_id:
            self.began = max(self.since, start) + 120
            self.session_id = f"{self.began:08X}-{self.person.number:04X}{self._suffix}"
            self.octets_in = self.octets_out = 0
            yield self._report("start", self.began)
        octets = self._octets(start)
        self.octets_in += int(octets * FROM_SUBSCRIBER)
        self.octets_out += octets - int(octets * FROM_SUBSCRIBER)
        fate = self.chance.random()
        if fate < 1 / SESSION_HOURS:
            yield self._report("stop", at)
            self.session_id = ""
        elif fate < 1 - LOST:
            yield self._report("interim", at)

    def hang_up(self, at: int) -> Iterator[dict[str, Any]]:
        """The end of the session that runs, as its router restarts."""
        if self.session_id:
            yield self._report("stop", at)

    def _octets(self, start: int) -> int:
        shares = WORK if self.person.business else HOME
        share = shares[start // HOUR % 24] / SHARES * self.chance.uniform(0.3, 1.7)
        weekend = 1.25 if (start // DAY + 3) % 7 >= 5 else 1.0  # 1970 began on a Thursday
        wanted = self.person.gigabytes_a_day * 1e9 * share * weekend * self._mood(start // DAY)
        return int(min(wanted, self.person.line_mbps * 125_000 * HOUR * OF_LINE_MAX))

    def _mood(self, day: int) -> float:
        """Some weeks more, some weeks less."""
        if day // 7 != self.mood_of:
            self.mood_of = day // 7
            self.mood = Random(f"{self.user_name}/{self.mood_of}").uniform(0.5, 1.6)
        return self.mood

    @property
    def _suffix(self) -> str:
        """Tells the lines of one customer apart."""
        place = self.person.user_names.index(self.user_name)
        return f"-{place}" if place else ""

    def _report(self, kind: str, at: int) -> dict[str, Any]:
        delay = self.chance.choice((0, 0, 0, 1, 2))
        received = datetime.fromtimestamp(at + delay, UTC).isoformat()
        return {
            "type": kind,
            "session_id": self.session_id,
            "user_name": self.user_name,
            "nas_id": self.person.nas_id,
            "class": None,
            "octets_in": self.octets_in,
            "octets_out": self.octets_out,
            "session_time": at - self.began,
            "delay_time": delay,
            "received_at": f"{received[:19]}.{at * 997 % 1000:03d}Z",
        }


@dataclass(slots=True)
class Deliveries:
    """Events of the stream, each with the reports of one local day, numbered without a gap."""

    boot: str
    sequence: int = 1
    reports: int = 0
    key: bytes = field(default=bytes.fromhex(COLLECTOR_KEY))

    def event(self, reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
        records: list[dict[str, Any]] = []
        for first in range(0, len(reports), RECORDS_PER_PACK):
            part = reports[first : first + RECORDS_PER_PACK]
            pack = {
                "v": 1,
                "collector": COLLECTOR,
                "boot": self.boot,
                "first_seq": self.sequence,
                "records": part,
            }
            records.append(_kinesis_record(sealed(pack, self.key), self.sequence, part[-1]))
            self.sequence += len(part)
        self.reports += len(reports)
        return {"Records": records}


def days_of_traffic(
    everybody: Sequence[Person], first: date, now: datetime, zone: str
) -> Iterator[list[dict[str, Any]]]:
    """The reports of each local day up to now, in the order in which they were received.

    The last ones end every session: what the simulated routers report later begins anew.
    """
    lines = [_line(person, name, now, zone) for person in everybody for name in person.user_names]
    day, until = first, int(now.timestamp()) - SETTLED
    while (start := int(local_midnight(day, zone).timestamp())) < until:
        end = int(local_midnight(day + timedelta(days=1), zone).timestamp())
        hours = range(start, end, HOUR)
        reports = [report for hour in hours for line in lines for report in line.hour(hour, until)]
        for person in everybody:
            since, last = lifetime(person, now, zone)
            heard = (max(start, since), min(end, last, until))
            reports += [*calls_of(person, day, *heard), *levels_of(person, *heard)]
        yield sorted(reports, key=lambda report: report["received_at"])
        day += timedelta(days=1)
    yield [report for line in lines for report in line.hang_up(until)]


def _line(person: Person, user_name: str, now: datetime, zone: str) -> Line:
    return Line(person, user_name, *lifetime(person, now, zone), Random(user_name))


def lifetime(person: Person, now: datetime, zone: str) -> tuple[int, int]:
    """From when until when a customer uses anything, in epoch seconds."""
    since = local_midnight(person.start, zone)
    until = now if person.end is None else local_midnight(person.end, zone)
    return int(since.timestamp()), int(until.timestamp())


def _kinesis_record(data: bytes, sequence: int, last: dict[str, Any]) -> dict[str, Any]:
    """One record of a stream, field for field as Lambda delivers it."""
    number = f"4959033827149025660855969253836157109592157598913{sequence:07d}"
    arrived = datetime.fromisoformat(last["received_at"]).timestamp() + 0.4
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": f"{COLLECTOR}-{sequence % 256}",
            "sequenceNumber": number,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": round(arrived, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/ingest-usage",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/usage-records",
    }

"""An invented ISP for the benchmarks: its usage as collectors send it, and its bills of a month.

The customers and the walk through the two workflows are those of the tests.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count, cycle
from random import Random
from typing import Any

import boto3
import time_machine
from aws_lambda_powertools.utilities import parameters
from moto import mock_aws

from bench import meter
from billing.config import load_isp, load_plans
from billing.core.usage import bucket_of, canonical, mediate, pack_sessions, unpack_sessions
from billing.store import catalog, usage
from billing.store.tables import create_tables
from billing.store.timeline import Event
from billing.store.usage_rows import item_row, put_all
from edge import packs
from edge.spool import Spooled
from functions.bill_cycle.shared import token_secret
from functions.ingest_usage import fold, live, shared
from tests.core.usage.facts import KEYS, opened, pack, record
from tests.functions.bill_cycle import world as bills
from tests.functions.ingest_usage.doors import Context, kinesis

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
OCTOBER = {"cycle": {"anchor": 1, "period": "2026-10-01"}, "attempt": 1, "actor": bills.STAFF}
NOVEMBER = {"cycle": {"anchor": 1, "period": "2026-11-01"}, "attempt": 1, "actor": bills.STAFF}
MB = 10**6


@contextmanager
def aws(now: datetime = NOON) -> Iterator[None]:
    """Our tables, buckets and secrets on moto, empty, at an instant that stands still."""
    meter.install()
    meter.forget()
    # Metrics are written to stdout, as Lambda wants them: made, and not shown.
    with mock_aws(), time_machine.travel(now, tick=False), redirect_stdout(StringIO()):
        parameters.clear_caches()
        shared.forget_keys()
        create_tables()
        region = {"LocationConstraint": os.environ["AWS_REGION"]}
        for name in ("DOCUMENTS_BUCKET", "ARCHIVE_BUCKET"):
            boto3.client("s3").create_bucket(
                Bucket=os.environ[name], CreateBucketConfiguration=region
            )
        keys = json.dumps({name: key.hex() for name, key in KEYS.items()})
        for name, text in (("COLLECTOR_KEYS_SECRET", keys), ("PAY_TOKEN_SECRET", "f" * 64)):
            boto3.client("secretsmanager").create_secret(Name=os.environ[name], SecretString=text)
        # Read once for five minutes: a warm function.
        shared.collector_keys()
        token_secret()
        yield
        parameters.clear_caches()


# Usage


def interims(sessions: int, rounds: int, first: datetime = NOON) -> list[dict[str, Any]]:
    """Records of sessions in the order of their receipt: an interim every five minutes each.

    In the last round, one session in forty ends and another begins.
    """
    found: list[dict[str, Any]] = []
    for turn in range(rounds):
        for number in range(sessions):
            at = first + timedelta(minutes=5 * turn, seconds=300 * number // sessions)
            began = first - timedelta(hours=1 + number % 72)
            chance = Random(number)  # a session's own pace, and no round figures
            age = int((at - began).total_seconds())
            octets = int(age * chance.uniform(2_000, 1_500_000)) + chance.randrange(10**6)
            names: dict[str, Any] = {
                "octets_in": int(age * chance.uniform(500, 90_000)) + chance.randrange(10**5),
                "session_id": f"8f{number:06x}",
                "user_name": f"user{number:05d}@meridian.example",
                "nas_id": ("cork-bng-1", "kinsale-bng-1")[number % 2],
                "calling_station_id": f"00-11-22-{number >> 8:02X}-{number & 255:02X}-55",
            }
            last = turn == rounds - 1
            if last and number % 40 == 7:
                names["type"] = "stop"
            elif last and number % 40 == 8:
                began, octets = at, 0
                names |= {"type": "start", "session_id": f"9e{number:06x}", "octets_in": 0}
            found.append(record(at, octets, began, **names))
    return found


def kinesis_event(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What Lambda hands to the live function: the records in packs, as the collector cuts them."""
    spooled = [Spooled(n, "b1", n, canonical(one)) for n, one in enumerate(records, 1)]
    key = KEYS["col-1"]
    return kinesis(*(packs.signed(one, "col-1", key) for one in packs.cut(spooled)))


def half_a_day(sessions: int) -> None:
    """The twelve hours before noon, an interim for each, stored and folded."""
    for hour in range(12, 0, -1):
        live.lambda_handler(
            kinesis_event(interims(sessions, 1, NOON - timedelta(hours=hour))), Context()
        )
    fold.lambda_handler({"days": [NOON.date().isoformat()]}, Context())


def an_hour(sessions: int, batches: int) -> None:
    """The hour from noon: an interim for each session in each of so many batches, not folded."""
    for turn in range(batches):
        first = NOON + timedelta(minutes=60 * turn // batches)
        live.lambda_handler(kinesis_event(interims(sessions, 1, first)), Context())


# Bills


@contextmanager
def billed_once(customers: int) -> Iterator[None]:
    """Customers with metered plans whose October is billed, mailed and paid for by nobody yet.

    November is measured and folded: a session of a week, a value for each hour, as it is stored
    whatever the interval of the interims was. It is 2 December.
    """
    with aws(datetime(2026, 12, 2, 9, tzinfo=UTC)) as _:
        boto3.client("sesv2").create_email_identity(EmailIdentity=load_isp().mail.sender)
        os.environ["PREPARE_MACHINE_ARN"] = bills.machine_arn()
        for offering in load_plans():
            for version in offering.versions:
                event = Event("offering.changed", bills.STAFF, offering.id, "new", NOON)
                catalog.put_price_version(version, event)
        users = _users(customers)
        for user in users:
            bills.new_customer(user, "fibre-100")
        bills.whole_cycle(OCTOBER)
        _measure_november(users)
        yield


def _users(customers: int) -> list[str]:
    """Names that spread evenly over the buckets: each further one costs the same."""
    buckets = load_isp().usage.buckets
    turn = cycle(range(buckets))
    numbers = count()

    def next_of(bucket: int) -> str:
        names = (f"c{n:03d}" for n in numbers)
        return next(name for name in names if bucket_of(f"user:{name}", buckets) == bucket)

    return [next_of(next(turn)) for _ in range(customers)]


def _measure_november(users: Sequence[str]) -> None:
    settings = usage.settings_of(load_isp())
    begin, end = datetime(2026, 10, 29, 3, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    told: list[dict[str, Any]] = []
    for number, user in enumerate(users):
        began, session = begin, count(16 * number)
        while began < end:
            id = f"8f{next(session):06x}"
            for hour in range(1, 7 * 24):
                at = began + timedelta(hours=hour)
                if at < end:
                    octets = hour * 900 * MB + Random(hour).randrange(MB)
                    names = {"user_name": user, "session_id": id, "nas_id": "cork-bng-1"}
                    told.append(record(at, octets, began, **names))
            began += timedelta(days=7)
    batch = mediate(opened(pack(told)), settings)
    assert not batch.suspended
    # As folding leaves it: an item for each identity and day.
    put_all(
        item_row(identity, segment.day, pack_sessions({identity: sessions}), 1, settings)
        for segment in batch.segments
        for identity, sessions in unpack_sessions(segment.data).items()
    )

"""A month on AWS: counts of a minute of usage, of a fold and of a bill, at public list prices.

Not in it: what does not grow with use (KMS, secrets, alarms, WAF) and the pages people look at.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from pathlib import Path

from bench import meter, world
from bench.counts import PerInvoice
from bench.meter import Counts
from billing.config import load_isp
from billing.core.usage import canonical, mediate
from billing.store import collectors, usage
from edge import packs
from edge.spool import Spooled
from tests.core.usage.facts import KEYS, opened

HOURS = 730  # of a month, as AWS counts
INTERIM_MINUTES = 5
SHARDS = 4  # that a new on-demand stream has
SEND_SECONDS = 1  # of the collector
SUBSCRIBERS_PER_BUCKET = 2000
KEPT_DAYS = 400
GB = 2**30

# Assumed, not measured: how long Lambda waits for a call, what it does beside, what it logs.
CALL_SECONDS = 0.008
LIVE_SECONDS_PER_RECORD = 60e-6  # of a vCPU half as fast as a whole one
FOLD_SECONDS_PER_ITEM = 3e-3
BILL_SECONDS = 0.5
LOG_BYTES = 800
PDF_BYTES = 45_000


@dataclass(frozen=True, slots=True)
class Month:
    """What a population costs in a month, USD."""

    subscribers: int
    window_seconds: int
    records: int
    units_per_1000: float  # write units of the live function per 1,000 records
    stream: float
    ingest: float
    folding: float
    billing: float
    storage: float

    @property
    def total(self) -> float:
        return self.stream + self.ingest + self.folding + self.billing + self.storage


@dataclass(frozen=True, slots=True)
class Minute:
    """What comes in during one minute."""

    records: int
    invocations: int
    stream_kb: int  # each pack rounded up
    live: Counts


def month(
    subscribers: int,
    window_seconds: int,
    fold: Counts,
    fold_items: int,
    bill: Mapping[str, PerInvoice],
) -> Month:
    """The estimate for so many subscribers, each with one session and one bill, paid elsewhere.

    fold  an hour of `fold_items` sessions folded, `counts.folded`
    bill  what an invoice adds to each workflow, `counts.billed`
    """
    price, minute = prices(), _minute(subscribers, window_seconds)
    minutes, gigabytes = HOURS * 60, minute.stream_kb * 1024 * HOURS * 60 / GB
    seconds = minute.live.total_calls * CALL_SECONDS + minute.records * LIVE_SECONDS_PER_RECORD
    item_units = fold.writes["dynamodb.PutItem"] / fold_items
    folds = subscribers * HOURS
    of_bill = sum((_bill(one.each) for one in bill.values()), 0.0)
    kept_gb = subscribers * (KEPT_DAYS * 1200 + 12 * 5000) / GB
    return Month(
        subscribers,
        window_seconds,
        minute.records * minutes,
        minute.live.write_units * 1000 / minute.records,
        stream=HOURS * price["kinesis_stream_hour"]
        + gigabytes * (price["kinesis_gb_in"] + price["kinesis_gb_out"])
        + gigabytes * 6 / 30.4 * price["kinesis_gb_month_kept"],
        ingest=minutes
        * (
            minute.live.write_units * price["dynamodb_write_unit"]
            + minute.invocations * (price["lambda_request"] + LOG_BYTES / GB * price["logs_gb"])
            + seconds * price["lambda_gb_second"]
        ),
        # What the live function writes, folding reads and deletes.
        folding=minutes
        * minute.live.write_units
        * (price["dynamodb_write_unit"] + price["dynamodb_read_unit"] / 4)
        + folds
        * (
            item_units * price["dynamodb_write_unit"]
            + price["dynamodb_read_unit"]
            + FOLD_SECONDS_PER_ITEM * price["lambda_gb_second"]
        ),
        billing=subscribers * of_bill,
        storage=kept_gb * price["dynamodb_gb_month"]
        + subscribers * 12 * PDF_BYTES / GB * price["s3_gb_month"],
    )


@cache
def prices() -> dict[str, float]:
    table = tomllib.loads(Path(__file__).with_name("prices.toml").read_text())
    return {name: value for name, value in table.items() if isinstance(value, float)}


def _bill(each: Counts) -> float:
    """What one invoice costs in one workflow."""
    price, calls = prices(), each.calls
    units = each.write_units + each.index_units
    return float(
        units * price["dynamodb_write_unit"]
        + each.read_units * price["dynamodb_read_unit"]
        + calls["s3.PutObject"] * price["s3_write"]
        + calls["s3.GetObject"] * price["s3_read"]
        + calls["sesv2.SendEmail"] * (price["ses_mail"] + PDF_BYTES / GB * price["ses_gb_attached"])
        + calls["sqs.SendMessage"] * 3 * price["sqs_request"]  # sent, received, deleted
        + BILL_SECONDS / 3 * 1.769 * price["lambda_gb_second"]
    )


def _minute(subscribers: int, window_seconds: int) -> Minute:
    """A minute's interims of a fifth of the subscribers, in packs, shards and windows."""
    isp = load_isp()
    buckets = max(isp.usage.buckets, ceil(subscribers / SUBSCRIBERS_PER_BUCKET))
    settings = replace(usage.settings_of(isp), buckets=buckets)
    records = world.interims(subscribers // INTERIM_MINUTES, 1)
    rounds = 60 // SEND_SECONDS
    batches: dict[tuple[int, int], list[bytes]] = {}
    for turn in range(rounds):
        first, end = (len(records) * t // rounds for t in (turn, turn + 1))
        spooled = [Spooled(n, "b1", n + 1, canonical(records[n])) for n in range(first, end)]
        for one in packs.cut(spooled):
            place = (turn * SEND_SECONDS // window_seconds, one.first_seq % SHARDS)
            batches.setdefault(place, []).append(packs.signed(one, "col-1", KEYS["col-1"]))
    mediated = [mediate(opened(*data), settings) for data in batches.values()]

    def store() -> None:
        for one in mediated:
            usage.put(one.segments, settings)
            collectors.put(one.received, settings)

    with world.aws(), meter.agreed():
        live = meter.counted(store)
    stream_kb = sum(ceil(len(data) / 1024) for one in batches.values() for data in one)
    return Minute(len(records), len(batches), stream_kb, live)

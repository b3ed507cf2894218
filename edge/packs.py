"""Runs of numbered records, signed: what one Kinesis record carries.

The signature is HMAC-SHA256 over the canonical JSON of the pack without `hmac` (sorted keys, no
spaces, everything beyond ASCII escaped). A cut may differ from one attempt to the next; the
numbers and the records in it never do.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.spool import Spooled

PACK_VERSION = 1
RECORDS_MAX = 500
BYTES_MAX = 100_000
ENVELOPE_BYTES = 400  # all of a pack but its records: names, numbers, signature
PARTITIONS = 256


@dataclass(frozen=True, slots=True)
class Pack:
    """Records of one boot whose numbers follow each other."""

    records: tuple[Spooled, ...]

    @property
    def first_seq(self) -> int:
        return self.records[0].seq


def cut(
    records: Sequence[Spooled], records_max: int = RECORDS_MAX, bytes_max: int = BYTES_MAX
) -> Iterator[Pack]:
    """Packs of the records in order; a new one begins where numbers break or the pack is full."""
    run: list[Spooled] = []
    size = ENVELOPE_BYTES
    for record in records:
        record_bytes = len(record.body) + 1
        follows = run and (record.boot, record.seq) == (run[-1].boot, run[-1].seq + 1)
        if run and (not follows or len(run) == records_max or size + record_bytes > bytes_max):
            yield Pack(tuple(run))
            run, size = [], ENVELOPE_BYTES
        run.append(record)
        size += record_bytes
    if run:
        yield Pack(tuple(run))


def signed(pack: Pack, collector: str, key: bytes) -> bytes:
    """The pack on the wire. Bodies are canonical already: they are joined and not parsed again."""
    boot, first = json.dumps(pack.records[0].boot), pack.first_seq
    head = f'{{"boot":{boot},"collector":{json.dumps(collector)},"first_seq":{first},'
    rest = f'"records":[{",".join(record.body for record in pack.records)}],"v":{PACK_VERSION}}}'
    signature = hmac.new(key, (head + rest).encode(), hashlib.sha256).hexdigest()
    return f'{head}"hmac":"{signature}",{rest}'.encode()


def partition_key(pack: Pack, collector: str) -> str:
    """Spreads one collector over the shards; the same pack goes to the same shard again."""
    return f"{collector}-{pack.first_seq % PARTITIONS}"

"""Packs on the wire: opened, proven to come from their collector, or suspended with the reason.

One pack is `{"v":1,"collector","boot","first_seq","records":[...],"hmac"}` in JSON; its record i
has the sequence number first_seq + i. The HMAC-SHA256 covers the canonical JSON (sorted keys, no
spaces) of the pack without "hmac", by a key of that collector alone.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

VERSION = 1

UNREADABLE = "unreadable"
MALFORMED = "malformed"
UNKNOWN_VERSION = "unknown-version"
UNKNOWN_COLLECTOR = "unknown-collector"
FORGED = "forged"
UNPROVEN = frozenset({FORGED, UNKNOWN_COLLECTOR})

_NAME = re.compile(r"[!-\"$-~]{1,100}")


@dataclass(frozen=True, slots=True)
class Pack:
    """Records of one boot of one collector, in the order in which it numbered them."""

    collector: str
    boot: str
    first_seq: int | None  # None: records outside any numbering, such as recycled ones
    records: tuple[Any, ...]
    arrived: date  # UTC; files what is too broken to name its own day


@dataclass(frozen=True, slots=True)
class Suspended:
    """A record or a whole pack that is kept but not counted until somebody has looked at it."""

    reason: str
    problem: str  # a sentence: the field and the fix
    raw: str  # canonical JSON, or base64 of what is no JSON: nothing is lost
    day: date  # UTC, of its receipt
    collector: str = ""
    boot: str = ""
    seq: int | None = None

    @property
    def unproven(self) -> bool:
        """It was the signature that was refused: newer keys may accept it."""
        return self.reason in UNPROVEN

    @property
    def digest(self) -> str:
        """Names it by its content: the same record delivered again is the same item."""
        return hashlib.sha256(self.raw.encode()).hexdigest()


def canonical(content: object) -> str:
    """The one JSON text of a content: what is hashed and signed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def signature(pack: Mapping[str, Any], key: bytes) -> str:
    """HMAC-SHA256 of a pack, hex."""
    unsigned = {name: value for name, value in pack.items() if name != "hmac"}
    return hmac.new(key, canonical(unsigned).encode(), hashlib.sha256).hexdigest()


def sealed(pack: Mapping[str, Any], key: bytes) -> bytes:
    """A pack as it travels, with its signature."""
    return canonical({**pack, "hmac": signature(pack, key)}).encode()


def open_pack(data: bytes, keys: Mapping[str, bytes], arrived: date) -> Pack | Suspended:
    """What one Kinesis record holds.

    keys     HMAC key by collector
    arrived  UTC day of its arrival
    """
    try:
        content = json.loads(data)
        if not isinstance(content, dict):
            problem = "not a pack: an object with v, collector, boot, first_seq, records and hmac"
            return Suspended(MALFORMED, problem, canonical(content), arrived)
        return proven_pack(content, keys, arrived)  # pyright: ignore[reportUnknownArgumentType]
    except (ValueError, RecursionError) as error:  # of the JSON, or nested too deep to be written
        return unreadable(data, str(error), arrived)


def unreadable(data: bytes, why: str, arrived: date) -> Suspended:
    """Bytes that are no JSON, kept in base64."""
    problem = f"not JSON ({why}): send packs in UTF-8 JSON"
    return Suspended(UNREADABLE, problem, base64.b64encode(data).decode(), arrived)


def proven_pack(
    content: Mapping[str, Any], keys: Mapping[str, bytes], arrived: date
) -> Pack | Suspended:
    """A pack whose signature is by the key of the collector that it names, else suspended."""
    collector, proof = content.get("collector"), content.get("hmac")
    key = keys.get(collector) if isinstance(collector, str) else None
    if key is None:
        problem = f"collector {collector!r} has no key: register it, then recycle the pack"
        return Suspended(UNKNOWN_COLLECTOR, problem, canonical(content), arrived)
    signed = isinstance(proof, str) and proof.isascii()
    if not (signed and hmac.compare_digest(str(proof), signature(content, key))):
        problem = f"hmac is not by the key of collector {collector!r}: compare the two keys"
        return Suspended(FORGED, problem, canonical(content), arrived)
    return pack_from(content, arrived)


def pack_from(content: Mapping[str, Any], arrived: date) -> Pack | Suspended:
    """A pack that needs no proof, because staff or our own code put it into the queue."""
    if content.get("v") != VERSION:
        problem = f"v is {content.get('v')!r}: this release reads packs of v {VERSION}"
        return Suspended(UNKNOWN_VERSION, problem, canonical(content), arrived)
    collector, boot = content.get("collector"), content.get("boot")
    first_seq, records = content.get("first_seq"), content.get("records")
    if not (_is_name(collector) and _is_name(boot)):
        return _malformed(content, "collector and boot must be names without # or spaces", arrived)
    if type(first_seq) is not int or not 1 <= first_seq < 10**12:
        return _malformed(content, "first_seq must be a number from 1", arrived)
    if not isinstance(records, list):
        return _malformed(content, "records must be a list", arrived)
    return Pack(str(collector), str(boot), first_seq, tuple(records), arrived)  # pyright: ignore[reportUnknownArgumentType]


def _is_name(value: object) -> bool:
    """What may stand in a key: "col-1", "2026-10-01T00:00:00Z"."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _malformed(content: Mapping[str, Any], problem: str, arrived: date) -> Suspended:
    return Suspended(MALFORMED, problem, canonical(content), arrived)

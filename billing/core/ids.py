"""Ids: typed, opaque, ordered by time, never reused: `inv_01k9x…`."""

import hashlib
from datetime import datetime

# Crockford's base 32, lower case: no i, l, o, u, so that an id can be read aloud.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [one + other for one in _ALPHABET for other in _ALPHABET]  # of ten bits
_SHIFTS = range(120, -1, -10)
_ENTROPY_BYTES = 10

PREFIXES = {
    "pty": "party",
    "acc": "account",
    "svc": "service",
    "sub": "subscription",
    "inv": "invoice",
    "pmt": "payment",
    "run": "bill run",
    "ofr": "offering",
    "evt": "timeline event",
    "txn": "ledger transaction",
    "nte": "note",
    "imp": "import",
    "pur": "purchase",
}


def new_id(prefix: str, at: datetime, entropy: bytes) -> str:
    """A new id: 48 bits of milliseconds since 1970, then 80 bits (10 bytes) of entropy.

    Ids of one prefix sort by the instant they were made.
    """
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix!r}: add it to PREFIXES in billing/core/ids.py")
    if len(entropy) != _ENTROPY_BYTES:
        raise ValueError(f"an id needs {_ENTROPY_BYTES} bytes of entropy, not {len(entropy)}")
    number = (_milliseconds(at) << 80) | int.from_bytes(entropy, "big")
    return f"{prefix}_" + "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])


def derived_id(prefix: str, at: datetime, *parts: str) -> str:
    """The id that follows from facts: the same instant and parts give the same id, for ever."""
    joined = "\x1f".join(parts).encode()
    return new_id(prefix, at, hashlib.sha256(joined).digest()[:_ENTROPY_BYTES])


def _milliseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone: ids are made from instants")
    return int(at.timestamp()) * 1000 + at.microsecond // 1000

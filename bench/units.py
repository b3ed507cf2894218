"""DynamoDB's sizes and units, as its Developer Guide states them.

Sizes  "DynamoDB item sizes and formats": names and strings by UTF-8 bytes, binary raw, numbers one
       byte for two significant digits and one more, lists and maps 3 bytes and 1 for each element.
Writes 1 unit for each started KB of the larger image; twice that in a transaction.
Reads  1 unit for each started 4 KB read consistently, half of it otherwise, twice in a transaction.
Index  an entry is written when its item is put with index keys and anything in it changed; another
       key is a removal and an entry. Entries follow a transaction later, so they are not doubled.
"""

import base64
from collections.abc import Mapping
from math import ceil
from typing import Any

KB = 1024
INDEX_KEYS = ("gsi1pk", "gsi1sk")

Item = Mapping[str, Mapping[str, Any]]  # as on the wire: {"pk": {"S": "ACC#1"}}


def item_bytes(item: Item) -> int:
    """The size by which an item is charged."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return number_bytes(content)
        case "B":
            return len(base64.b64decode(content))
        case "NULL" | "BOOL":
            return 1
        case "L":
            return 3 + sum(1 + value_bytes(one) for one in content)
        case "M":
            return 3 + sum(1 + len(k.encode()) + value_bytes(v) for k, v in content.items())
        case "SS" | "NS" | "BS":
            return sum(value_bytes({kind[0]: one}) for one in content)
    raise ValueError(f"{kind} is no type of DynamoDB")


def number_bytes(text: str) -> int:
    """One byte, and one for two significant digits; a minus sign takes another."""
    digits = text.lstrip("-").partition("e")[0].replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1 + text.startswith("-")


def write_units(old: Item | None, new: Item | None) -> int:
    """For replacing one image by another outside of a transaction; None: there is none."""
    return max(1, *(ceil(item_bytes(one) / KB) for one in (old, new) if one is not None), 0)


def index_units(old: Item | None, new: Item | None) -> int:
    """For the entry in gsi1, which holds the whole item."""
    before, after = _entry(old), _entry(new)
    if before == after:
        return 0
    if before is None or after is None:
        return write_units(before, after)
    if _index_key(before) == _index_key(after):
        return write_units(before, after)
    return write_units(before, None) + write_units(None, after)


def read_units(size: int, *, consistent: bool) -> float:
    """For reading so many bytes together: one item, or one page of a query."""
    units = max(1, ceil(size / (4 * KB)))
    return units if consistent else units / 2


def _entry(item: Item | None) -> Item | None:
    return item if item is not None and all(key in item for key in INDEX_KEYS) else None


def _index_key(item: Item) -> tuple[Any, ...]:
    return tuple(item[key] for key in INDEX_KEYS)

"""The items of a table as values: what the program's own row models would say of them."""

import base64
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from tests.cloud.dynamodb import item_size
from tests.cloud.expressions import Value

_KNOWN_MAX = 20_000
_known: dict[int, "Row"] = {}


class Row:
    """One item: attributes by their names, None where there is none."""

    def __init__(self, item: Mapping[str, Value]) -> None:
        self.item = item
        self.pk, self.sk = item["pk"]["S"], item["sk"]["S"]
        # What the partition is of: "acc_1" of "ACC#acc_1".
        self.of = self.pk.partition("#")[2]

    def __getattr__(self, name: str) -> Any:
        value = self.item.get(name)
        if value is None:
            return None
        ((kind, content),) = value.items()
        if kind == "N":
            return int(content)
        return base64.b64decode(content) if kind == "B" else content

    @cached_property
    def json(self) -> Any:
        """The body as it was before it was stored."""
        return json.loads(self.body or "{}")

    @cached_property
    def octets(self) -> int:
        return item_size(dict(self.item))

    def __str__(self) -> str:
        return f"{self.pk} / {self.sk}"


def row_of(item: Mapping[str, Value]) -> Row:
    """The row of an item. Items are never changed in place, so each is read once."""
    if len(_known) > _KNOWN_MAX:
        _known.clear()
    if id(item) not in _known:
        _known[id(item)] = Row(item)  # it holds the item, so no other gets its place in memory
    return _known[id(item)]


def rows_of(rows: Iterable[Row], pk: str = "", sk: str = "") -> list[Row]:
    """The rows whose keys begin so, by key."""
    found = (row for row in rows if row.pk.startswith(pk) and row.sk.startswith(sk))
    return sorted(found, key=lambda row: (row.pk, row.sk))

"""All that an account keeps, to the byte, but for the instants at which it was written.

Left out are the plans of executions: each attempt writes its own, and nothing reads them after it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.cloud import Cloud

_PLAN = re.compile(r"runs/[^/]+/\d+/(prepare|issue)-[0-9a-f]+\.json$")
_known: dict[int, tuple[Any, str]] = {}


def essence(aws: Cloud) -> str:
    """One digest of all rows and documents."""
    rows = [
        f"{name} {_row(item)}"
        for name, table in aws.dynamodb.tables.items()
        for item in table.items.values()
    ]
    files = [
        f"{path} {stored.etag} {stored.content_type}"
        for path, stored in aws.s3.objects.items()
        if not _PLAN.search(path)
    ]
    return hashlib.sha256("\n".join(sorted(rows + files)).encode()).hexdigest()


def _row(item: Mapping[str, Any]) -> str:
    # Items are never changed in place, so each is read once; it is held, so its id stays its own.
    if id(item) not in _known:
        _known[id(item)] = (item, _without_instants(item))
    return _known[id(item)][1]


def _without_instants(item: Mapping[str, Any]) -> str:
    pk, sk = item["pk"]["S"], item["sk"]["S"]
    kind = sk.partition("#")[0]
    if kind == "EVT":  # its id follows from what it says and from its instant
        return f"{pk} {_body(item, 'at')}"
    if pk.startswith("OUT#"):
        kept = {name: item[name] for name in ("state", "version")}
        return f"{pk} {_body(item, 'at')} {json.dumps(kept)}"
    if kind in ("RUN", "REV"):
        rest = {name: value for name, value in item.items() if name != "body"}
        return f"{_body(item, 'at', 'opened_at')} {json.dumps(rest, sort_keys=True)}"
    return json.dumps(item, sort_keys=True)


def _body(item: Mapping[str, Any], *instants: str) -> str:
    body = {k: v for k, v in json.loads(item["body"]["S"]).items() if k not in instants}
    return json.dumps(body, sort_keys=True)

"""What a call to the world outside reads and writes, from its request."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.cloud import Cloud

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a handler: its name and object for people, the places that it touches.

    A place is an item, a partition (what a query reads), a stored file, or a whole small service.
    """

    name: str
    object: str = ""
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    @property
    def is_transaction(self) -> bool:
        return self.name == "TransactWriteItems"

    def __str__(self) -> str:
        return f"{self.name} {self.object}".rstrip()


WAITS = Call("waits")  # a handler's own pause before it tries again


def call_of(account: Cloud, service: str, operation: str, params: Json) -> Call:
    """The call that botocore is about to make: `params` as its `before-call` tells them."""
    if service == "dynamodb":
        return _of_dynamodb(account, operation, json.loads(params["body"]))
    if service == "s3":
        place = frozenset({f"s3 {params['url_path']}"})
        changes = operation.startswith(("Put", "Delete"))
        return Call(operation, params["url_path"], place, place if changes else frozenset())
    place = frozenset({service})
    changes = not operation.startswith(("Get", "List", "AdminGet", "AdminList"))
    return Call(operation, service, place, place if changes else frozenset())


def _of_dynamodb(account: Cloud, operation: str, body: Json) -> Call:
    reads: set[str] = set()
    writes: set[str] = set()
    named: list[str] = []
    for verb, table, content in _touched(operation, body):
        if verb == "query":
            reads.add(f"{table}/{content}")
            named.append(content)
            continue
        pk, sk = _key(content)
        item = f"{table}/{pk}/{sk}"
        named.append(f"{pk} {sk}")
        reads.add(item)
        if verb == "write":
            writes |= {item, f"{table}/{pk}", *_indexed(account, table, content)}
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return Call(operation, ", ".join(named[:3]) + more, frozenset(reads), frozenset(writes))


def _touched(operation: str, body: Json) -> Iterator[tuple[str, str, Any]]:
    """("read" or "write", table, key or item) of each item; ("query", table, partition)."""
    if operation == "Query":
        yield "query", body["TableName"], _partition(body)
    elif operation == "GetItem":
        yield "read", body["TableName"], body["Key"]
    elif operation == "PutItem":
        yield "write", body["TableName"], body["Item"]
    elif operation == "BatchGetItem":
        for table, request in body["RequestItems"].items():
            yield from (("read", table, key) for key in request["Keys"])
    elif operation == "BatchWriteItem":
        for table, writes in body["RequestItems"].items():
            for one in writes:
                put = one.get("PutRequest", {}).get("Item")
                yield "write", table, one["DeleteRequest"]["Key"] if put is None else put
    elif operation == "TransactWriteItems":
        for action in body["TransactItems"]:
            ((verb, one),) = action.items()
            yield ("write" if verb == "Put" else "read"), one["TableName"], _of_action(one)
    else:
        raise NotImplementedError(operation)


def _of_action(one: Json) -> Json:
    return one["Item"] if "Item" in one else one["Key"]


def _key(content: Json) -> tuple[str, str]:
    return content["pk"]["S"], content["sk"]["S"]


def _partition(body: Json) -> str:
    """The partition a query reads: of the table, or of the index by its own name."""
    values = [one["S"] for one in body["ExpressionAttributeValues"].values() if "S" in one]
    index = body.get("IndexName")
    return f"{index}={values[0]}" if index else values[0]


def _indexed(account: Cloud, table: str, item: Json) -> Iterable[str]:
    """Partitions of the index that the item is in, before and after."""
    stored = account.dynamodb.tables[table]
    before = stored.items.get(stored.key_of(item)) or {}
    named = {one["gsi1pk"]["S"] for one in (before, item) if "gsi1pk" in one}
    return {f"{table}/gsi1={name}" for name in named}

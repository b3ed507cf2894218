"""DynamoDB's items: conditional puts, transactions with tokens, queries in pages, one index each.

Sizes, counts and refusals are those of its documentation (service quotas, 2026): an item up to
400 KB, 100 actions and 4 MB in a transaction, 100 keys in a batch of reads, 25 in one of writes,
1 MB in a page. A repeated ClientRequestToken is the same transaction for ten minutes.
"""

import base64
import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.cloud.expressions import BadExpression, Value, comparable, holds

ITEM_MAX = 400 * 1024
PAGE_MAX = 1024 * 1024
TRANSACTION_MAX = 4 * 1024 * 1024
ACTIONS_MAX = 100
BATCH_GET_MAX = 100
BATCH_WRITE_MAX = 25
TOKEN_SECONDS = 600

_EQUALITY = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")

Json = dict[str, Any]
Item = dict[str, Value]  # never changed in place: a put replaces it
Keys = tuple[str, str]
Key = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """One item written: what stood there before (None: nothing) and after (None: deleted)."""

    table: str
    before: Item | None
    after: Item | None


class Refused(Exception):
    """An answer with an error, as the service gives it."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.more = code, message, more


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", message)


@dataclass(slots=True)
class Table:
    """Items under their keys. What an index tells may be older than the table (`lagging`)."""

    name: str
    keys: Keys
    indexes: dict[str, Keys] = field(default_factory=dict)
    items: dict[Key, Item] = field(default_factory=dict)
    seen_by_indexes: dict[Key, Item] | None = None  # None: all of it

    def key_of(self, item: Mapping[str, Value]) -> Key:
        parts = []
        for name in self.keys:
            if name not in item:
                raise _invalid(f"One or more parameter values were invalid: Missing the key {name}")
            kind, content = comparable(item[name])
            if content in (b"", ""):
                raise _invalid(f"The AttributeValue for a key attribute cannot be empty: {name}")
            parts.append((kind, content))
        return parts[0], parts[1]

    def write(self, key: Key, item: Item | None) -> Write:
        done = Write(self.name, self.items.get(key), item)
        if item is None:
            self.items.pop(key, None)
        else:
            self.items[key] = item
        return done


class DynamoDb:
    """The tables of one account. Every operation is one step: nothing comes between.

    `steps` is what was written since the state was last put back, step by step: the items of one
    step were written together.
    """

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.steps: list[tuple[Write, ...]] = []
        self._tokens: dict[str, tuple[str, float]] = {}

    def create_table(self, name: str, keys: Keys, **indexes: Keys) -> None:
        self.tables[name] = Table(name, keys, dict(indexes))

    def lag_indexes(self, known: Any = None) -> None:
        """From here on, until `settle_indexes`, indexes tell what they know: now, or by a state."""
        tables, _ = known or self.state()
        for name, items in tables.items():
            self.tables[name].seen_by_indexes = dict(items)

    def settle_indexes(self) -> None:
        for table in self.tables.values():
            table.seen_by_indexes = None

    def state(self) -> Any:
        tables = {name: dict(table.items) for name, table in self.tables.items()}
        return tables, dict(self._tokens)

    def put_back(self, state: Any) -> None:
        tables, tokens = state
        for name, items in tables.items():
            self.tables[name].items = dict(items)
            self.tables[name].seen_by_indexes = None
        self._tokens = dict(tokens)
        self.steps = []

    # Operations, by their names on the wire

    def get_item(self, call: Json) -> Json:
        table = self._table(call)
        found = table.items.get(table.key_of(call["Key"]))
        return {} if found is None else {"Item": found}

    def batch_get_item(self, call: Json) -> Json:
        requests = call["RequestItems"]
        if sum(len(one["Keys"]) for one in requests.values()) > BATCH_GET_MAX:
            raise _invalid("Too many items requested for the BatchGetItem call")
        answer: dict[str, list[Item]] = {}
        for name, request in requests.items():
            table = self._named(name)
            keys = [table.key_of(key) for key in request["Keys"]]
            if len(set(keys)) < len(keys):
                raise _invalid("Provided list of item keys contains duplicates")
            answer[name] = [table.items[key] for key in keys if key in table.items]
        return {"Responses": answer, "UnprocessedKeys": {}}

    def put_item(self, call: Json) -> Json:
        table = self._table(call)
        key, item = table.key_of(call["Item"]), call["Item"]
        _check_size(item)
        old = table.items.get(key)
        if not _condition_holds(call, old):
            told = call.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and old
            more = {"Item": old} if told else {}
            raise Refused(
                "ConditionalCheckFailedException", "The conditional request failed", **more
            )
        self.steps.append((table.write(key, item),))
        return {"Attributes": old} if call.get("ReturnValues") == "ALL_OLD" and old else {}

    def batch_write_item(self, call: Json) -> Json:
        requests = call["RequestItems"]
        if sum(len(one) for one in requests.values()) > BATCH_WRITE_MAX:
            raise _invalid("Too many items requested for the BatchWriteItem call")
        wanted: list[tuple[Table, Key, Item | None]] = []
        for name, writes in requests.items():
            table = self._named(name)
            for write in writes:
                ((verb, one),) = write.items()
                item = one["Item"] if verb == "PutRequest" else None
                if item is not None:
                    _check_size(item)
                wanted.append((table, table.key_of(item or one["Key"]), item))
        if len({(table.name, key) for table, key, _ in wanted}) < len(wanted):
            raise _invalid("Provided list of item keys contains duplicates")
        # A batch is no transaction: each of its items is a step of its own.
        self.steps += [(table.write(key, item),) for table, key, item in wanted]
        return {"UnprocessedItems": {}}

    def query(self, call: Json) -> Json:
        table = self._table(call)
        index = call.get("IndexName")
        if index is not None and call.get("ConsistentRead"):
            raise _invalid("Consistent reads are not supported on global secondary indexes")
        hash_name, range_name = table.keys if index is None else table.indexes[index]
        items = table.items
        if index is not None and table.seen_by_indexes is not None:
            items = table.seen_by_indexes
        expression, names, values = (
            call["KeyConditionExpression"],
            call.get("ExpressionAttributeNames"),
            call.get("ExpressionAttributeValues"),
        )
        one_partition = _partition(expression, hash_name, names, values)
        found = [
            item
            for item in items.values()
            if item.get(hash_name) == one_partition
            and range_name in item
            and _key_holds(expression, item, names, values)
        ]

        def order(item: Item) -> Any:
            return comparable(item[range_name]), table.key_of(item)

        found.sort(key=order, reverse=call.get("ScanIndexForward") is False)
        if start := call.get("ExclusiveStartKey"):
            after = (comparable(start[range_name]), table.key_of(start))
            backwards = call.get("ScanIndexForward") is False
            found = [
                item
                for item in found
                if (order(item) < after if backwards else order(item) > after)
            ]
        return self._page(call, table, found, (*table.keys, hash_name, range_name))

    def transact_write_items(self, call: Json) -> Json:
        actions = call["TransactItems"]
        if not 1 <= len(actions) <= ACTIONS_MAX:
            raise _invalid("Member must have length less than or equal to 100")
        if self._repeated(call, actions):
            return {}
        puts, reasons = [], []
        for action in actions:
            ((verb, one),) = action.items()
            table = self._table(one)
            if verb == "Put":
                _check_size(one["Item"])
                key, item = table.key_of(one["Item"]), one["Item"]
            elif verb == "ConditionCheck":
                key, item = table.key_of(one["Key"]), None
            else:
                raise _invalid(f"{verb} is not in the subset")
            puts.append((table, key, item))
            reasons.append(_reason(one, table.items.get(key)))
        if len({(id(table), key) for table, key, _ in puts}) < len(puts):
            raise _invalid("Transaction request cannot include multiple operations on one item")
        if sum(item_size(item) for _, _, item in puts if item) > TRANSACTION_MAX:
            raise _invalid("Collection size of transaction exceeds the limit")
        if any(reason["Code"] != "None" for reason in reasons):
            codes = ", ".join(reason["Code"] for reason in reasons)
            raise Refused(
                "TransactionCanceledException",
                "Transaction cancelled, please refer cancellation reasons for specific reasons "
                f"[{codes}]",
                CancellationReasons=reasons,
            )
        self.steps.append(
            tuple(table.write(key, item) for table, key, item in puts if item is not None)
        )
        if token := call.get("ClientRequestToken"):
            self._tokens[token] = (_digest(actions), time.time())
        return {}

    def _repeated(self, call: Json, actions: list[Json]) -> bool:
        told = self._tokens.get(call.get("ClientRequestToken", ""))
        if told is None or time.time() - told[1] >= TOKEN_SECONDS:
            return False
        if told[0] != _digest(actions):
            raise Refused(
                "IdempotentParameterMismatchException",
                "The client request token was used with other parameters",
            )
        return True

    def _page(self, call: Json, table: Table, found: list[Item], key_names: Any) -> Json:
        limit, octets, page, passed = call.get("Limit"), 0, [], 0
        last: Item | None = None
        for item in found:
            octets += item_size(item)
            passed += 1
            if holds(
                call.get("FilterExpression"),
                item,
                call.get("ExpressionAttributeNames"),
                call.get("ExpressionAttributeValues"),
            ):
                page.append(item)
            if passed == limit or octets > PAGE_MAX:
                last = item
                break
        answer: Json = {"Count": len(page), "ScannedCount": passed}
        if call.get("Select") != "COUNT":
            answer["Items"] = page
        if last is not None:
            answer["LastEvaluatedKey"] = {name: last[name] for name in key_names}
        return answer

    def _table(self, call: Json) -> Table:
        return self._named(call["TableName"])

    def _named(self, name: str) -> Table:
        if name not in self.tables:
            raise Refused("ResourceNotFoundException", f"Requested resource not found: {name}")
        return self.tables[name]


def _condition_holds(call: Json, old: Item | None) -> bool:
    try:
        return holds(
            call.get("ConditionExpression"),
            old,
            call.get("ExpressionAttributeNames"),
            call.get("ExpressionAttributeValues"),
        )
    except BadExpression as error:
        raise _invalid(str(error)) from error


def _partition(expression: str, hash_name: str, names: Any, values: Any) -> Value:
    """The value that a key condition asks of the partition key: most items need no more look."""
    for name, value in _EQUALITY.findall(expression):
        if (names or {}).get(name, name) == hash_name:
            return values[value]
    raise _invalid(f"Query condition missed key schema element: {hash_name}")


def _key_holds(expression: str, item: Item, names: Any, values: Any) -> bool:
    try:
        return holds(expression, item, names, values)
    except BadExpression as error:
        raise _invalid(str(error)) from error


def _reason(call: Json, old: Item | None) -> Json:
    if _condition_holds(call, old):
        return {"Code": "None"}
    reason: Json = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    if call.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and old:
        reason["Item"] = old
    return reason


def _check_size(item: Item) -> None:
    if item_size(item) > ITEM_MAX:
        raise _invalid("Item size has exceeded the maximum allowed size")


def item_size(item: Item) -> int:
    """Octets of an item as DynamoDB counts them: names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Value) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "B":
        return len(base64.b64decode(content))
    if kind == "N":
        return (len(content.strip("-").replace(".", "").strip("0")) + 1) // 2 + 1
    if kind in ("BOOL", "NULL"):
        return 1
    raise _invalid(f"values of type {kind} are not in the subset")


def _digest(actions: list[Json]) -> str:
    return hashlib.sha256(json.dumps(actions, sort_keys=True).encode()).hexdigest()

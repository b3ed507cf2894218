"""The rules of `units` held against what emulators report, on both sides of each bound."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from moto import mock_aws

from bench.units import Item, index_units, item_bytes, read_units, write_units
from infra.ports import LocalPorts
from local.context import ACCOUNT, Context
from local.processes import Processes
from local.system import start_emulator

TABLE = "units"
KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
VALUES: dict[str, dict[str, Any]] = {
    "string": {"S": "Zoë"},
    "number": {"N": "-1795348800.25"},
    "binary": {"B": b"\x00" * 40},
    "list": {"L": [{"N": "12"}, {"S": "ab"}]},
    "map": {"M": {"a": {"BOOL": True}, "b": {"N": "1000"}}},
    "set": {"SS": ["a", "bc"]},
}


@dataclass(frozen=True, slots=True)
class Check:
    """One operation: units of table and index by the rules, and as the emulator has them."""

    name: str
    rules: tuple[float, float]
    reported: tuple[float, float] | None  # None: the emulator reports nothing


@dataclass(frozen=True)
class Scratch(Context):
    """A local system in a directory of its own."""

    place: Path = Path()

    @property
    def directory(self) -> Path:
        return self.place


@contextmanager
def ministack(port: int) -> Iterator[Any]:
    """A client of the emulator of `make run`, empty, on one port of six from this one on."""
    with TemporaryDirectory() as place, Processes(Path(place) / "log") as processes:
        context = Scratch(LocalPorts.at(port), place=Path(place))
        start_emulator(context, processes)
        yield boto3.client(
            "dynamodb",
            endpoint_url=context.endpoint,
            region_name="eu-west-1",
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        )


@contextmanager
def moto() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb", region_name=os.environ["AWS_REGION"])


def checks(client: Any) -> list[Check]:
    """Sizes at 1,024 and 1,025 bytes of every type, then every kind of write and read."""
    _make_table(client)
    return [*_of_sizes(client), *_of_puts(client), *_of_the_rest(client)]


def padded(item: Item, size: int) -> dict[str, Any]:
    """The item made exactly so large by one more text."""
    bare = item_bytes(_on_the_wire({**item, "z": {"S": ""}}))
    return {**item, "z": {"S": "z" * (size - bare)}}


def _of_sizes(client: Any) -> Iterator[Check]:
    for kind, value in VALUES.items():
        for size in (1024, 1025):
            item = padded({**KEY, "value": value}, size)
            yield _put(client, f"{kind}, {size} bytes", None, item)
            client.delete_item(TableName=TABLE, Key=KEY)


def _of_puts(client: Any) -> Iterator[Check]:
    small, large = {**KEY, "a": {"S": "x"}}, padded(KEY, 2500)
    one, other = _indexed(small, "1"), _indexed(small, "2")
    steps: list[tuple[str, Item | None, Item]] = [
        ("put, new", None, small),
        ("put, larger", small, large),
        ("put, smaller", large, small),
        ("put, enters the index", small, one),
        ("put, same bytes", one, one),
        ("put, moves in the index", one, other),
        ("put, leaves the index", other, small),
    ]
    for step in steps:
        yield _put(client, *step)


def _of_the_rest(client: Any) -> Iterator[Check]:
    asked, item = {"ReturnConsumedCapacity": "INDEXES"}, padded(KEY, 2500)
    size, entered = item_bytes(item), _indexed(item, "1")
    for name, old, new in (("transaction", None, item), ("transaction, index", item, entered)):
        put = {"Put": {"TableName": TABLE, "Item": new}}
        made = client.transact_write_items(TransactItems=[put], **asked)
        rules = (2 * write_units(old, new), index_units(old, new))
        yield Check(name, rules, _units(made))
    client.put_item(TableName=TABLE, Item=item)
    made = client.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": item}}]}, **asked)
    yield Check("batch", (write_units(item, item), 0), _units(made))
    for consistent in (True, False):
        how = "consistent" if consistent else "eventual"
        got = client.get_item(TableName=TABLE, Key=KEY, ConsistentRead=consistent, **asked)
        yield Check(f"get, {how}", (read_units(size, consistent=consistent), 0), _units(got))
        got = client.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": KEY["pk"]},
            ConsistentRead=consistent,
            **asked,
        )
        yield Check(f"query, {how}", (read_units(size, consistent=consistent), 0), _units(got))
    done = client.delete_item(TableName=TABLE, Key=KEY, **asked)
    yield Check("delete", (write_units(item, None), 0), _units(done))


def _put(client: Any, name: str, old: Item | None, new: dict[str, Any]) -> Check:
    made = client.put_item(TableName=TABLE, Item=new, ReturnConsumedCapacity="INDEXES")
    before, after = old and _on_the_wire(old), _on_the_wire(new)
    return Check(name, (write_units(before, after), index_units(before, after)), _units(made))


def _units(answer: Any) -> tuple[float, float] | None:
    """Units of the table and of its index."""
    found = answer.get("ConsumedCapacity")
    found = found[0] if isinstance(found, list) and found else found
    if not found:
        return None
    indexes = found.get("GlobalSecondaryIndexes", {}).values()
    of_index = sum(one["CapacityUnits"] for one in indexes)
    return found["CapacityUnits"] - of_index, of_index


def _indexed(item: Item, key: str) -> dict[str, Any]:
    return {**item, "gsi1pk": {"S": "G"}, "gsi1sk": {"S": key}}


def _on_the_wire(item: Item) -> dict[str, Any]:
    return {
        name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else dict(value)
        for name, value in item.items()
    }


def _make_table(client: Any) -> None:
    names = ("pk", "sk", "gsi1pk", "gsi1sk")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names],
        KeySchema=_keys("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "gsi1",
                "KeySchema": _keys("gsi1pk", "gsi1sk"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def _keys(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]

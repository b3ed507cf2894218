"""The account in memory answers as the emulator does: random calls played on both, compared.

Where the emulator is known to differ from DynamoDB itself (docs/decisions/0008-emulator.md), the
call is not drawn: a key in two actions of one transaction, and a filter on a key attribute.
"""

import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.ports import LocalPorts
from local import context as at
from local.context import Context
from local.processes import Processes
from local.system import start_emulator
from tests.cloud import Cloud

pytestmark = pytest.mark.emulator
TABLE, BUCKET, OPERATIONS = "played", "played", 3_000
PKS, SKS = [f"p{n}" for n in range(4)], [f"s{n}" for n in range(6)]
Json = dict[str, Any]
Call = tuple[str, Json]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        context = Context(replace(LocalPorts.at(0), emulator=probe.getsockname()[1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(at, "HOME", tmp_path_factory.mktemp("demarc"))
        with Processes(context.directory / "log") as processes:
            start_emulator(context, processes)
            yield context


def test_random_calls_are_answered_alike(emulator: Context) -> None:
    dynamodb, s3 = emulator.client("dynamodb"), emulator.client("s3")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g", "h")
        ],
        KeySchema=_keys("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "index",
                "KeySchema": _keys("g", "h"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    s3.create_bucket(Bucket=BUCKET)
    ours, rng = Cloud(), random.Random(20261122)
    ours.dynamodb.create_table(TABLE, ("pk", "sk"), index=("g", "h"))

    for n in range(OPERATIONS):
        operation, given = _drawn(rng)
        client = s3 if operation in ("put_object", "get_object", "list_objects_v2") else dynamodb
        theirs = _answer(getattr(client, operation), given)
        with ours:
            own = _answer(getattr(client, operation), given)
        assert own == theirs, (n, operation, given)

    everything = [item for pk in PKS for item in _items(dynamodb, pk)]
    with ours:
        assert [item for pk in PKS for item in _items(dynamodb, pk)] == everything
    assert len(everything) > 10


def _items(client: Any, pk: str) -> list[Json]:
    return client.query(**_query(pk))["Items"]


def _answer(call: Callable[..., Json], given: Json) -> Any:
    """What a call is answered with: what both must say alike."""
    try:
        found = call(**given)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        reasons = [
            (one["Code"], one.get("Item")) for one in error.response.get("CancellationReasons", [])
        ]
        return code, reasons
    if "Body" in found:
        return found["Body"].read()
    if "Contents" in found or "KeyCount" in found:
        return [(one["Key"], one["Size"]) for one in found.get("Contents", [])]
    told = {name: found.get(name) for name in ("Item", "Items", "Count", "LastEvaluatedKey")}
    batch = found.get("Responses", {}).get(TABLE, [])
    told["Responses"] = sorted(batch, key=str)
    return told


def _drawn(rng: random.Random) -> Call:
    draw = rng.choice([_get, _batch_get, _put, _batch_write, _asked, _transact, _transact, _object])
    return draw(rng)


def _get(rng: random.Random) -> Call:
    return "get_item", {"TableName": TABLE, "Key": _key(rng), "ConsistentRead": True}


def _batch_get(rng: random.Random) -> Call:
    keys = [_key(rng) for _ in range(rng.randint(1, 5))]
    return "batch_get_item", {"RequestItems": {TABLE: {"Keys": keys, "ConsistentRead": True}}}


def _put(rng: random.Random) -> Call:
    return "put_item", {"TableName": TABLE, "Item": _item(rng), **_condition(rng)}


def _batch_write(rng: random.Random) -> Call:
    items = {str(item["pk"]) + str(item["sk"]): item for item in (_item(rng) for _ in range(4))}
    writes = [
        {"PutRequest": {"Item": item}}
        if rng.random() < 0.6
        else {"DeleteRequest": {"Key": {"pk": item["pk"], "sk": item["sk"]}}}
        for item in items.values()
    ]
    return "batch_write_item", {"RequestItems": {TABLE: writes}}


def _asked(rng: random.Random) -> Call:
    if rng.random() < 0.3:
        values = {":g": {"S": f"g{rng.randint(0, 2)}"}, ":h": {"S": f"h{rng.randint(0, 5)}"}}
        return "query", {
            "TableName": TABLE, "IndexName": "index", "KeyConditionExpression": "g = :g AND h < :h",
            "ExpressionAttributeValues": values,
        }  # fmt: skip
    asked = _query(rng.choice(PKS))
    values = asked["ExpressionAttributeValues"]
    match rng.randint(0, 3):
        case 0:
            asked["KeyConditionExpression"] += " AND begins_with(sk, :b)"
            values[":b"] = {"S": rng.choice(["s", "s1", "x"])}
        case 1:
            asked["KeyConditionExpression"] += " AND sk BETWEEN :a AND :b"
            values[":a"], values[":b"] = {"S": "s1"}, {"S": rng.choice(SKS[1:])}
    asked["ScanIndexForward"] = rng.random() < 0.6
    if rng.random() < 0.5:
        asked["Limit"] = rng.randint(1, 4)
    if rng.random() < 0.2:
        asked["ExclusiveStartKey"] = {
            "pk": values[":pk"], "sk": {"S": rng.choice(SKS)},
        }  # fmt: skip
        asked["KeyConditionExpression"] = "pk = :pk"
        asked["ExpressionAttributeValues"] = {":pk": values[":pk"]}
    return "query", asked


def _transact(rng: random.Random) -> Call:
    items = {(str(item["pk"]), str(item["sk"])): item for item in (_item(rng) for _ in range(4))}
    actions = [
        {"Put": {"TableName": TABLE, "Item": item, **_condition(rng, in_transaction=True)}}
        for item in items.values()
    ]
    # Some tokens come again, most of them with other actions.
    token = f"token-{rng.randint(0, 2_000)}"
    if rng.random() < 0.1:
        actions = [{"Put": {"TableName": TABLE, "Item": {"pk": {"S": "p0"}, "sk": {"S": "s0"}}}}]
        token = f"again-{rng.randint(0, 20)}"
    return "transact_write_items", {"TransactItems": actions, "ClientRequestToken": token}


def _object(rng: random.Random) -> Call:
    key = f"k{rng.randint(0, 5)}"
    match rng.randint(0, 2):
        case 0:
            only_new = {"IfNoneMatch": "*"} if rng.random() < 0.7 else {}
            return "put_object", {
                "Bucket": BUCKET, "Key": key, "Body": rng.randbytes(5), **only_new,
            }  # fmt: skip
        case 1:
            return "get_object", {"Bucket": BUCKET, "Key": key}
    return "list_objects_v2", {"Bucket": BUCKET, "Prefix": rng.choice(["", "k", "k1", "x"])}


def _condition(rng: random.Random, in_transaction: bool = False) -> Json:
    if rng.random() < 0.4:
        return {}
    expression, values = rng.choice([
        ("attribute_not_exists(pk)", {}),
        ("attribute_exists(pk)", {}),
        ("version = :v", {":v": {"N": str(rng.randint(1, 3))}}),
        ("attribute_not_exists(pk) OR version < :v", {":v": {"N": str(rng.randint(1, 3))}}),
        ("NOT (version = :v) AND attribute_exists(g)", {":v": {"N": "2"}}),
    ])  # fmt: skip
    made: Json = {"ConditionExpression": expression}
    if values:
        made["ExpressionAttributeValues"] = values
    if in_transaction and rng.random() < 0.5:
        made["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return made


def _item(rng: random.Random) -> Json:
    item: Json = {**_key(rng), "version": {"N": str(rng.randint(1, 3))}}
    if rng.random() < 0.6:
        item |= {"g": {"S": f"g{rng.randint(0, 2)}"}, "h": {"S": f"h{rng.randint(0, 5)}"}}
    if rng.random() < 0.2:
        item["data"] = {"B": rng.randbytes(3)}
    if rng.random() < 0.01:
        item["body"] = {"S": "x" * rng.choice([409_000, 409_700])}
    return item


def _key(rng: random.Random) -> Json:
    return {"pk": {"S": rng.choice(PKS)}, "sk": {"S": rng.choice(SKS)}}


def _query(pk: str) -> Json:
    return {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "ConsistentRead": True,
    }


def _keys(*names: str) -> list[Json]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
    ]

"""The explorer itself: it tries every order once, and finds what is wrong in toy handlers."""

import os
from math import comb

import boto3
import pytest

from tests.cloud import Cloud
from tests.pairs.explorer import Pair, explore

TABLE = os.environ["ACCOUNTS_TABLE"]


def item(key: str, n: int = 0) -> dict:
    return {"pk": {"S": key}, "sk": {"S": "x"}, "n": {"N": str(n)}}


def number(client, key: str) -> int:
    found = client.get_item(TableName=TABLE, Key={"pk": {"S": key}, "sk": {"S": "x"}})
    return int(found.get("Item", item(key))["n"]["N"])


@pytest.fixture
def client(cloud: Cloud):
    return boto3.client("dynamodb")


def puts(client, who: str, calls: int):
    def handler() -> None:
        for n in range(calls):
            client.put_item(TableName=TABLE, Item=item("shared", n))

    return handler


@pytest.mark.long
def test_all_252_interleavings_of_five_and_five_calls_are_tried_and_922_with_a_death(
    cloud: Cloud, client
):
    pair = Pair("toy", cloud, {who: puts(client, who, 5) for who in ("a", "b")}, lambda results: ())

    explored = explore(pair)

    with_a_death = 2 * sum(comb(made + 5, 5) for made in range(1, 6))
    assert explored.kills == with_a_death == 922
    assert explored.schedules - explored.kills == comb(10, 5) == 252


def adds_one(client):
    def handler() -> None:
        n = number(client, "counter")
        client.put_item(TableName=TABLE, Item=item("counter", n + 1))

    return handler


def test_a_lost_update_is_found_and_its_order_can_be_read(cloud: Cloud, client):
    def law(_):
        n = number(client, "counter")
        return () if n >= 2 else [f"two added one, and it is {n}"]

    pair = Pair("toy", cloud, {"ada": adds_one(client), "ben": adds_one(client)}, law)

    explored = explore(pair)

    first = min((one for one in explored.broken), key=lambda one: len(one.steps))
    assert str(first).splitlines()[:2] == [
        "two added one, and it is 1",
        "after this order of calls:",
    ]
    assert len(first.steps) == 4
    assert "  ada  GetItem counter x" in str(first).splitlines()

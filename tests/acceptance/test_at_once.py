"""Everything twice, at once, shuffled, with its processes killed: the books stay in order."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from billing.core.usage import sealed, unpack_sessions
from local.context import COLLECTOR, COLLECTOR_KEY, Context
from local.logins import PASSWORD
from tests.acceptance.books import Books, books, rows
from tests.acceptance.conftest import last_month
from tests.acceptance.driving import (
    asked,
    at_once,
    click,
    deliver,
    eventually,
    killing,
    pay,
    start,
    wait_for_executions,
)

pytestmark = pytest.mark.emulator

CYCLE = {"anchor": 1, "period": last_month()}
SEED, KILLS = 20261102, 5
PREPARING = ("OpenRun", "DraftPartition", "Compare")
ISSUING = ("Freeze", "Number", "IssuePartition", "Collect", "CloseRun")


@pytest.fixture(scope="module")
def clara(system: Context) -> Callable[..., tuple[int, Any]]:
    """Billing staff at the console's API."""
    answer = system.client("cognito-idp").initiate_auth(
        ClientId=system.outputs["StaffClient"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "clara", "PASSWORD": PASSWORD},
    )
    bearer = f"Bearer {answer['AuthenticationResult']['AccessToken']}"

    def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"authorization": bearer, "content-type": "application/json"}
        headers |= {"idempotency-key": uuid4().hex} if method == "POST" else {}
        text = None if body is None else json.dumps(body)
        status, _, answer = asked(system.ports.console, method, path, text, headers)
        return status, json.loads(answer)

    return ask


def test_a_cycle_run_twice_at_once_and_killed_is_billed_once(system: Context, clara) -> None:
    before, chance = books(system), random.Random(SEED)
    assert before.problems == []
    accounts = sorted({one["account_id"] for one in before.invoices})

    # Prepared by two members of staff at once and one more execution; workers die on the way.
    inputs = {"cycle": CYCLE, "attempt": 1, "actor": "staff:test", "supplementary": False}
    with killing(system, PREPARING, 2, chance) as died:
        statuses = at_once(
            lambda: clara("POST", "/v1/bill-runs", CYCLE)[0],
            lambda: clara("POST", "/v1/bill-runs", CYCLE)[0],
            lambda: start(system, "PrepareMachine", inputs),
        )
        assert 202 in statuses[:2]
        wait_for_executions(system, "PrepareMachine")
    run = clara("GET", "/v1/bill-runs")[1]["data"][0]
    assert run["state"] == "review"

    # Approved twice at once, issued by one more execution; bills by hand take numbers meanwhile.
    seen = {"revision": run["revision"], "digest": run["review"]["digest"]}
    inputs = {"run": run["id"], "revision": run["revision"], "actor": "staff:test"}
    approve = f"/v1/bill-runs/{run['id']}/approve"
    bills = [lambda one=one: clara("POST", "/v1/invoices", a_visit(one))[0] for one in accounts[:3]]
    with killing(system, ISSUING, KILLS - len(died), chance) as died_too:
        statuses = at_once(*[lambda: clara("POST", approve, seen)[0]] * 2, *bills)
        assert statuses == [202, 202, 201, 201, 201]
        start(system, "IssueMachine", inputs)
        at_once(*bills)
        wait_for_executions(system, "IssueMachine")
    start(system, "IssueMachine", inputs)  # whatever the others came to
    wait_for_executions(system, "IssueMachine")

    after = books(system)
    assert len(died) + len(died_too) == KILLS
    assert after.problems == []
    assert clara("GET", f"/v1/bill-runs/{run['id']}")[1]["state"] == "closed"
    assert len(after.of_run(run["id"])) == run["review"]["drafts"]
    assert len(after.invoices) - len(before.invoices) == run["review"]["drafts"] + 6
    assert_issued_as_approved(after, run)


def assert_issued_as_approved(after: Books, run: dict[str, Any]) -> None:
    """Every invoice says what its draft said, and its number and dates besides."""
    added = {"number", "issued_on", "due_on"}
    issued = [
        {name: value for name, value in one.items() if name not in added}
        for one in after.of_run(run["id"])
    ]
    drafted = [
        one
        for one in after.drafts
        if (one["run_id"], one["revision"]) == (run["id"], run["revision"])
    ]
    by_account = lambda one: one["account_id"]  # noqa: E731
    assert sorted(issued, key=by_account) == sorted(drafted, key=by_account)


def test_webhooks_of_two_bills_of_one_account_ten_times_shuffled_post_two_payments(
    system: Context, clara
) -> None:
    account = books(system).invoices[0]["account_id"]
    paid = [clara("POST", "/v1/invoices", a_visit(account))[1]["id"] for _ in range(2)]
    before = books(system)
    tokens = [one["pay_token"] for one in before.invoices if one["id"] in paid]

    clicks = at_once(*[lambda token=token: click(system, token) for token in tokens * 3])
    assert len(set(clicks)) == 2  # one page for each bill, however often it is clicked
    events = [event for page in set(clicks) for event in pay(system, page)] * 10
    random.Random(7).shuffle(events)
    with ThreadPoolExecutor(8) as threads:
        answers = Counter(threads.map(lambda event: deliver(system, event), events))

    assert answers == {200: len(events)}
    eventually(lambda: books(system).transactions == before.transactions + 2)
    time.sleep(3)  # what is still queued posts nothing more
    after = books(system)
    assert (after.problems, after.transactions) == ([], before.transactions + 2)
    assert {clara("GET", f"/v1/invoices/{one}")[1]["state"] for one in paid} == {"settled"}


def test_poison_among_good_packs_is_suspended_and_stops_nobody(system: Context) -> None:
    user, boot = f"user-{uuid4().hex[:8]}", f"boot-{uuid4().hex[:8]}"
    now = datetime.now(UTC)
    good = [a_pack(boot, n, [a_record(user, n, now)]) for n in range(1, 6)]
    bad = a_record(user, 9, now)
    far = now + timedelta(days=80 * 365)
    poison = [
        f"no JSON by {user}".encode(),
        f'["{user}"]'.encode(),
        f"{'[' * 100_000}{user}".encode(),
        a_pack(boot, 10, [bad], key="00" * 32),
        a_pack(boot, 11, [bad], by=f"{user}{'c' * 500_000}"),
        a_pack(
            boot, 12, [bad | {"octets_out": 10**15}, bad | {"octets_in": -1}, f"junk by {user}"]
        ),
        a_pack(boot, 15, [bad | {"received_at": far.isoformat()}]),
        a_pack(boot, 16, [{"type": user + "t" * 500_000}]),
    ]
    known = len(suspended(system))
    kinesis, stream = system.client("kinesis"), system.outputs["UsageStream"]

    for place, data in enumerate([*poison, *good * 3]):  # every good pack three times
        kinesis.put_record(StreamName=stream, Data=data, PartitionKey=str(place % 3))

    eventually(lambda: usage_seen(system, user) == 50_000_000)
    eventually(lambda: len(suspended(system)) == known + len(poison) + 2)
    assert "" not in {one["reason"] for one in suspended(system)}


@contextmanager
def unable(system: Context, function: str) -> Iterator[str]:
    """Within, a function finds no table: each of its invocations ends in an error."""
    client = system.client("lambda")
    [name] = [
        one["FunctionName"]
        for page in client.get_paginator("list_functions").paginate()
        for one in page["Functions"]
        if one["Handler"] == function
    ]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def set_to(changed: dict[str, str]) -> None:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": changed})

    set_to(variables | {"USAGE_TABLE": "gone"})
    try:
        yield name
    finally:
        set_to(variables)


def test_usage_that_could_not_be_taken_in_is_set_aside_and_counts_when_it_is_sent_again(
    system: Context,
) -> None:
    user, boot = f"user-{uuid4().hex[:8]}", f"boot-{uuid4().hex[:8]}"
    s3, archive = system.client("s3"), archive_of(system)
    pack = a_pack(boot, 1, [a_record(user, 5, datetime.now(UTC))])

    def set_aside() -> list[str]:
        found = s3.list_objects_v2(Bucket=archive, Prefix="aws/lambda/").get("Contents", [])
        return [one["Key"] for one in found]

    known = set(set_aside())
    with unable(system, "functions.ingest_usage.live.lambda_handler") as live:
        system.client("kinesis").put_record(
            StreamName=system.outputs["UsageStream"], Data=pack, PartitionKey="1"
        )
        eventually(lambda: bool({*set_aside()} - known))

    assert usage_seen(system, user) == 0
    for key in {*set_aside()} - known:
        document = json.loads(s3.get_object(Bucket=archive, Key=key)["Body"].read())
        assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
        system.client("lambda").invoke(FunctionName=live, Payload=document["payload"].encode())
    eventually(lambda: usage_seen(system, user) == 50_000_000)


def archive_of(system: Context) -> str:
    names = [one["Name"] for one in system.client("s3").list_buckets()["Buckets"]]
    [archive] = [name for name in names if "archive" in name.lower()]
    return archive


def usage_seen(system: Context, user: str) -> int:
    """The largest counter stored of a user."""
    name = f"user:{user}"
    stored = [row for row in rows(system, "UsageTable") if row["pk"]["S"][:4] in ("SEG#", "USE#")]
    known = [unpack_sessions(row["data"]["B"], {name}).get(name, ()) for row in stored]
    return max((h.octets_out for all in known for one in all for h in one.hours), default=0)


def suspended(system: Context) -> list[dict[str, Any]]:
    found = [row for row in rows(system, "UsageTable") if row["pk"]["S"].startswith("SUS#")]
    return [json.loads(row["body"]["S"]) for row in found if "body" in row]


def a_visit(account_id: str) -> dict[str, Any]:
    line = {"text": "Visit of a technician", "amount": {"value": "80.00", "unit": "EUR"}}
    return {"accountId": account_id, "lines": [line]}


def a_record(user: str, minutes: int, received_at: datetime) -> dict[str, Any]:
    """What a session of so many minutes says of itself: 10 MB a minute."""
    return {
        "type": "interim",
        "session_id": user,
        "user_name": user,
        "nas_id": "cork-bng-1",
        "octets_in": minutes * 10**6,
        "octets_out": minutes * 10**7,
        "session_time": minutes * 60,
        "received_at": received_at.isoformat(),
    }


def a_pack(
    boot: str, first: int, records: list[Any], *, key: str = COLLECTOR_KEY, by: str = COLLECTOR
) -> bytes:
    pack = {"v": 1, "collector": by, "boot": boot, "first_seq": first, "records": records}
    return sealed(pack, bytes.fromhex(key))

"""Every route of both doors, asked with every kind of proof: the answers are those of `rights`."""

import copy
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from billing.adapters import processor
from billing.store.access import Access
from functions.portal_api import access, customer, staff
from functions.portal_api.access import READERS
from local.processor import Standin
from tests.functions.portal_api import proofs, rights, world
from tests.functions.portal_api.asking import (
    ORIGINS,
    Request,
    Things,
    furnish,
    request_for,
)
from tests.functions.portal_api.conftest import enter
from tests.functions.portal_api.world import POOLS, Answer, Door, give_login, token

# What nobody may learn of Ada who asks for something of hers.
ADAS = ("Ada", "ada@", "MF-2026-000001", "user:ada", "user:spare", "Garden")
UNTOLD = ("unproven", "stranger", "other")
REFUSED = 400


@dataclass(frozen=True)
class Matrix:
    """One door with everybody who may stand before it.

    proofs  by column of `rights`, by name: the bearer, and about whose things it asks
    """

    app: Any
    table: Mapping[Any, Any]
    expected: Mapping[tuple[str, str], Mapping[str, int]]
    ask: Callable[[str | None, Request], Answer]
    proofs: Mapping[str, Mapping[str, str | None]]


@pytest.fixture(scope="module")
def things(shared_doors) -> Iterator[Things]:
    furnished = furnish(shared_doors)
    secret = '{"api_key": "sk_test_local", "webhook_secrets": ["whsec_1"]}'
    boto3.client("secretsmanager").create_secret(Name="processor", SecretString=secret)
    with Standin(delay_seconds=3600) as standin:
        shared_doors.setenv("PROCESSOR_SECRET", "processor")
        shared_doors.setenv("PROCESSOR_API_BASE", standin.url)
        processor.connected.cache_clear()
        yield furnished
        processor.connected.cache_clear()


@pytest.fixture(scope="module")
def console(shared_doors, things) -> Matrix:
    roles = ("auditor", "support", "billing")
    for name in (*roles, "gone"):
        world.employ(name, *(roles if name == "gone" else (name,)))
    world.employ("new")
    boto3.client("cognito-idp").admin_disable_user(UserPoolId=POOLS["staff"][0], Username="gone")
    worthless = {
        "a customer's token": token("customer", "ada"),
        "a customer's token with groups": token("customer", "ada", *roles),
        "somebody disabled": token("staff", "gone", *roles),
        "somebody whom the pool has deleted": token("staff", "never-there", *roles),
    }
    return Matrix(
        app=staff.app,
        table=staff.TABLE,
        expected=rights.read(rights.CONSOLE),
        ask=asked_at(shared_doors, "staff", staff.lambda_handler),
        proofs={
            "unproven": proofs.unproven("staff", "billing") | worthless,
            "stranger": {
                "no group": token("staff", "new"),
                "a group of no role": token("staff", "new", "owner", "admin"),
                "a group that was taken away": token("staff", "new", "billing"),
            },
            **{role: {role: token("staff", role, role)} for role in roles},
        },
    )


@pytest.fixture(scope="module")
def portal(shared_doors, things) -> Matrix:
    give_login("left", things.account)
    give_login("left")
    worthless = {
        "staff's token": token("staff", "billing", "billing"),
        "a login that was ended": token("customer", "left"),
        "somebody without a login": token("customer", "never-there"),
    }
    return Matrix(
        app=customer.app,
        table=customer.TABLE,
        expected=rights.read(rights.PORTAL),
        ask=asked_at(shared_doors, "customer", customer.lambda_handler),
        proofs={
            "unproven": proofs.unproven("customer", "ada") | worthless,
            "own": {"own": token("customer", "ada")},
            "other": {
                "other": token("customer", "cleo"),
                "other, with groups of staff": token("customer", "cleo", "billing", "support"),
            },
        },
    )


def asked_at(patch, kind: str, handler) -> Callable[[str | None, Request], Answer]:
    """Programs carry a bearer header; browsers, which ask for pages, a cookie and an Origin."""
    cookie = f"demarc-{kind}-access"

    def ask(bearer: str | None, request: Request) -> Answer:
        enter(patch, kind)
        headers, cookies = dict(request.headers), None
        if request.path.startswith("/v1/"):
            if bearer is not None:
                headers["authorization"] = f"Bearer {bearer}"
        else:
            cookies = None if bearer is None else [f"{cookie}={bearer}"]
            headers["origin"] = ORIGINS[kind]
        return Door(handler)(
            request.method,
            request.path,
            request.body,
            query=request.query,
            headers=headers,
            cookies=cookies,
        )

    return ask


Rows = dict[tuple[str, str, str], Any]


def rows() -> Rows:
    """Every row of every table."""
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].tables
    return {
        (name, key, place): item
        for name, table in tables.items()
        for key, under in table.items.items()
        for place, item in under.items()
    }


def contents() -> dict[tuple[str, str, str], Any]:
    return {key: item.to_json() for key, item in rows().items()}


def put_back(pristine: Rows, content: dict[tuple[str, str, str], Any]) -> None:
    """Make the tables what they were, and end the workflows that they know nothing of.

    Only what differs is copied: the emulator changes rows in place.
    """
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].tables
    for key, now in contents().items():
        name, hashed, ranged = key
        if key not in pristine:
            del tables[name].items[hashed][ranged]
        elif now != content[key]:
            tables[name].items[hashed][ranged] = copy.deepcopy(pristine[key])
    assert contents() == content
    end_executions()


def end_executions() -> None:
    """Workflows that the put back rows know nothing of."""
    machines = boto3.client("stepfunctions")
    for name in ("PREPARE", "ISSUE"):
        arn = os.environ[f"{name}_MACHINE_ARN"]
        running = machines.list_executions(stateMachineArn=arn, statusFilter="RUNNING")
        for one in running["executions"]:
            machines.stop_execution(executionArn=one["executionArn"])


def deviations(
    matrix: Matrix, things: Things, only: str = "", seen: Counter[str] | None = None
) -> list[str]:
    """Where the door answers otherwise than the table says, or does otherwise than it answers."""
    routes = {(r.method, r.path) for r in matrix.app._static_routes + matrix.app._dynamic_routes}
    found = [f"{method} {rule} is in no table" for method, rule in routes - set(matrix.expected)]
    found += [f"{method} {rule} is no route" for method, rule in set(matrix.expected) - routes]
    number, pristine, content = 0, copy.deepcopy(rows()), contents()
    for (method, rule), columns in matrix.expected.items():
        if only and rule != only:
            continue
        writes = matrix.table[access.Route(method, rule)].writes
        for column, cases in matrix.proofs.items():
            expected = columns[column]
            allowed = expected < REFUSED and column != "unproven"
            for name, bearer in cases.items():
                number += 1
                answer = matrix.ask(bearer, request_for(method, rule, things, number))
                said = f"{method} {rule} · {column} ({name})"
                if answer.status != expected:
                    found.append(f"{said}: {answer.status} instead of {expected}")
                if column in UNTOLD and not rule.startswith("/pa"):  # a pay link is its own right
                    told = [fact for fact in ADAS if fact in answer.text]
                    found += [f"{said}: tells {fact}" for fact in told]
                if seen is not None:
                    seen[column] += 1
            effect = contents() != content
            if effect and not (writes and expected < REFUSED):
                found.append(f"{method} {rule} · {column}: changes something")
            if writes and allowed and not effect and "/sign" not in rule:
                found.append(f"{method} {rule} · {column}: changes nothing")
            if effect:
                put_back(pristine, content)
    return found


@pytest.mark.parametrize("name", ["console", "portal"])
def test_every_route_answers_every_proof_as_the_table_says(request, things, name, capsys):
    matrix, seen = request.getfixturevalue(name), Counter[str]()
    found = deviations(matrix, things, seen=seen)

    kinds = sum(map(len, matrix.proofs.values()))
    print(f"{name}: {len(matrix.expected)} routes x {kinds} proofs = {seen.total()} requests,")
    print(f"  {seen.total() - len(found)} as expected ({dict(seen)})")
    assert not found, "\n".join(found)
    assert seen.total() == len(matrix.expected) * kinds


def opened_to_readers(patch, console: Matrix) -> tuple[str, str]:
    route = access.Route("POST", "/v1/bill-runs")
    patch.setitem(console.table, route, replace(console.table[route], roles=READERS))
    return route.rule, "auditor (auditor): 202 instead of 403"


def opened_to_everybody(patch, console: Matrix) -> tuple[str, str]:
    route = access.Route("GET", "/v1/offerings")
    patch.setitem(console.table, route, replace(console.table[route], roles=access.PUBLIC))
    return route.rule, "unproven (no token): 200 instead of 401"


def a_read_that_writes(patch, console: Matrix) -> tuple[str, str]:
    route = access.Route("POST", "/v1/parties")
    patch.setitem(console.table, route, replace(console.table[route], writes=False))
    return route.rule, "support: changes something"


def every_signature_is_good(patch, console: Matrix) -> tuple[str, str]:
    def believed(bearer: str, keys: Any, now: Any) -> Mapping[str, Any]:
        return proofs.jwt.decode(bearer, options={"verify_signature": False})

    patch.setattr("billing.adapters.identity._signed_claims", believed)
    return "/v1/offerings", "unproven (alg none): 200 instead of 401"


def nobody_asks_the_pool(patch, console: Matrix) -> tuple[str, str]:
    everything = frozenset(proofs.ALL_ROLES)
    patch.setattr("billing.adapters.standing._groups", lambda pool, name: everything)
    return "/v1/offerings", "unproven (somebody disabled): 200 instead of 401"


@pytest.mark.parametrize(
    "hole",
    [
        opened_to_readers,
        opened_to_everybody,
        a_read_that_writes,
        every_signature_is_good,
        nobody_asks_the_pool,
    ],
)
def test_a_hole_in_the_consoles_door_is_found(console, things, monkeypatch, hole):
    rule, expected = hole(monkeypatch, console)

    assert any(one.endswith(expected) for one in deviations(console, things, rule))


def test_a_hole_between_customers_is_found(portal, things, monkeypatch):
    monkeypatch.setattr(Access, "check", lambda self, account_id: None)
    monkeypatch.setattr(Access, "allows", lambda self, account_id: True)
    found = deviations(portal, things, "/v1/accounts/<account_id>")

    assert "GET /v1/accounts/<account_id> · other (other): 200 instead of 404" in found
    assert "GET /v1/accounts/<account_id> · other (other): tells Ada" in found


def test_a_route_that_nobody_has_judged_is_found(console, things):
    judged = {one: row for one, row in console.expected.items() if one[1] != "/v1/suspense"}

    assert deviations(replace(console, expected=judged), things, "/nowhere") == [
        "GET /v1/suspense is in no table"
    ]


UNDER_AN_ACCOUNT = [
    (method, rule)
    for method, rule in rights.read(rights.CONSOLE)
    if "<account_id>" in rule and rule.count("<") == 2 and "/drafts/" not in rule
]


@pytest.mark.parametrize(("method", "rule"), UNDER_AN_ACCOUNT)
def test_what_is_one_accounts_is_not_found_under_another(console, things, method, rule):
    content = contents()
    good = request_for(method, rule, things, 0)
    named = {**good.headers, "idempotency-key": f"crossed {method} {rule}"}
    crossed = replace(
        good, path=good.path.replace(things.account, things.house.cleo), headers=named
    )
    answer = console.ask(token("staff", "billing", "billing"), crossed)

    assert answer.status == 404, answer.text
    assert contents() == content


def test_a_place_in_a_list_is_good_for_this_person_and_this_list_alone(console):
    billing, auditor = token("staff", "billing", "billing"), token("staff", "auditor", "auditor")
    first = console.ask(billing, Request("GET", "/v1/accounts", query={"limit": "1"}))
    at = {"limit": "1", "cursor": first.json["nextCursor"]}

    assert console.ask(billing, Request("GET", "/v1/accounts", query=at)).status == 200
    for bearer, path in ((auditor, "/v1/accounts"), (billing, "/v1/bill-runs")):
        assert console.ask(bearer, Request("GET", path, query=at)).status == 400
    other = at | {"search": "ada"}
    assert console.ask(billing, Request("GET", "/v1/accounts", query=other)).status == 400

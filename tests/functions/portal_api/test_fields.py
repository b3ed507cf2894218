"""What each write may say: no field of another role, of another form, or of what is stored."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import count
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from billing.core import invoicing, ledger, party, subscription
from billing.core.invoicing import documents
from billing.store import imports as stored_imports
from billing.store import logins, run_rows, suspense, tables
from functions.portal_api import openapi, staff
from functions.portal_api.wire import counted, money, people, requests, runs, subscriptions
from functions.portal_api.wire.base import Wire
from tests.functions.portal_api import rights
from tests.functions.portal_api.asking import Request, Things, furnish, request_for
from tests.functions.portal_api.test_rights import asked_at, contents
from tests.functions.portal_api.world import Answer, token

CORE = (invoicing, documents, ledger, party, subscription, logins, run_rows, suspense,
        stored_imports)  # fmt: skip
COMMON = {"role", "roles", "groups", "isAdmin", "price", "tax", "__proto__", "$set", "pk", "sk"}
NUMBERS = count(1000)
# What reads no JSON: a file, and what the address alone says.
BODILESS = {
    "/v1/imports",
    "/v1/accounts/<account_id>/logins/<subject>/end",
    "/v1/bill-runs/<run_id>/issue",
    "/v1/offerings/take-over",
    "/v1/accounts/<account_id>/subscriptions/<subscription_id>/withdraw",
    "/v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-withdraw",
    "/v1/bill-runs/<run_id>/supplementary",
}


def models(*modules: ModuleType) -> set[type[BaseModel]]:
    return {
        one
        for module in modules
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, BaseModel) and one.__module__.startswith("functions.portal_api")
    }


def known_fields() -> set[str]:
    """Every field that any model of ours has, outside and inside, and every attribute of a row."""
    wire = {
        name
        for model in models(requests, people, money, counted, runs, subscriptions)
        for field, info in model.model_fields.items()
        for name in (field, info.alias or to_camel(field))
    }
    stored = {
        name
        for module in CORE
        for _, one in inspect.getmembers(module, inspect.isclass)
        if is_dataclass(one)
        for field in fields(one)
        for name in (field.name, to_camel(field.name))
    }
    rows = set(tables.AccountRow.get_attributes()) | set(tables.LedgerRow.get_attributes())
    return wire | stored | rows | COMMON


def writes() -> Iterator[tuple[str, str]]:
    """Every address of the API that reads a JSON object."""
    for method, rule in rights.read(rights.CONSOLE):
        if rule.startswith("/v1/") and method != "GET" and rule not in BODILESS:
            yield method, rule


@pytest.fixture(scope="module")
def things(shared_doors) -> Things:
    return furnish(shared_doors)


@pytest.fixture
def ask(shared_doors):
    asked = asked_at(shared_doors, "staff", staff.lambda_handler)
    bearer = token("staff", "mira", "billing")
    return lambda request: asked(bearer, request)


def test_every_model_of_a_request_refuses_what_it_does_not_declare():
    read = models(requests)

    assert len(read) > 20
    assert [one.__name__ for one in read if one.model_config.get("extra") != "forbid"] == []
    assert all(issubclass(one, Wire) for one in read)


@pytest.mark.parametrize(("method", "rule"), list(writes()))
def test_a_field_that_is_not_this_requests_is_refused_by_its_name(ask, things, method, rule):
    good = request_for(method, rule, things, 0).body
    content, own = contents(), declared(method, rule)
    foreign = sorted(known_fields() - own - set(good))

    assert len(foreign) > 100
    answer: Answer = ask(sent(method, rule, things, good | dict.fromkeys(foreign, "9")))
    assert answer.status == 422
    refused = {e["pointer"] for e in answer.json["errors"] if e["code"] == "extra_forbidden"}
    assert refused == {f"#/{name.replace('~', '~0').replace('/', '~1')}" for name in foreign}
    # One alone is refused as all of them are, also where it would be the account's own balance.
    for name in ("balance", "state", "version", "accountId", "price", "role"):
        if name in foreign:
            alone: Answer = ask(sent(method, rule, things, good | {name: "9"}))
            assert (alone.status, alone.pointers) == (422, [f"#/{name}"])
    assert contents() == content


def test_a_field_deep_inside_is_refused_as_well(ask, things):
    content = contents()
    good = request_for("POST", "/v1/accounts", things, 0).body
    deep = good | {"billingAddress": good["billingAddress"] | {"accountId": "acc_x"}}
    answer: Answer = ask(sent("POST", "/v1/accounts", things, deep))

    assert (answer.status, answer.pointers) == (422, ["#/billingAddress/accountId"])
    assert contents() == content


def test_a_form_of_the_console_takes_only_the_fields_it_shows(ask, things):
    """What else a browser sends has no meaning: nothing of it is stored."""
    rule = "/console/customers/<account_id>/edit"
    more = dict.fromkeys(("balance", "state", "cycle_anchor", "seller_id", "role"), "777777")
    form = request_for("POST", rule, things, next(NUMBERS))
    answer: Answer = ask(replace(form, body=f"{form.body}&{urlencode(more)}"))

    assert answer.status == 303
    assert not [row for row in contents().values() if "777777" in str(row)]


def test_a_model_that_takes_anything_is_seen(monkeypatch):
    class AnythingIn(Wire, extra="allow"):
        pass

    AnythingIn.__module__ = requests.__name__
    monkeypatch.setattr(requests, "AnythingIn", AnythingIn, raising=False)

    with pytest.raises(AssertionError, match="AnythingIn"):
        test_every_model_of_a_request_refuses_what_it_does_not_declare()


@cache
def description() -> dict[str, Any]:
    return openapi.description()["staff"]


def declared(method: str, rule: str) -> set[str]:
    """What this address may be told, as its published description has it; inside and outside."""
    place = re.sub(r"<(\w+)>", r"{\1}", rule)
    body = description()["paths"][place][method.lower()]["requestBody"]["content"]
    name = body["application/json"]["schema"]["$ref"].rpartition("/")[2]
    outside = set(description()["components"]["schemas"][name]["properties"])
    inside = {one for one in getattr(requests, name).model_fields if to_camel(one) in outside}
    return outside | inside


def sent(method: str, rule: str, things: Things, body: Any) -> Request:
    return replace(request_for(method, rule, things, next(NUMBERS)), body=body)

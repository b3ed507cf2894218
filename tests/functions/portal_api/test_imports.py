"""Customers by the file: all or nothing on bad rows, and completed after a kill."""

import pytest

from billing.store.customers import list_customers
from billing.store.tables import AccountRow
from functions.portal_api.usecases.imports import COLUMNS
from tests.faults import killed
from tests.functions.portal_api.world import open_customer

HEADER = ",".join(COLUMNS)
GOOD = {
    "external_id": "C-1",
    "name": "Ada",
    "kind": "person",
    "email": "ada@example.net",
    "street": "Quay Street",
    "number": "7",
    "postcode": "T12 AB12",
    "town": "Cork",
    "country": "IE",
    "tax_country": "IE",
    "anchor": "1",
    "plan": "Fibre 100",
    "identity": "user:ada",
    "start": "2026-11-01",
}
BEA = {"external_id": "C-2", "name": "Bea", "identity": "user:bea", "email": "bea@example.net"}
CLEO = {"external_id": "C-3", "name": "Cleo", "identity": "user:cleo", "email": ""}


def row(**changes: str) -> str:
    fields = GOOD | changes
    return ",".join(fields.get(column, "") for column in COLUMNS)


def file(*rows: str) -> str:
    return "\r\n".join([HEADER, *rows]) + "\r\n"


def send(door, text: str, **headers: str):
    return door.post(
        "/v1/imports", text, headers={"content-type": "text/csv; charset=utf-8"} | headers
    )


def names() -> list[str]:
    return sorted(one.name for one in list_customers(limit=100).items)


def test_each_row_is_a_customer_with_a_service_a_plan_and_an_identity(billing):
    done = send(billing, file(row(), row(**BEA)))

    assert (done.status, done.json["made"], done.json["rows"]) == (201, 2, 2)
    assert names() == ["Ada", "Bea"]
    found = billing.get("/v1/accounts", query={"search": "C-2"}).json["data"][0]
    assert (found["name"], found["plan"]) == ("Bea", "Fibre 100")
    assert billing.get(f"/v1/imports/{done.json['id']}").json["state"] == "done"


def test_the_same_file_again_makes_nobody_twice(billing):
    text = file(row(), row(**BEA))
    first = send(billing, text)
    again = send(billing, text)

    assert first.json["made"] == again.json["made"] == 2
    assert names() == ["Ada", "Bea"]


BAD = [
    ({"name": ""}, "#/3/name", "at least 1"),
    ({"country": "Ireland"}, "#/3/country", "match"),
    ({"start": "soon"}, "#/3/start", "date"),
    ({"anchor": "7"}, "#/3/anchor", "use 1, 15"),
    ({"anchor": "first"}, "#/3/anchor", "integer"),
    ({"plan": "Fibre 9000"}, "#/3/plan", "Fibre 100"),
    ({"start": "2020-01-01"}, "#/3/plan", "first is valid from"),
    ({"external_id": "C-1"}, "#/3/external_id", "stands in row 2 already"),
    ({"identity": "user:ada"}, "#/3/identity", "stands in row 2 already"),
    ({"identity": "user:held@isp.example"}, "#/3/identity", "belongs to another service"),
    ({"email": "bea"}, "#/3/email", "match"),
    ({"start": "2026-11-01,surplus"}, "#/3/…", "not permitted"),
]


def test_one_bad_row_writes_nothing_and_is_named(billing):
    open_customer(billing, "Held")
    before = AccountRow.count()
    for changes, pointer, words in BAD:
        refused = send(billing, file(row(), row(**BEA | changes), row(**CLEO)))

        assert refused.status == 422, refused.text
        errors = {one["pointer"]: one["detail"] for one in refused.json["errors"]}
        assert words in errors[pointer], (changes, errors)
    assert AccountRow.count() == before


def test_what_is_no_customer_file_is_refused_in_words(billing):
    a_column_too_many, an_open_quote = HEADER + ",colour\n", f'{HEADER}\n"unclosed'
    for text in ("", "name\nAda\n", a_column_too_many, an_open_quote, "\x00\x01"):
        refused = send(billing, text)
        assert (refused.status, refused.json["title"]) == (422, "Not a customer file"), text


def test_an_import_is_sent_as_csv(billing):
    assert billing.post("/v1/imports", {"rows": []}).status == 415


@pytest.mark.parametrize("call", [8, 14, 20, 26, 32])
def test_a_killed_import_sent_again_completes_by_external_id(billing, call):
    text = file(row(), row(**BEA), row(**CLEO))
    died = killed(lambda: send(billing, text), call, "after")
    partly = names()
    done = send(billing, text)

    assert died
    assert len(partly) <= 3
    assert done.status == 201, done.text
    assert names() == ["Ada", "Bea", "Cleo"]
    assert done.json["made"] == 3

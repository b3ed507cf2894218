"""Each of these checks can fail: a row that is damaged is found by the check that says so."""

import json
from typing import Any

import pytest

from tests import invariants
from tests.cloud import Cloud
from tests.functions.bill_cycle import world
from tests.sweep import cycle, ingest, portal
from tests.sweep.scenario import Place

DAMAGES: list[tuple[str, str, str, dict[str, Any]]] = [
    # the check, the table, how the keys begin, what is written over the body
    ("every_transaction_sums_to_zero", "ledger", "TXN#", {"entries": []}),
    ("a_balance_is_the_sum_of_its_entries", "accounts", "BALANCE", {"currency": "EUR"}),
    ("numbers_are_taken_without_gap_or_double", "accounts", "SERIES", {"n": 7}),
    ("an_invoice_bears_a_number_that_was_taken_for_it", "ledger", "INV#", {"number": "MF-9"}),
    ("totals_add_up", "ledger", "INV#", {"total": {"value": "1.00", "unit": "EUR"}}),
    ("an_invoice_has_all_that_belongs_to_it", "ledger", "DOC", {"account_id": "acc_x"}),
    ("nothing_of_an_invoice_stands_without_it", "accounts", "TOK", {"invoice_id": "inv_x"}),
    ("a_run_tells_each_of_its_states_once", "accounts", "RUN", {}),
    ("a_review_stands_for_the_drafts_there_are", "accounts", "RUN", {"digest": "0" * 64}),
    ("open_items_are_what_is_receivable", "accounts", "OPEN#",
     {"open": {"value": "0.01", "unit": "EUR"}}),
]  # fmt: skip

HELD = {"offering_id": "ofr_tv", "version": 1, "start": "2026-10-01T00:00:00Z", "end": portal.LATER}
BOUGHT = {"id": "pur_1", "code": "day", "at": "2026-10-02T00:00:00Z"}


@pytest.mark.parametrize(("check", "table", "sk", "change"), DAMAGES, ids=lambda one: str(one)[:40])
def test_a_damaged_row_is_found(
    place: Place, check: str, table: str, sk: str, change: dict[str, Any]
) -> None:
    nobody = place.state()
    cycle.customers()
    cycle.issued()
    assert invariants.broken(place.aws) == []

    _write_over(place.aws, f"demarc-{table}-test", sk, change)

    assert any(one.startswith(check) for one in invariants.broken(place.aws))
    place.put_back(nobody)


def test_an_account_billed_twice_by_a_run_is_found(place: Place) -> None:
    nobody = place.state()
    world.new_customer("Ada")
    cycle.issued()
    rows = place.aws.dynamodb.tables["demarc-ledger-test"].items
    key, item = next((k, one) for k, one in rows.items() if one["sk"]["S"].startswith("INV#"))
    rows[key[0], ("S", b"INV#inv_copy")] = item | {"sk": {"S": "INV#inv_copy"}}

    assert any(one.startswith("an_account_is_billed_once") for one in invariants.broken(place.aws))
    place.put_back(nobody)


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("what_belongs_to_a_subscription_ends_with_it", {"parent_id": "sub_nobody"}),
        ("what_belongs_to_a_subscription_ends_with_it", {"segments": [HELD | {"end": None}]}),
        ("a_service_pays_one_plan_at_a_time", {"parent_id": ""}),
        ("a_service_pays_one_plan_at_a_time", {"segments": [HELD, HELD]}),
        ("a_purchase_is_billed_once", {"purchases": [BOUGHT, BOUGHT]}),
    ],
)
def test_a_subscription_that_cannot_be_is_found(
    place: Place, check: str, change: dict[str, Any]
) -> None:
    nobody = place.state()
    world.new_customer("Ada")
    portal.a_bundle(until=portal.LATER)
    assert invariants.broken(place.aws) == []

    _write_over(place.aws, "demarc-accounts-test", "SUB#sub_tv", change)

    assert any(one.startswith(check) for one in invariants.broken(place.aws))
    place.put_back(nobody)


def test_a_call_or_level_that_lies_under_another_key_is_found(place: Place) -> None:
    nobody = place.state()
    ingest.a_batch_of_the_stream(place).deliver()
    assert invariants.broken(place.aws) == []

    rows = place.aws.dynamodb.tables["demarc-usage-test"].items
    for pk, slid in (("CALL#", "2026-10-02T09:00:01Z#00"), ("LVL#", "2026-10-02T09:01:00Z#80#20")):
        key, item = next((k, one) for k, one in rows.items() if one["pk"]["S"].startswith(pk))
        rows[key[0], ("S", slid.encode())] = item | {"sk": {"S": slid}}

    found = [one for one in invariants.broken(place.aws) if "usage_lies_where" in one]
    assert len(found) == 2
    place.put_back(nobody)


def _write_over(aws: Cloud, table: str, sk: str, change: dict[str, Any]) -> None:
    rows = aws.dynamodb.tables[table].items
    key, item = next((k, one) for k, one in rows.items() if one["sk"]["S"].startswith(sk))
    body = json.loads(item["body"]["S"]) | change
    damaged = item | {"body": {"S": json.dumps(body)}}
    if sk == "BALANCE":
        damaged |= {"minor": {"N": "1"}}
    if not change:
        damaged |= {"version": {"N": "9"}}
    if sk == "TXN#":
        body = json.loads(item["body"]["S"])
        damaged = item | {"body": {"S": json.dumps(body | {"entries": body["entries"][:1]})}}
    rows[key] = damaged

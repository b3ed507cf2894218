"""Every field that can be wrong is named by its pointer, and nothing is written."""

import pytest

from billing.store.tables import AccountRow
from tests.functions.portal_api.world import ADDRESS, open_customer

PARTY = {"kind": "person", "name": "Ada"}
ACCOUNT = {"partyId": "pty_x", "billingAddress": ADDRESS, "taxPlace": {"country": "IE"}}
LONG = "x" * 201


def without(data, *names):
    return {name: value for name, value in data.items() if name not in names}


@pytest.mark.parametrize(
    ("path", "body", "pointer", "code"),
    [
        ("/v1/parties", without(PARTY, "name"), "#/name", "missing"),
        ("/v1/parties", PARTY | {"name": ""}, "#/name", "string_too_short"),
        ("/v1/parties", PARTY | {"name": LONG}, "#/name", "string_too_long"),
        ("/v1/parties", PARTY | {"name": "A\x00da"}, "#/name", "value_error"),
        ("/v1/parties", PARTY | {"name": 7}, "#/name", "string_type"),
        ("/v1/parties", PARTY | {"kind": "robot"}, "#/kind", "literal_error"),
        (
            "/v1/parties",
            PARTY | {"email": "ada"},
            "#/email",
            "string_pattern_mismatch",
        ),
        ("/v1/parties", PARTY | {"balance": "9"}, "#/balance", "extra_forbidden"),
        ("/v1/parties", PARTY | {"version": 9}, "#/version", "extra_forbidden"),
        (
            "/v1/parties",
            PARTY | {"contacts": [{"role": "boss", "name": "B"}]},
            "#/contacts/0/role",
            "literal_error",
        ),
        (
            "/v1/accounts",
            ACCOUNT | {"billingAddress": without(ADDRESS, "town")},
            "#/billingAddress/town",
            "missing",
        ),
        (
            "/v1/accounts",
            ACCOUNT | {"billingAddress": ADDRESS | {"country": "Ireland"}},
            "#/billingAddress/country",
            "string_pattern_mismatch",
        ),
        ("/v1/accounts", ACCOUNT | {"cycleAnchor": 32}, "#/cycleAnchor", "less_than_equal"),
        ("/v1/accounts", ACCOUNT | {"currency": "euro"}, "#/currency", "string_pattern_mismatch"),
        (
            "/v1/accounts",
            ACCOUNT | {"openedOn": "tomorrow"},
            "#/openedOn",
            "date_parsing",
        ),
        ("/v1/accounts", ACCOUNT | {"openedOn": "1026-01-01"}, "#/openedOn", "day_out_of_range"),
        ("/v1/bill-runs", {"anchor": 1, "period": 0}, "#/period", "date_parsing"),
        ("/v1/bill-runs", {"anchor": 1, "period": "0"}, "#/period", "date_parsing"),
        (
            "/v1/accounts/acc_1/services/svc_1/identities",
            {"identity": "user:ada", "since": 0},
            "#/since",
            "datetime_parsing",
        ),
        ("/v1/accounts", ACCOUNT | {"state": "closed"}, "#/state", "extra_forbidden"),
        ("/v1/accounts/acc_1/notes", {"text": ""}, "#/text", "string_too_short"),
        (
            "/v1/bill-runs",
            {"anchor": 1, "period": "2026-13-01"},
            "#/period",
            "date_from_datetime_parsing",
        ),
        (
            "/v1/bill-runs/run_1/approve",
            {"revision": 1, "digest": "abc"},
            "#/digest",
            "string_pattern_mismatch",
        ),
        (
            "/v1/invoices",
            {
                "accountId": "acc_1",
                "lines": [{"text": "x", "amount": {"value": 12.3, "unit": "EUR"}}],
            },
            "#/lines/0/amount/value",
            "string_type",
        ),
        ("/v1/invoices", {"accountId": "acc_1", "lines": []}, "#/lines", "too_short"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(steady, path, body, pointer, code):
    before = AccountRow.count()
    refused = steady.post(path, body)

    assert refused.status == 422, refused.text
    found = {error["pointer"]: error["code"] for error in refused.json["errors"]}
    assert pointer in found, found
    assert found[pointer] == code
    assert AccountRow.count() == before


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("/v1/accounts", {"limit": "0"}, "query/limit"),
        ("/v1/accounts", {"limit": "101"}, "query/limit"),
        ("/v1/accounts", {"limit": "many"}, "query/limit"),
        ("/v1/invoices", {}, "query/accountId"),
        ("/v1/suspense", {"state": "lost"}, "query/state"),
        ("/v1/usage/unbilled", {"until": "0.5"}, "query/until"),
    ],
)
def test_a_wrong_query_is_named(steady, path, query, pointer):
    refused = steady.get(path, query=query)

    assert (refused.status, refused.pointers) == (422, [pointer])


def test_an_instant_without_a_zone_is_no_instant(steady):
    account_id = open_customer(steady, "Dora")
    refused = steady.post(
        f"/v1/accounts/{account_id}/subscriptions",
        {"serviceId": "svc_x", "offeringId": "ofr_x", "since": "2026-11-01T00:00:00"},
    )

    assert (refused.status, refused.pointers) == (422, ["#/since"])


def test_an_edit_that_says_nothing_or_too_much_is_refused(steady):
    account_id = open_customer(steady, "Carol")

    for changes in ({}, {"language": None}, {"currency": "USD"}, {"cycleAnchor": 2}):
        refused = steady.patch(f"/v1/accounts/{account_id}", changes, version=1)
        assert refused.status == 422, changes


def test_a_cursor_that_was_bent_is_refused(steady):
    for name in ("Ada", "Bea"):
        open_customer(steady, name)
    cursor = steady.get("/v1/accounts", query={"limit": "1"}).json["nextCursor"]
    bent = [cursor[:-4] + "AAAA", cursor[5:], "%%%", ""]

    for one in bent:
        assert steady.get("/v1/accounts", query={"limit": "1", "cursor": one}).status == 400

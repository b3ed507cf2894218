"""Who may do what, as it is declared; that it holds at every address is for test_rights."""

import re

import pytest

from functions.portal_api import access, customer, staff
from tests.functions.portal_api.world import open_customer


def routes_of(app) -> set[tuple[str, str]]:
    return {(route.method, route.path) for route in app._static_routes + app._dynamic_routes}


@pytest.mark.parametrize("door", [staff, customer], ids=["console", "portal"])
def test_every_route_is_declared_and_every_declaration_is_a_route(door):
    assert routes_of(door.app) == {tuple(route) for route in door.TABLE}


def test_the_auditor_reads_everything_and_writes_nothing():
    for route, entry in staff.TABLE.items():
        if entry.roles:
            assert ("auditor" in entry.roles) is not entry.writes or "/console/" in route.rule


def test_money_that_moves_is_for_billing_alone():
    moving = [
        route for route in access.STAFF if re.search("bill-runs|versions|suspense", route.rule)
    ]
    writing = [route for route in moving if access.STAFF[route].writes]

    assert len(writing) >= 6
    assert all(access.STAFF[route].roles == {"billing"} for route in writing)


def test_every_write_is_a_post_or_patch_and_every_get_writes_nothing():
    for table in (staff.TABLE, customer.TABLE):
        assert not any(entry.writes for route, entry in table.items() if route.method == "GET")
        assert all(route.method in {"GET", "POST", "PATCH"} for route in table)


def test_a_customers_token_opens_no_console_and_staff_no_portal(as_staff, as_customer):
    console, portal = as_staff("billing"), as_customer("ada")
    console.bearer, portal.bearer = portal.bearer, console.bearer

    assert console.get("/v1/accounts").status == 401
    assert portal.get("/v1/accounts").status == 401


def test_support_edits_customers_but_sells_no_new_price(as_staff):
    support = as_staff("support")
    account_id = open_customer(support, "Ada")

    assert support.post(f"/v1/accounts/{account_id}/notes", {"text": "hello"}).status == 201
    assert support.post("/v1/bill-runs", {"anchor": 1, "period": "2026-10-01"}).status == 403

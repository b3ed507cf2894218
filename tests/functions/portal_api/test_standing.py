"""Staff who are disabled, or lose a group, while the token of a quarter of an hour still lives."""

from datetime import timedelta

import boto3
import pytest
import time_machine
from botocore.stub import Stubber

from billing.adapters import aws
from billing.adapters.standing import AGE_MAX
from billing.store.tables import AccountRow
from tests.functions.portal_api.world import NOW, POOLS

WHO = {"UserPoolId": POOLS["staff"][0], "Username": "mira"}
PARTY = {"kind": "person", "name": "Ada"}


def read_and_write(door) -> tuple[int, int]:
    return door.get("/v1/accounts").status, door.post("/v1/parties", PARTY).status


def dismiss(_):
    boto3.client("cognito-idp").admin_disable_user(**WHO)


def delete(_):
    boto3.client("cognito-idp").admin_delete_user(**WHO)


@pytest.mark.parametrize("end", [dismiss, delete])
def test_whoever_is_disabled_writes_nothing_from_then_on_and_reads_nothing_soon(as_staff, end):
    mira = as_staff("billing")
    assert mira.get("/v1/accounts").status == 200

    end(mira)
    before = AccountRow.count()
    assert mira.get("/v1/accounts").status == 200  # as told within the last seconds
    with time_machine.travel(NOW + AGE_MAX, tick=False):
        assert read_and_write(mira) == (401, 401)
    assert mira.post("/v1/parties", PARTY).status == 401
    assert read_and_write(mira) == (401, 401)  # and what was told before is not believed again
    assert AccountRow.count() == before


def test_a_browser_of_somebody_disabled_is_led_to_the_sign_in_page(as_staff):
    mira = as_staff("billing")
    dismiss(mira)
    with time_machine.travel(NOW + AGE_MAX, tick=False):
        led = mira.get("/console")

    assert (led.status, led.headers["Location"]) == (303, "/signin?next=%2Fconsole")


def test_a_group_that_was_taken_away_gives_no_right_though_the_token_still_names_it(as_staff):
    mira = as_staff("billing", "auditor")
    boto3.client("cognito-idp").admin_remove_user_from_group(**WHO, GroupName="billing")

    assert mira.post("/v1/parties", PARTY).status == 403
    with time_machine.travel(NOW + AGE_MAX, tick=False):
        assert read_and_write(mira) == (200, 403)


def test_a_group_that_was_added_counts_with_the_next_token_and_not_before(as_staff):
    mira = as_staff("auditor")
    boto3.client("cognito-idp").create_group(UserPoolId=WHO["UserPoolId"], GroupName="billing")
    boto3.client("cognito-idp").admin_add_user_to_group(**WHO, GroupName="billing")

    assert mira.post("/v1/parties", PARTY).status == 403


def test_whoever_is_enabled_again_goes_on(as_staff):
    mira = as_staff("billing")
    dismiss(mira)
    assert mira.post("/v1/parties", PARTY).status == 401
    boto3.client("cognito-idp").admin_enable_user(**WHO)

    assert read_and_write(mira) == (200, 201)


def test_while_the_pool_cannot_be_asked_nobody_comes_in_on_an_old_word(as_staff):
    mira = as_staff("billing")
    assert mira.get("/v1/accounts").status == 200
    with (
        Stubber(aws.client("cognito-idp")) as pool,
        time_machine.travel(NOW + timedelta(minutes=1)),
    ):
        pool.add_client_error("admin_get_user", "InternalErrorException")
        answer = mira.get("/v1/accounts")

    assert answer.status == 500

"""The door for webhooks: what is real is kept and queued, everything else changes nothing."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import time_machine

from billing.core.payment import hint_from
from billing.store.tables import AccountRow
from functions.payments_webhook import receive
from local.processor.webhooks import signature
from tests import faults
from tests.functions.payments_webhook.world import (
    WEBHOOK_SECRET,
    Context,
    World,
    api_event,
    put_secret,
)

EVENT = {
    "id": "evt_1",
    "object": "event",
    "created": 1795348800,
    "livemode": False,
    "type": "payment_intent.succeeded",
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}
BODY = json.dumps(EVENT).encode()


def rows() -> list[str]:
    """Every row of the accounts table that is not of the account itself."""
    return [row.pk for row in AccountRow.scan() if row.pk.startswith(("HOOK#", "PMT#"))]


def test_a_real_event_is_kept_queued_and_answered(world: World):
    answer = world.post_webhook(EVENT)

    assert answer["statusCode"] == 200
    assert rows() == ["HOOK#evt_1"]
    (message,) = world.take_messages()
    hint = hint_from(json.loads(message["Body"]))
    assert (hint.event_id, hint.object_id, hint.payment_id) == ("evt_1", "pi_1", "pi_1")


def test_nothing_of_the_payload_but_ids_is_kept_or_queued(world: World):
    secret_thing = {"email": "zoe@example.org", "name": "Zoë"}
    thing = {"id": "cs_1", "object": "checkout.session", "customer_details": secret_thing}
    world.post_webhook({**EVENT, "data": {"object": thing}})
    (message,) = world.take_messages()
    kept = AccountRow.get("HOOK#evt_1", "EVENT")
    assert "zoe" not in (message["Body"] + str(kept.body)).lower()


def test_an_event_delivered_twice_is_kept_once_and_queued_each_time(world: World):
    # The first delivery may have died between the two.
    world.post_webhook(EVENT)
    world.post_webhook({**EVENT, "pending_webhooks": 3})
    assert rows() == ["HOOK#evt_1"]
    assert len(world.take_messages()) == 2


def test_a_body_in_base64_is_what_was_signed(world: World):
    body = json.dumps({**EVENT, "description": "Zoë ✓"}, ensure_ascii=False).encode()
    assert world.post_webhook(body, as_base64=True)["statusCode"] == 200


def test_the_header_is_found_however_it_is_written(world: World):
    event = api_event(BODY, "")
    event["headers"] = {"Stripe-Signature": signature(BODY, WEBHOOK_SECRET)}
    assert receive.lambda_handler(event, Context())["statusCode"] == 200


def signed(body: bytes, at: datetime | None = None) -> str:
    return signature(body, WEBHOOK_SECRET, None if at is None else at.timestamp())


def refused_requests() -> dict[str, dict]:
    moment = datetime.now(UTC)
    changed = BODY.replace(b"pi_1", b"pi_2")
    live = json.dumps({**EVENT, "livemode": True}).encode()
    listed = b"[1, 2]"
    base64_of_nothing = api_event(BODY, signed(BODY))
    base64_of_nothing.update(body="###", isBase64Encoded=True)
    bare = {"body": None, "isBase64Encoded": False}
    return {
        "unsigned": api_event(BODY, ""),
        "signed by another": api_event(BODY, signature(BODY, "whsec_other")),
        "a header of nonsense": api_event(BODY, "t=;v1=;;,,=" * 20),
        "changed on the way": api_event(changed, signed(BODY)),
        "ten minutes old": api_event(BODY, signed(BODY, moment - timedelta(minutes=10))),
        "ten minutes ahead": api_event(BODY, signed(BODY, moment + timedelta(minutes=10))),
        "live": api_event(live, signed(live)),
        "a list": api_event(listed, signed(listed)),
        "empty": api_event(b"", signed(b"")),
        "no event": api_event(b'{"a": 1}', signed(b'{"a": 1}')),
        "not base64": base64_of_nothing,
        "no body": {**bare, "headers": {}},
        "no headers": {**bare, "headers": None},
        "nothing at all": {},
    }


@pytest.mark.parametrize("what", refused_requests())
def test_what_is_not_real_is_a_problem_and_changes_nothing(world: World, what: str):
    answer = receive.lambda_handler(refused_requests()[what], Context())

    assert answer["statusCode"] == 400
    assert answer["headers"]["content-type"] == "application/problem+json"
    problem = json.loads(answer["body"])
    assert problem["status"] == 400
    assert problem["title"].endswith("Webhook")
    assert (rows(), world.take_messages()) == ([], [])


def test_the_previous_secret_is_good_while_it_rolls(world: World):
    put_secret(webhook_secrets=["whsec_new", WEBHOOK_SECRET])
    assert world.post_webhook(EVENT)["statusCode"] == 200


def test_a_rolled_secret_is_noticed_with_the_first_event_it_signs(world: World):
    assert world.post_webhook(EVENT)["statusCode"] == 200
    put_secret(webhook_secrets=["whsec_new", WEBHOOK_SECRET])
    assert world.post_webhook(EVENT, signature(BODY, "whsec_new"))["statusCode"] == 200


def test_a_flood_of_forgeries_asks_for_the_secret_once_a_minute(world: World):
    world.post_webhook(EVENT)
    forged = api_event(BODY, signature(BODY, "whsec_other"))

    def flood() -> None:
        for _ in range(20):
            receive.lambda_handler(forged, Context())

    assert faults.calls_of(flood) == 1
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        assert faults.calls_of(flood) == 1


def test_with_a_live_key_test_events_are_refused(world: World):
    put_secret(api_key="sk_live_x")
    problem = json.loads(world.post_webhook(EVENT)["body"])
    assert problem["title"] == "WrongModeWebhook"


def test_behind_cloudfront_only_what_came_through_it_is_read(world: World, monkeypatch):
    client = boto3.client("secretsmanager")
    client.create_secret(Name="demarc/test/origin", SecretString="from-cloudfront")
    monkeypatch.setenv("ORIGIN_SECRET", "demarc/test/origin")
    event = api_event(BODY, signed(BODY))
    assert receive.lambda_handler(event, Context())["statusCode"] == 400
    event["headers"]["x-origin-secret"] = "from-cloudfront"
    assert receive.lambda_handler(event, Context())["statusCode"] == 200


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_door_that_dies_anywhere_loses_no_event(world: World, when: faults.When):
    calls = faults.calls_of(lambda: world.post_webhook(EVENT))
    world.take_messages()
    for call in range(1, calls + 1):
        event = {**EVENT, "id": f"evt_{call}"}
        faults.killed(lambda event=event: world.post_webhook(event), call, when)
        world.post_webhook(event)
        queued = {json.loads(one["Body"])["event_id"] for one in world.take_messages()}
        assert queued == {event["id"]}
        assert f"HOOK#{event['id']}" in rows()


def test_kept_events_expire_after_five_weeks(world: World):
    world.post_webhook(EVENT)
    kept = boto3.client("dynamodb").get_item(
        TableName=AccountRow.Meta.table_name, Key={"pk": {"S": "HOOK#evt_1"}, "sk": {"S": "EVENT"}}
    )["Item"]
    days = (int(kept["expires"]["N"]) - datetime.now(UTC).timestamp()) / 86_400
    assert 34.9 < days < 35.1

"""Usage as the API shows it, and what could not be counted."""

import json
import os
from datetime import UTC, datetime

import boto3

from billing.config import load_isp
from billing.core.usage import mediate, open_pack
from billing.store import suspense, usage
from functions.portal_api import openapi
from tests.core.usage.facts import ARRIVED, KEYS, MB, call, level, pack, record
from tests.functions.portal_api.browsing import words
from tests.functions.portal_api.world import give_login, open_customer

BEGAN = datetime(2026, 11, 2, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def counted(*records) -> None:
    """Records as the live door stores them."""
    settings = usage.settings_of(load_isp())
    batch = mediate([open_pack(pack(list(records)), KEYS, ARRIVED)], settings)
    usage.put(batch.segments, settings)
    suspense.put(batch.suspended, settings)


def a_record(octets: int, user: str = "ada@isp.example", **fields):
    known = {"user_name": user, "nas_id": "cork-bng-1"} | fields
    return record(LATER, octets, BEGAN, **known)


def test_usage_is_shown_by_hour_and_day_with_its_age(billing, as_customer):
    account_id = open_customer(billing, "Ada")
    give_login("ada", account_id)
    counted(a_record(70 * MB))
    window = {"accountId": account_id, "since": "2026-11-02T00:00:00Z"}
    window |= {"until": "2026-11-03T00:00:00Z"}
    for door in (billing, as_customer("ada")):
        shown = door.get("/v1/usage", query=window | {"step": "day"}).json
        series = shown["services"][0]
        assert shown["asOf"] == "2026-11-02T09:00:00Z"
        assert series["newest"] == "2026-11-02T09:30:00Z"
        assert (series["octetsIn"], series["octetsOut"]) == (7 * MB, 70 * MB)
        assert [point["octetsOut"] for point in series["points"]] == [70 * MB]

    hours = billing.get("/v1/usage", query=window).json["services"][0]["points"]
    assert len(hours) == 24
    busy = [(one["start"], one["octetsOut"]) for one in hours if one["octetsOut"]]
    assert busy == [("2026-11-02T09:00:00Z", 70 * MB)]


def test_usage_that_nobody_claims_is_listed(billing):
    counted(a_record(5 * MB, "nobody@isp.example"))
    window = {"since": "2026-11-02T00:00:00Z", "until": "2026-11-03T00:00:00Z"}
    shown = billing.get("/v1/usage/unbilled", query=window)

    assert [(one["identity"], one["octetsOut"]) for one in shown.json["data"]] == [
        ("user:nobody@isp.example", 5 * MB)
    ]


def test_a_suspended_record_is_corrected_and_sent_through_again(billing):
    counted(a_record(5 * MB, octets_out=-1))
    listed = billing.get("/v1/suspense").json["data"]
    assert len(listed) == 1

    fixed = json.loads(listed[0]["raw"]) | {"octets_out": 5 * MB}
    place = f"/v1/suspense/{listed[0]['id']}/recycle"
    named = {"idempotency-key": "fix-1"}
    wanted = {"record": fixed, "reason": "sign slipped"}
    sent = billing.post(place, wanted, headers=named)
    assert (sent.status, sent.json["actor"]) == (202, "staff:mira")
    assert billing.post(place, wanted, headers=named).json == sent.json

    url = os.environ["RECYCLE_QUEUE_URL"]
    messages = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    bodies = [json.loads(one["Body"]) for one in messages["Messages"]]
    assert bodies == [{"suspense": listed[0]["id"], "actor": "staff:mira"}]
    assert json.loads(suspense.load(listed[0]["id"]).recyclable) == fixed
    assert billing.post("/v1/suspense/2026-11-02.nope/recycle", wanted).status == 404


def test_the_published_description_is_what_the_routes_say():
    assert openapi.FILE.read_text("utf-8") == openapi.text()
    described = openapi.description()
    assert described["staff"]["openapi"].startswith("3.1")
    assert "/v1/bill-runs/{run_id}/approve" in described["staff"]["paths"]
    assert "/v1/bill-runs" not in described["customer"]["paths"]


def test_a_window_that_ends_before_it_begins_is_refused(billing):
    account_id = open_customer(billing, "Ada")
    query = {
        "accountId": account_id,
        "since": "2026-11-02T00:00:00Z",
        "until": "2026-11-01T00:00:00Z",
    }
    refused = billing.get("/v1/usage", query=query)

    assert (refused.status, refused.pointers) == (422, ["query/until"])
    wide = query | {"since": "2024-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}
    assert billing.get("/v1/usage", query=wide).status == 422


def test_calls_and_traffic_that_nobody_claims_are_shown_to_staff(billing):
    settings = usage.settings_of(load_isp())
    records = [call(BEGAN, 61), level(BEGAN, 80, 20, nas_id="cork-bng-1")]
    batch = mediate([open_pack(pack(records), KEYS, ARRIVED)], settings)
    usage.put((), settings, calls=batch.calls, levels=batch.levels)

    text = words(billing.get("/console/suspense"))

    assert "tel:+353214960000 within the last 31 days 1 call, 2 min" in text
    assert "port:cork-bng-1/ge-0/0/7 within the last 31 days 5 min with traffic" in text

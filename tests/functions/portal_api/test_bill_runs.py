"""Bill runs steered through the API. The workflows themselves are tested with their states."""

import json
import os

import boto3
import pytest

from billing.core.invoicing import Parked
from billing.store import runs
from billing.store.run_rows import Review
from billing.store.timeline import Event, list_isp_events
from tests.functions.portal_api.world import NOW

OCTOBER = {"anchor": 1, "period": "2026-10-01"}
DIGEST = "a" * 64


def executions(machine: str, monkeypatch) -> list[tuple[str, dict]]:
    """(name, input) of the workflow's executions, by name."""
    client = boto3.client("stepfunctions")
    arn = os.environ[f"{machine}_MACHINE_ARN"]
    found = client.list_executions(stateMachineArn=arn)["executions"]
    described = [client.describe_execution(executionArn=one["executionArn"]) for one in found]
    return sorted((one["name"], json.loads(one["input"])) for one in described)


def told(text: str) -> Event:
    return Event("run.tested", "system:t", "run", text, NOW)


def prepared(run_id: str, revision: int = 1, digest: str = DIGEST, parked: int = 0) -> None:
    """What the prepare workflow leaves behind."""
    runs.park(
        run_id,
        revision,
        [Parked(f"acc_{n}", "MissingTaxPlace", "no tax country") for n in range(parked)],
    )
    review = Review(revision, digest, (), 0, parked, {}, NOW)
    runs.save_review(run_id, review, told(f"review {revision}"))


def test_a_closed_period_is_prepared_by_the_workflow_and_nothing_is_issued(billing, monkeypatch):
    started = billing.post("/v1/bill-runs", OCTOBER)

    assert started.status == 202, started.text
    assert (started.json["state"], started.json["revision"]) == ("preparing", 1)
    assert executions("PREPARE", monkeypatch) == [
        (
            "cycle-01-2026-10-01-1",
            {
                "cycle": OCTOBER,
                "attempt": 1,
                "actor": "staff:mira",
                "supplementary": False,
            },
        )
    ]
    assert executions("ISSUE", monkeypatch) == []


def test_a_second_run_for_the_same_cycle_is_refused_and_named(billing, monkeypatch):
    first = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    second = billing.post("/v1/bill-runs", OCTOBER)

    assert second.status == 409
    assert second.json["type"] == "urn:demarc:problem:cycle-already-run"
    assert first in second.json["detail"]
    assert len(executions("PREPARE", monkeypatch)) == 1


def test_the_same_request_again_is_answered_and_starts_nothing(billing, monkeypatch):
    named = {"idempotency-key": "october"}
    first = billing.post("/v1/bill-runs", OCTOBER, headers=named)
    again = billing.post("/v1/bill-runs", OCTOBER, headers=named)

    assert first.json == again.json
    assert len(executions("PREPARE", monkeypatch)) == 1


def test_what_is_no_closed_period_is_refused_with_the_fix(billing):
    for anchor, period, words in (
        (1, "2026-11-01", "bill it from that day on"),
        (1, "2026-10-02", "begins on 2026-10-01"),
        (7, "2026-10-07", "its cycles begin on 1, 15"),
    ):
        refused = billing.post("/v1/bill-runs", {"anchor": anchor, "period": period})
        assert refused.status == 422
        assert words in refused.json["detail"]


def test_a_review_shows_who_is_parked_and_is_prepared_again_after_mending(billing, monkeypatch):
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    prepared(run_id)
    shown = billing.get(f"/v1/bill-runs/{run_id}").json
    assert (shown["state"], shown["review"]["digest"]) == ("review", DIGEST)

    again = billing.post(f"/v1/bill-runs/{run_id}/prepare", {"reason": "tax country mended"})
    assert (again.status, again.json["revision"], again.json["state"]) == (202, 2, "preparing")
    names = [name for name, _ in executions("PREPARE", monkeypatch)]
    assert len(names) == 2
    assert names[1].startswith("cycle-01-2026-10-01-2-")


def test_an_approval_names_what_was_seen_and_starts_issuing(billing, monkeypatch):
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    prepared(run_id)
    seen = {"revision": 1, "digest": DIGEST}
    approved = billing.post(f"/v1/bill-runs/{run_id}/approve", seen)

    assert (approved.status, approved.json["state"]) == (202, "approved")
    assert approved.json["approvedBy"] == "staff:mira"
    assert executions("ISSUE", monkeypatch) == [
        (f"issue-{run_id}-r1-1", {"run": run_id, "revision": 1, "actor": "staff:mira"})
    ]


@pytest.mark.parametrize(
    "seen", [{"revision": 1, "digest": "b" * 64}, {"revision": 2, "digest": DIGEST}]
)
def test_an_approval_of_anything_else_is_refused_and_issues_nothing(billing, monkeypatch, seen):
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    prepared(run_id)
    refused = billing.post(f"/v1/bill-runs/{run_id}/approve", seen)

    assert refused.status == 409
    assert refused.json["type"] == "urn:demarc:problem:digest-changed"
    assert executions("ISSUE", monkeypatch) == []
    assert runs.load_run(run_id).state == "review"


def test_two_approvals_of_the_same_start_issuing_once(as_staff, monkeypatch):
    mira, noor = as_staff("billing", name="mira"), as_staff("billing", name="noor")
    run_id = mira.post("/v1/bill-runs", OCTOBER).json["id"]
    prepared(run_id)
    seen = {"revision": 1, "digest": DIGEST}

    assert mira.post(f"/v1/bill-runs/{run_id}/approve", seen).status == 202
    assert noor.post(f"/v1/bill-runs/{run_id}/approve", seen).status == 202
    assert len(executions("ISSUE", monkeypatch)) == 1
    assert runs.load_run(run_id).approved_by == "staff:mira"


def test_a_run_that_is_still_prepared_cannot_be_approved(billing):
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    refused = billing.post(f"/v1/bill-runs/{run_id}/approve", {"revision": 1, "digest": DIGEST})

    assert refused.status == 409


def test_who_was_parked_comes_in_a_supplementary_run(billing, monkeypatch):
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    prepared(run_id, parked=1)
    place = f"/v1/bill-runs/{run_id}/supplementary"
    assert billing.post(place).status == 409  # not closed yet

    billing.post(f"/v1/bill-runs/{run_id}/approve", {"revision": 1, "digest": DIGEST})
    runs.save_closed(run_id, told("closed"))
    made = billing.post(place)

    assert made.status == 202, made.text
    assert made.json["supplementOf"] == run_id
    assert executions("PREPARE", monkeypatch)[-1][1]["supplementary"] is True
    assert billing.post(place).status == 409


def test_runs_are_listed_newest_first_with_their_reviews(billing):
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    billing.post("/v1/bill-runs", {"anchor": 1, "period": "2026-09-01"})
    prepared(run_id)
    listed = billing.get("/v1/bill-runs").json["data"]

    assert [row["period"]["start"] for row in listed] == ["2026-10-01", "2026-09-01"]
    assert [row["review"] is not None for row in listed] == [True, False]
    assert billing.get("/v1/bill-runs/run_nope").status == 404


def end_all(machine: str) -> None:
    """The workflow's executions fail, as after an outage."""
    client = boto3.client("stepfunctions")
    arn = os.environ[f"{machine}_MACHINE_ARN"]
    for one in client.list_executions(stateMachineArn=arn)["executions"]:
        client.stop_execution(executionArn=one["executionArn"])


def test_an_approved_run_whose_execution_failed_is_issued_again(as_staff, monkeypatch):
    mira, noor = as_staff("billing", name="mira"), as_staff("billing", name="noor")
    run_id = mira.post("/v1/bill-runs", OCTOBER).json["id"]
    place = f"/v1/bill-runs/{run_id}"
    assert mira.post(f"{place}/issue").status == 409  # it is still prepared
    prepared(run_id)
    assert mira.post(f"{place}/issue").status == 409  # nobody approved it
    mira.post(f"{place}/approve", {"revision": 1, "digest": DIGEST})

    refused = noor.post(f"{place}/issue")
    assert (refused.status, refused.json["title"]) == (409, "Run under way")
    end_all("ISSUE")
    named = {"idempotency-key": "again-1"}
    again = noor.post(f"{place}/issue", headers=named)
    assert again.status == 202, again.text
    assert noor.post(f"{place}/issue", headers=named).json == again.json
    assert noor.post(f"{place}/issue").status == 409  # now that one runs

    started = executions("ISSUE", monkeypatch)
    assert len(started) == 2
    assert {given["actor"] for _, given in started} == {"staff:mira"}  # who approved it
    told_of = [(one.kind, one.actor) for one in list_isp_events().items]
    assert ("bill-run.issued-again", "staff:noor") in told_of


def test_a_closed_run_is_not_issued_again(billing):
    run_id = billing.post("/v1/bill-runs", OCTOBER).json["id"]
    prepared(run_id)
    billing.post(f"/v1/bill-runs/{run_id}/approve", {"revision": 1, "digest": DIGEST})
    runs.save_closed(run_id, told("closed"))
    refused = billing.post(f"/v1/bill-runs/{run_id}/issue")

    assert refused.status == 409
    assert "is in state closed" in refused.json["detail"]


def test_what_is_being_prepared_is_prepared_again_only_after_its_execution_failed(
    billing, monkeypatch
):
    place = f"/v1/bill-runs/{billing.post('/v1/bill-runs', OCTOBER).json['id']}/prepare"
    wanted = {"reason": "an outage"}
    assert billing.post(place, wanted).json["title"] == "Run under way"
    end_all("PREPARE")
    again = billing.post(place, wanted)

    assert (again.status, again.json["revision"]) == (202, 1)
    assert len(executions("PREPARE", monkeypatch)) == 2
    assert billing.post(place, wanted).status == 409

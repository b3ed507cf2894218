"""Usage through its doors: whatever comes in ends stored or in suspense, once."""

import base64
import json

import boto3
import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynamodb.exceptions import PutError

from billing.core.usage import canonical, mediate
from billing.store import collectors, suspense, usage
from billing.store.tables import UsageRow
from edge import packs
from edge.spool import Spooled
from functions.ingest_usage import fold, live, recycled, shared
from tests import faults
from tests.core.usage.facts import (
    KEY,
    MB,
    OCTOBER,
    at,
    call,
    days_of,
    deliveries,
    held,
    level,
    opened,
    pack,
    record,
    sessions,
)
from tests.functions.ingest_usage.doors import Context, kinesis, sqs

pytestmark = pytest.mark.usefixtures("collector")
DONE = {"batchItemFailures": []}
CONTEXT = Context()
BEGAN, NOW = at("10-02 09:00"), at("10-02 10:00")
CLAIMS = [held("user:aoife", "svc_1", at("01-01 00:00"))]
BAD = record(NOW, 7 * MB, BEGAN, octets_out=-1)


def downloaded():
    found = usage.of(CLAIMS, {"svc_1": [OCTOBER.span]}, shared.settings())
    return found["svc_1"][0].octets_out


def deliver(*packs):
    return live.lambda_handler(kinesis(*packs), CONTEXT)


def test_a_pack_from_the_stream_is_usage():
    assert deliver(pack([record(NOW, 7 * MB, BEGAN)])) == DONE

    assert downloaded() == 7 * MB
    (one,) = collectors.list_collectors()
    assert (one.stored, one.holes) == (1, ())


def test_bad_records_go_into_suspense_and_the_good_ones_beside_them_count():
    noise = b"\x00\xff not JSON"

    assert deliver(noise, pack([BAD, record(NOW, 7 * MB, BEGAN)]), pack([], key=b"forged")) == DONE

    found = {one.reason: one for one in suspense.list_suspense()}
    assert set(found) == {"unreadable", "malformed", "forged"}
    assert base64.b64decode(found["unreadable"].raw) == noise
    assert json.loads(found["malformed"].raw) == BAD
    assert downloaded() == 7 * MB
    (one,) = collectors.list_collectors()
    assert (one.stored, one.suspended) == (1, 1)


def test_the_same_batch_again_writes_the_same_rows():
    event = kinesis(pack([BAD, record(NOW, 7 * MB, BEGAN)]), b"noise")
    live.lambda_handler(event, CONTEXT)
    rows = sorted(json.dumps(row.serialize(), default=str) for row in UsageRow.scan())

    live.lambda_handler(event, CONTEXT)

    assert sorted(json.dumps(row.serialize(), default=str) for row in UsageRow.scan()) == rows


def test_a_fault_of_the_infrastructure_rises_so_that_the_stream_delivers_again():
    boto3.client("dynamodb").delete_table(TableName="demarc-usage-test")

    with pytest.raises(PutError):
        deliver(pack([record(NOW, 7 * MB, BEGAN)]))


LINES = [
    held("tel:+353214960000", "svc_1", at("01-01 00:00")),
    held("port:bng-1/ge-0/0/7", "svc_1", at("01-01 00:00")),
]


def calls_and_levels():
    calls = usage.calls_of(LINES, OCTOBER.span, shared.settings())["svc_1"]
    samples = usage.samples_of(LINES, OCTOBER.span, shared.settings())["svc_1"]
    return [one.seconds for one in calls], [(one.down, one.up) for one in samples]


def test_calls_and_levels_of_a_pack_are_kept_beside_its_octets():
    bad = call(BEGAN, 61, call_id="b", caller="021 496 0000")

    assert deliver(
        pack([record(NOW, 7 * MB, BEGAN), call(BEGAN, 61), bad, level(NOW, 80, 20)])
    ) == (DONE)

    assert downloaded() == 7 * MB
    assert calls_and_levels() == ([61], [(80, 20)])
    (suspended,) = suspense.list_suspense()
    assert json.loads(suspended.raw) == bad
    (one,) = collectors.list_collectors()
    assert (one.stored, one.suspended) == (3, 1)


def test_calls_and_levels_travel_in_the_calls_of_the_segments():
    octets = [record(NOW, MB, BEGAN)]
    others = [call(BEGAN, n, call_id=f"c{n}") for n in range(1, 11)]
    others += [level(BEGAN, n, n) for n in range(10)]
    deliver(pack(octets))

    alone = faults.calls_of(lambda: deliver(pack(octets, first_seq=2)))
    together = faults.calls_of(lambda: deliver(pack([*octets, *others], first_seq=3)))

    assert together == alone


def test_a_call_that_was_corrected_counts_and_so_does_a_pack_of_calls_from_a_file():
    deliver(pack([call(BEGAN, 61, caller="021 496 0000")]))
    (one,) = suspense.list_suspense()
    recycle(one.id, call(BEGAN, 61))
    content = {"v": 1, "collector": "cdr-october", "boot": "1", "first_seq": 1}
    cdrs = [call(NOW, 30, call_id="c2"), call(BEGAN, 61)]

    recycled.lambda_handler(sqs(json.dumps({**content, "records": cdrs})), CONTEXT)

    assert suspense.list_suspense() == []
    assert calls_and_levels() == ([61, 30], [])


def test_logs_name_no_number_that_was_called(caplog):
    deliver(pack([call(BEGAN, 61), call(BEGAN, 61, called="0123456789")]))

    out = " ".join(str(vars(line)) for line in caplog.records)
    assert "usage batch" in out
    assert "353214960000" not in out
    assert "0123456789" not in out


def test_a_thousand_records_cost_one_call_per_25_segments():
    records = [record(NOW, MB, BEGAN, user_name=f"u{n}") for n in range(1000)]
    packs = [pack(records[n : n + 500], first_seq=n + 1) for n in (0, 500)]

    calls = faults.calls_of(lambda: deliver(*packs))

    # The key of the collector, one batch of segments, one of intervals.
    assert calls <= 3
    assert sum(1 for row in UsageRow.scan() if row.pk.startswith("SEG#")) <= 4


def test_a_key_that_was_renewed_a_moment_ago_is_not_a_forgery(collector):
    deliver(pack([record(NOW, 7 * MB, BEGAN)]))
    collector({"col-1": b"a new key".hex()})

    deliver(pack([record(NOW, 9 * MB, BEGAN)], key=b"a new key"))

    assert suspense.list_suspense() == []
    assert downloaded() == 9 * MB


def test_forgeries_cannot_make_us_ask_for_the_keys_all_the_time():
    deliver(pack([], key=b"forged"))

    calls = faults.calls_of(lambda: deliver(pack([], key=b"forged again")))

    assert "GetSecretValue" not in faults.calls_made()
    assert calls


def test_logs_carry_no_payload(caplog):
    deliver(pack([BAD, record(NOW, 7 * MB, BEGAN, user_name="secretive-name")]))

    out = " ".join(str(vars(line)) for line in caplog.records)
    assert "usage batch" in out
    assert "secretive-name" not in out
    assert "aoife" not in out


def test_a_pack_from_a_file_needs_no_signature():
    content = {"v": 1, "collector": "file-october", "boot": "1", "first_seq": 1}
    body = json.dumps({**content, "records": [record(NOW, 7 * MB, BEGAN)]})

    assert recycled.lambda_handler(sqs(body), CONTEXT) == DONE

    assert downloaded() == 7 * MB


def recycle(id, corrected=None):
    if corrected is not None:
        known = suspense.load(id)
        suspense.save_correction(id, canonical(corrected), known.version, "orla", NOW)
    body = json.dumps(suspense.message_of(suspense.load(id), "orla"))
    return recycled.lambda_handler(sqs(body), CONTEXT)


def test_a_corrected_record_counts_and_leaves_the_open_list():
    deliver(pack([BAD]))
    (one,) = suspense.list_suspense()

    assert recycle(one.id, {**BAD, "octets_out": 7 * MB}) == DONE

    assert downloaded() == 7 * MB
    assert suspense.list_suspense() == []
    assert suspense.load(one.id).actor == "orla"
    deliver(pack([BAD]))  # the original once more: known, and recycled it stays
    assert suspense.list_suspense() == []


def test_a_record_that_is_refused_again_stays_open_with_the_reason_of_now():
    deliver(pack([BAD]))
    (one,) = suspense.list_suspense()

    recycle(one.id, {**BAD, "octets_out": 7 * MB, "type": "refund"})

    (still,) = suspense.list_suspense()
    assert (still.id, still.reason) == (one.id, "unknown-type")
    assert json.loads(still.raw) == BAD
    assert downloaded() == 0


def test_a_pack_of_an_unknown_collector_counts_once_it_is_registered(collector):
    data = pack([record(NOW, 7 * MB, BEGAN)], collector="col-2", key=b"second")
    deliver(data)
    (one,) = suspense.list_suspense()
    recycle(one.id)
    assert suspense.load(one.id).state == "open"

    collector({"col-2": b"second".hex()})
    shared.forget_keys()
    shared.fresh_collector_keys(NOW)
    recycle(one.id)

    assert suspense.load(one.id).state == "recycled"
    assert downloaded() == 7 * MB


def test_a_message_that_is_no_message_is_kept():
    recycled.lambda_handler(sqs("{", "[]", '{"suspense":"2026-10-01.ff","record":{}}'), CONTEXT)

    assert [one.reason for one in suspense.list_suspense()] == ["unreadable", "unreadable"]


@time_machine.travel("2026-10-02T11:30:00Z", tick=False)
def test_folding_takes_the_closed_hours_and_changes_no_figure():
    deliver(pack([record(at("10-02 10:10"), 7 * MB, BEGAN)]))
    deliver(pack([record(at("10-02 11:10"), 9 * MB, BEGAN)], first_seq=2))

    done = fold.lambda_handler({}, CONTEXT)

    assert done == {"items": 1, "segments": 1, "intervals": 2, "buckets_left": []}
    assert downloaded() == 9 * MB
    named = {"days": ["2026-10-02"], "buckets": list(range(shared.settings().buckets))}
    assert fold.lambda_handler(named, CONTEXT)["segments"] == 1
    assert downloaded() == 9 * MB


def test_folding_stops_in_time_and_says_what_is_left():
    buckets = list(range(shared.settings().buckets))

    assert fold.lambda_handler({}, Context(milliseconds=1_000))["buckets_left"] == buckets


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_usage_through_the_door_is_the_same_however_it_was_delivered(data):
    for row in UsageRow.scan():
        row.delete()
    records = data.draw(sessions(["aoife"], OCTOBER.span.start, 60))
    claims = [
        held("user:aoife", "svc_1", at("01-01 00:00"), at("10-02 07:20")),
        held("user:aoife", "svc_2", at("10-02 07:20")),
    ]
    windows = [OCTOBER.span, *days_of(OCTOBER)[:4]]

    def read():
        found = usage.of(claims, {"svc_1": windows, "svc_2": windows}, shared.settings())
        page = usage.series(claims, OCTOBER.span, shared.settings())
        return found, page.hours, page.days

    ordered = sorted(records, key=lambda one: one["received_at"])
    usage.put(mediate(opened(pack(ordered)), shared.settings()).segments, shared.settings())
    expected = read()
    for row in UsageRow.scan():
        row.delete()

    for batch in data.draw(deliveries(records)):
        assert live.lambda_handler(kinesis(*batch), CONTEXT) == DONE
        if data.draw(st.booleans()):
            buckets = data.draw(st.sets(st.integers(0, shared.settings().buckets - 1)))
            fold.lambda_handler({"days": None, "buckets": sorted(buckets)}, CONTEXT)

    assert read() == expected


def test_what_the_collector_signs_is_accepted_as_it_is():
    body = canonical(record(NOW, 7 * MB, BEGAN, user_name="síle"))
    packed = packs.Pack((Spooled(place=1, boot="b1", seq=1, body=body),))

    deliver(packs.signed(packed, "col-1", KEY))

    assert suspense.list_suspense() == []
    (one,) = collectors.list_collectors()
    assert (one.boot, one.stored) == ("b1", 1)


def test_an_assignment_given_twice_is_one_assignment():
    deliver(pack([record(NOW, 7 * MB, BEGAN)]))

    found = usage.of([*CLAIMS, *CLAIMS], {"svc_1": [OCTOBER.span]}, shared.settings())

    assert found["svc_1"][0].octets_out == 7 * MB

"""The live door meets hostile Kinesis records: it never raises, and what is bad is in suspense."""

import base64
import json
from random import Random

import pytest

from billing.core.usage import canonical, sealed
from billing.core.usage.mediation import REFUSED_APART_MAX
from billing.store import collectors, suspense, usage
from billing.store.tables import UsageRow
from functions.ingest_usage import fold, live, recycled, shared
from tests import faults
from tests.core.usage.facts import KEY, MB, OCTOBER, at, held, pack, record
from tests.functions.ingest_usage.conftest import collector  # noqa: F401 - a fixture
from tests.functions.ingest_usage.doors import Context, kinesis, sqs
from tests.fuzz.mutations import bent_fields, bent_json, bent_octets

pytestmark = pytest.mark.usefixtures("collector")
DONE = {"batchItemFailures": []}
CONTEXT = Context()
BEGAN, NOW = at("10-02 09:00"), at("10-02 10:00")
GOOD = record(NOW, 7 * MB, BEGAN)
CLAIMS = [held("user:aoife", "svc_1", at("01-01 00:00"))]


def deliver(*packs: bytes) -> None:
    assert live.lambda_handler(kinesis(*packs), CONTEXT) == DONE


def downloaded() -> int:
    found = usage.of(CLAIMS, {"svc_1": [OCTOBER.span]}, shared.settings())
    return found["svc_1"][0].octets_out


def test_three_hundred_hostile_records_stop_no_batch_and_none_is_lost():
    draw = Random(300)
    kept: dict[str, int] = {}
    for number in range(12):
        hostile = []
        for _ in range(25):
            content = {
                "v": 1,
                "collector": "col-1",
                "boot": "b9",
                "first_seq": 7,
                "records": [GOOD],
            }
            try:
                signed = sealed(bent_fields(content, draw), KEY)
            except RecursionError:
                signed = b"{"
            ways = (signed, bent_json(content, draw), bent_octets(signed, draw), draw.randbytes(60))
            hostile.append(draw.choice(ways))
        good = pack([record(NOW, (number + 1) * MB, BEGAN)], first_seq=number + 1)

        deliver(*hostile[:12], good, *hostile[12:])

        assert downloaded() >= (number + 1) * MB  # the batch went on
    for one in suspense.list_suspense(limit=10_000):
        assert one.reason
        assert one.problem
        kept[one.reason] = kept.get(one.reason, 0) + 1
    assert {"unreadable", "malformed", "forged", "unknown-collector"} <= kept.keys()
    assert sum(kept.values()) > 150
    fold.lambda_handler({"days": None, "buckets": list(range(shared.settings().buckets))}, CONTEXT)
    assert downloaded() >= 12 * MB


def test_what_cannot_be_read_is_kept_to_the_octet():
    noise = [bytes([n]) * 50 + b"\xff" for n in range(10)]
    deliver(*noise)
    assert {base64.b64decode(one.raw) for one in suspense.list_suspense()} == set(noise)


def test_a_pack_of_a_hundred_thousand_junk_records_is_one_item_and_few_calls():
    junk = pack([number % 10 for number in range(100_000)])

    calls = faults.calls_of(lambda: deliver(junk))

    assert calls <= 6, faults.calls_made()
    (one,) = suspense.list_suspense()
    assert one.reason == "malformed"
    assert one.problem.startswith("100000 of 100000 records of one pack (100000 malformed): record")
    found = json.loads(one.raw)
    assert (found["records"], found["seqs"]) == ([n % 10 for n in range(100_000)], [[1, 100_000]])
    (known,) = collectors.list_collectors()
    assert (known.stored, known.suspended, known.holes) == (0, 100_000, ())
    deliver(junk)
    assert len(suspense.list_suspense()) == 1


def test_what_counts_among_junk_counts_and_the_rest_goes_again_as_one():
    sessions = [f"9f{number:06}" for number in range(REFUSED_APART_MAX + 1)]
    bad = [record(NOW, 7 * MB, BEGAN, session_id=one, octets_out=-1) for one in sessions]
    deliver(pack([GOOD, *bad]))
    assert downloaded() == 7 * MB
    (one,) = suspense.list_suspense()

    mended = json.loads(one.raw)
    for broken in mended["records"]:
        broken["octets_out"] = MB
    suspense.save_correction(one.id, canonical(mended), one.version, "orla", NOW)
    message = suspense.message_of(suspense.load(one.id), "orla")
    assert recycled.lambda_handler(sqs(json.dumps(message)), CONTEXT) == DONE

    assert downloaded() == 7 * MB + len(sessions) * MB
    assert suspense.load(one.id).state == "recycled"


def test_a_pack_that_nobody_signed_does_not_count_by_being_sent_again():
    content = {"v": 1, "collector": "col-1", "boot": "b1", "first_seq": 1, "records": [GOOD]}
    without_numbers = {name: one for name, one in content.items() if name != "first_seq"}
    deliver(*(json.dumps(one).encode() for one in (content, without_numbers)))

    for one in suspense.list_suspense():
        message = suspense.message_of(one, "orla")
        assert recycled.lambda_handler(sqs(json.dumps(message)), CONTEXT) == DONE

    assert [one.reason for one in suspense.list_suspense()] == ["forged", "forged"]
    assert downloaded() == 0


def test_a_pack_larger_than_any_message_can_be_sent_again():
    draw = Random(8)
    names = [draw.randbytes(400).hex() for _ in range(900)]
    deliver(pack([record(NOW, MB, BEGAN, session_id=n) for n in names], collector="col-2"))
    (one,) = suspense.list_suspense()
    assert len(one.raw) > 700_000
    assert len(json.dumps(suspense.message_of(one, "orla"))) < 200


def test_names_as_long_as_radius_allows_make_items_that_dynamodb_takes():
    draw = Random(9)
    names = ["".join(draw.choices("äöüßéèñçøåæ", k=500)) for _ in range(900)]
    few = range(0, 900, 100)
    deliver(
        *(
            pack([record(NOW, MB, BEGAN, session_id=n, user_name=n) for n in names[i : i + 100]])
            for i in few
        )
    )
    fold.lambda_handler({"days": None, "buckets": list(range(shared.settings().buckets))}, CONTEXT)
    for row in UsageRow.scan():
        assert len(row.pk.encode()) <= 2048
        assert len(row.sk.encode()) <= 1024
        assert len(row.data or b"") < 390_000
    assert suspense.list_suspense() == []


def test_a_name_longer_than_a_key_is_suspended_and_folding_goes_on():
    deliver(pack([record(NOW, MB, BEGAN, user_name="é" * 600), GOOD]))
    assert [one.reason for one in suspense.list_suspense()] == ["malformed"]
    fold.lambda_handler({"days": None, "buckets": list(range(shared.settings().buckets))}, CONTEXT)
    assert downloaded() == 7 * MB

"""Usage: batches of the stream, messages of the queue, folding."""

import json
from datetime import UTC, datetime

from billing.core.usage import bucket_of
from billing.store import suspense
from functions.ingest_usage import fold, live, recycled, shared
from tests.core.usage.facts import MB, call, level, pack, record
from tests.functions.ingest_usage.doors import Context, kinesis, sqs
from tests.invariants import octets_stored
from tests.sweep.scenario import Place, Redeliver, Scenario

CONTEXT = Context()
BEGAN, NOW = datetime(2026, 10, 2, 8, tzinfo=UTC), datetime(2026, 10, 2, 9, tzinfo=UTC)
GOOD = record(NOW, 7 * MB, BEGAN, nas_id="cork-bng-1")
OTHER = record(NOW, 9 * MB, BEGAN, nas_id="cork-bng-1", user_name="nuala", session_id="8f02")
BAD = record(NOW, 7 * MB, BEGAN, octets_out=-1)
CALL, LEVEL = call(NOW, 61), level(NOW, 80, 20, nas_id="cork-bng-1")
MEASURED = {
    "user:aoife": (7 * MB // 10, 7 * MB),
    "user:nuala": (9 * MB // 10, 9 * MB),
    "tel:+353214960000": (1, 61),
    "port:cork-bng-1/ge-0/0/7": (80, 20),
}


def a_batch_of_the_stream(place: Place) -> Scenario:
    """Good records, a call and a level, bad records, noise and a forgery."""
    packs = pack([GOOD, BAD, CALL, LEVEL]), pack([OTHER, {**CALL, "caller": "021"}], first_seq=5)
    event = kinesis(packs[0], b"noise", packs[1], pack([], key=b"x"))
    return Scenario(
        "functions.ingest_usage.live.lambda_handler",
        "a batch of the stream",
        lambda: _delivered(live.lambda_handler(event, CONTEXT)),
        octets=MEASURED,
    )


def messages_of_the_queue(place: Place) -> Scenario:
    """A pack of a file, a record that was corrected, one that is refused again, and noise; of the
    call and the level of the file more was heard before."""
    _heard(pack([BAD, {**BAD, "session_id": "8f03"}, CALL, {**LEVEL, "down_bps": 7}]))
    corrected, refused = suspense.list_suspense()
    suspense.save_correction(
        corrected.id, json.dumps(GOOD), corrected.version, "orla", datetime(2026, 11, 1, tzinfo=UTC)
    )
    content = {"v": 1, "collector": "file-october", "boot": "1", "first_seq": 1}
    event = sqs(
        json.dumps({**content, "records": [OTHER, {**CALL, "seconds": 9}, LEVEL]}),
        json.dumps(suspense.message_of(suspense.load(corrected.id), "orla")),
        json.dumps(suspense.message_of(refused, "orla")),
        "noise",
    )
    return Scenario(
        "functions.ingest_usage.recycled.lambda_handler",
        "messages of the queue",
        lambda: _delivered(recycled.lambda_handler(event, CONTEXT)),
        octets=MEASURED,
    )


def closed_hours(place: Place) -> Scenario:
    """Segments of two days of one identity, and of another in the same bucket or not."""
    _heard(pack([GOOD, OTHER, CALL, LEVEL]))
    _heard(pack([record(NOW, 6 * MB, BEGAN, nas_id="cork-bng-1")], first_seq=5))
    measured = octets_stored(place.aws)
    names = ("user:aoife", "user:nuala")
    buckets = sorted({bucket_of(name, shared.settings().buckets) for name in names})
    return Scenario(
        "functions.ingest_usage.fold.lambda_handler",
        "closed hours",
        lambda: fold.lambda_handler({"buckets": buckets}, CONTEXT) and None,
        octets=measured,
    )


def _heard(*packs: bytes) -> None:
    _delivered(live.lambda_handler(kinesis(*packs), CONTEXT))


def _delivered(answer: dict) -> None:
    if answer["batchItemFailures"]:
        raise Redeliver

"""Usage through its stream and its queue as Lambda reads them, with the settings of the template.

Faults at any call of any invocation, outages, poison, shards split and merged at any moment,
pollers that begin anew: every record ends counted once, or in suspense with its reason, or in the
archive, from where an operator sends it again. What befalls one customer's usage touches no other.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.core.usage import canonical, mediate
from billing.store import collectors as received
from billing.store import suspense
from functions.ingest_usage import shared
from tests import faults
from tests.cloud import Cloud
from tests.core.usage.facts import MB, call, level, opened, pack, record
from tests.invariants import broken
from tests.reports import report
from tests.streams.mappings import Mapping
from tests.streams.poller import (
    QueueMapping,
    Stream,
    StreamMapping,
    StreamSettings,
    event_of,
)

LIVE = "functions.ingest_usage.live.lambda_handler"
RECYCLED = "functions.ingest_usage.recycled.lambda_handler"
BEGAN = datetime(2026, 10, 2, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NUMBER, PORT = "tel:+353214960000", "port:bng-1/ge-0/0/7"
USERS = ("aoife", "brian", NUMBER, PORT)
DAY = 86_400

Fault = tuple[int, faults.Kind]


@dataclass
class Sent:
    """What went into the stream or queue, and what must come of it."""

    octets: dict[str, tuple[int, int]] = field(default_factory=dict)
    minutes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    good: int = 0
    poison: int = 0
    sequence: int = 1

    def a_record(self, user: str) -> dict[str, Any]:
        """What is told of a user a minute later."""
        self.minutes[user] += 1
        told = {NUMBER: self.a_call, PORT: self.a_level}.get(user, self.a_session)
        return told(user)

    def a_call(self, number: str) -> dict[str, Any]:
        """A call is told three times: when it is 20 seconds old, 40 seconds, a minute."""
        calls, reports = divmod(self.minutes[number] - 1, 3)
        seconds = 20 * (reports + 1)
        self.octets[number] = (calls + 1, calls * 60 + seconds)
        return call(BEGAN + calls * HOUR, seconds, call_id=f"c{calls}")

    def a_level(self, port: str) -> dict[str, Any]:
        """A slot is told twice: as (100, 5), then as (99, 7)."""
        slots, reports = divmod(self.minutes[port] - 1, 2)
        down, up = ((100, 5), (99, 7))[reports]
        self.octets[port] = ((slots + 1) * 100, slots * 7 + up)
        return level(BEGAN + slots * 5 * MINUTE, down, up)

    def a_session(self, user: str) -> dict[str, Any]:
        """Ten megabytes more."""
        octets = self.minutes[user] * 10 * MB
        told = record(
            BEGAN + self.minutes[user] * MINUTE, octets, BEGAN, user_name=user, session_id=user
        )
        self.octets[f"user:{user}"] = (told["octets_in"], told["octets_out"])
        return told

    def a_pack(self, user: str, **fields: Any) -> bytes:
        made = pack([self.a_record(user)], first_seq=self.sequence, **fields)
        self.good, self.sequence = self.good + 1, self.sequence + 1
        return made

    def a_poison(self, kind: int) -> bytes:
        self.poison += 1
        bad = record(BEGAN + MINUTE, self.poison, BEGAN, octets_out=-self.poison)
        if kind == 0:
            return f"\x00noise {self.poison}".encode()
        if kind == 1:
            return json.dumps([self.poison]).encode()
        if kind == 2:
            return pack([bad], first_seq=self.poison, key=b"forged")
        self.sequence += 1
        return pack([bad], first_seq=self.sequence - 1)


@dataclass
class Function:
    """The real handler, struck at a call when it is told to be."""

    mapping: Mapping
    fault: Fault | None = None
    outage: int = 0  # invocations from now on that reach nothing

    def __call__(self, event: dict[str, Any]) -> Any:
        fault, self.fault = self.fault, None
        if self.outage:
            self.outage -= 1
            raise ConnectionError("nothing answers")
        if fault is None:
            return self.mapping.invoke(event)
        answers: list[Any] = []
        strike = faults.struck(lambda: answers.append(self.mapping.invoke(event)), *fault)
        if strike.raised is not None:
            raise strike.raised
        return answers[0]


def archived(aws: Cloud) -> list[dict[str, Any]]:
    """What Lambda set aside, as it lies in the archive."""
    place = "demarc-archive-test/aws/lambda/"
    return [json.loads(one.content) for key, one in aws.s3.objects.items() if place in key]


def send_again(aws: Cloud, live: Mapping) -> None:
    """What an operator does: each payload is the event itself, given to the function once more."""
    for one in archived(aws):
        assert live.invoke(json.loads(one["payload"])) == {"batchItemFailures": []}


def assert_all_accounted_for(aws: Cloud, sent: Sent) -> None:
    assert broken(aws, octets=sent.octets) == []
    assert len(suspense.list_suspense(limit=1000)) == sent.poison
    assert all(one.reason and one.problem for one in suspense.list_suspense())
    for one in received.list_collectors():
        assert (one.stored, one.holes) == (sent.good, ())


FAULTS = st.tuples(st.integers(1, 4), st.sampled_from(faults.KINDS))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("good"), st.sampled_from(USERS), st.integers(0, 9)),
        st.tuples(st.just("good"), st.sampled_from(USERS), st.integers(0, 9)),
        st.tuples(st.just("poison"), st.integers(0, 3), st.integers(0, 9)),
        st.tuples(st.just("poll"), st.integers(0, 9), st.none() | FAULTS),
        st.tuples(st.just("poll"), st.integers(0, 9), st.none() | FAULTS),
        st.tuples(st.just("split"), st.integers(0, 9), st.none()),
        st.tuples(st.just("merge"), st.integers(0, 9), st.none()),
        st.tuples(st.just("outage"), st.integers(1, 30), st.none()),
        st.tuples(st.just("restart"), st.none(), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1, 6, 3600, DAY + 1]), st.none()),
    ),
    min_size=15,
    max_size=40,
)


class Streamed:
    """The stream and its mapping, as a script moves them."""

    def __init__(self, aws: Cloud, mapping: Mapping, given: StreamSettings) -> None:
        self.stream, self.function, self.sent = Stream(2), Function(mapping), Sent()
        self.now = (BEGAN + 60 * MINUTE).timestamp()

        def set_aside(path: str, content: bytes) -> None:
            aws.s3.put(path, content, "application/json", only_new=True)

        self.mapping = StreamMapping(given, self.stream, self.function, set_aside)

    def play(self, steps: list[tuple[str, Any, Any]]) -> None:
        for verb, what, how in steps:
            getattr(self, verb)(what, how)

    def good(self, user: str, key: int) -> None:
        self.stream.put(self.sent.a_pack(user), str(key), self.now)

    def poison(self, kind: int, key: int) -> None:
        self.stream.put(self.sent.a_poison(kind), str(key), self.now)

    def poll(self, which: int, fault: Fault | None) -> None:
        if shards := self.mapping.waiting():
            self.function.fault = fault
            self.mapping.poll(shards[which % len(shards)], self.now)
            self.function.fault = None

    def split(self, which: int, _: None) -> None:
        self.stream.split(self.stream.open[which % len(self.stream.open)])

    def merge(self, which: int, _: None) -> None:
        shards = sorted(self.stream.open, key=lambda one: one.low)
        if len(shards) > 1:
            at = which % (len(shards) - 1)
            self.stream.merge(shards[at], shards[at + 1])

    def outage(self, invocations: int, _: None) -> None:
        self.function.outage = invocations

    def restart(self, *_: None) -> None:
        self.mapping.restart()

    def wait(self, seconds: int, _: None) -> None:
        self.now += seconds

    def read_to_the_end(self) -> None:
        """Nothing fails any more."""
        self.function.outage = 0
        for _ in range(1000):
            self.now += 5
            waiting = self.mapping.waiting()
            if not waiting:
                return
            for shard in waiting:
                self.mapping.poll(shard, self.now)
        raise AssertionError("it never came to its end")


# How often a script came to each of these, said at the end.
seen: Counter[str] = Counter()


def streamed_through(
    aws: Cloud, mapping: Mapping, given: StreamSettings, steps: list[tuple[str, Any, Any]]
) -> Sent:
    """Play the steps, read the stream to its end, send again what lies in the archive."""
    streamed = Streamed(aws, mapping, given)
    streamed.play(steps)
    streamed.read_to_the_end()
    seen.update(scripts=1, records=streamed.sent.good, poison=streamed.sent.poison)
    seen.update(invocations=len(streamed.mapping.invocations), shards=len(streamed.stream.shards))
    seen["retries"] += sum(tries > 0 for _, _, tries in streamed.mapping.invocations)
    seen["set aside"] += sum(one["KinesisBatchInfo"]["batchSize"] for one in archived(aws))
    send_again(aws, mapping)
    report("streams/usage", [", ".join(f"{count} {name}" for name, count in seen.items())])
    return streamed.sent


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_every_record_of_the_stream_is_counted_once_suspended_or_set_aside(
    collectors: Callable[[], Cloud], mappings: dict[str, Mapping], steps: list[Any]
):
    aws, live = collectors(), mappings[LIVE]

    sent = streamed_through(aws, live, live.stream_settings, steps)

    assert_all_accounted_for(aws, sent)


A_DAY_OFF = [
    *[("good", user, key) for key in range(4) for user in USERS],
    ("wait", 6, None),
    ("outage", 500, None),
    *[("poll", n, None) for n in range(200)],
]


def test_a_long_outage_sets_records_aside_and_sending_them_again_counts_them(
    collectors: Callable[[], Cloud], mappings: dict[str, Mapping]
):
    aws, live = collectors(), mappings[LIVE]
    streamed = Streamed(aws, live, live.stream_settings)

    streamed.play(A_DAY_OFF)
    streamed.read_to_the_end()

    aside = archived(aws)
    assert {one["requestContext"]["condition"] for one in aside} == {"RetryAttemptsExhausted"}
    assert sum(one["KinesisBatchInfo"]["batchSize"] for one in aside) == 16
    assert broken(aws, octets=streamed.sent.octets) != []
    send_again(aws, live)
    assert_all_accounted_for(aws, streamed.sent)


def test_without_a_place_to_set_records_aside_the_same_outage_would_lose_them(
    collectors: Callable[[], Cloud], mappings: dict[str, Mapping]
):
    aws, live = collectors(), mappings[LIVE]

    nowhere = replace(live.stream_settings, set_aside_in="")
    sent = streamed_through(aws, live, nowhere, A_DAY_OFF)

    assert broken(aws, octets=sent.octets) != []


def with_a_record_that_crashes_it(
    aws: Cloud, live: Mapping, given: StreamSettings
) -> tuple[Streamed, list[int]]:
    """Twenty records, one more than the function can bear; the sizes of what is set aside."""
    streamed = Streamed(aws, live, given)
    crash = {"data": ""}

    def bears(event: dict[str, Any]) -> Any:
        if any(one["kinesis"]["data"] == crash["data"] for one in event["Records"]):
            raise RecursionError("a defect that nobody knew")
        return live.invoke(event)

    streamed.mapping.invoke = bears
    for n in range(20):
        streamed.good(USERS[n % 3], 1)
    [shard] = [one for one in streamed.stream.open if one.records]
    crash["data"] = event_of(shard, shard.records[7:8])["Records"][0]["kinesis"]["data"]
    streamed.read_to_the_end()
    return streamed, [one["KinesisBatchInfo"]["batchSize"] for one in archived(aws)]


def test_a_record_that_crashes_the_function_is_set_aside_alone_and_the_others_count(
    collectors: Callable[[], Cloud], mappings: dict[str, Mapping]
):
    aws, live = collectors(), mappings[LIVE]

    streamed, aside = with_a_record_that_crashes_it(aws, live, live.stream_settings)

    assert aside == [1]
    assert broken(aws, octets=streamed.sent.octets) == []  # later records of the session count it
    [collector] = received.list_collectors()
    assert (collector.stored, len(collector.holes)) == (19, 1)  # and the hole is told
    send_again(aws, live)
    assert_all_accounted_for(aws, streamed.sent)


def test_without_halving_a_record_that_crashes_the_function_takes_others_along(
    collectors: Callable[[], Cloud], mappings: dict[str, Mapping]
):
    aws, live = collectors(), mappings[LIVE]

    _, aside = with_a_record_that_crashes_it(aws, live, replace(live.stream_settings, bisect=False))

    assert aside != [1]


QUEUED = st.lists(
    st.one_of(
        st.tuples(st.just("file"), st.sampled_from(USERS), st.none()),
        st.tuples(st.just("suspended"), st.sampled_from(USERS), st.none()),
        st.tuples(st.just("poison"), st.integers(0, 1), st.none()),
        st.tuples(st.just("poll"), st.permutations(range(10)), st.none() | FAULTS),
        st.tuples(st.just("poll"), st.permutations(range(10)), st.none() | FAULTS),
        st.tuples(st.just("outage"), st.integers(1, 12), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1, 360, 3600]), st.none()),
        st.tuples(st.just("redrive"), st.none(), st.none()),
    ),
    max_size=30,
)


class Queued:
    """The queue of files and of what comes out of suspense, as a script moves it."""

    def __init__(self, mapping: Mapping) -> None:
        self.function, self.sent = Function(mapping), Sent()
        self.mapping = QueueMapping(mapping.queue_settings, self.function)
        self.now, self.recycled = (BEGAN + 60 * MINUTE).timestamp(), 0

    def file(self, user: str, _: None) -> None:
        self.mapping.send(self.sent.a_pack(user).decode(), self.now)

    def suspended(self, user: str, _: None) -> None:
        """A record that was refused, corrected by a person and sent through again."""
        told, first = self.sent.a_record(user), self.sent.sequence
        refused = mediate(opened(pack([{**told, "type": 7}], first_seq=first)), shared.settings())
        shared.store(refused)
        self.sent.sequence += 1
        [mine] = [one for one in suspense.list_suspense(limit=1000) if one.seq == first]
        suspense.save_correction(mine.id, canonical(told), mine.version, "orla", BEGAN)
        self.mapping.send(json.dumps(suspense.message_of(suspense.load(mine.id), "orla")), self.now)
        self.recycled += 1

    def poison(self, kind: int, _: None) -> None:
        self.mapping.send(self.sent.a_poison(kind).decode(), self.now)

    def poll(self, order: list[int], fault: Fault | None) -> None:
        self.function.fault = fault
        self.mapping.poll(
            self.now, lambda found: sorted(found, key=lambda one: order[one.nth % 10])
        )
        self.function.fault = None

    def outage(self, invocations: int, _: None) -> None:
        self.function.outage = invocations

    def wait(self, seconds: int, _: None) -> None:
        self.now += seconds

    def redrive(self, *_: None) -> None:
        self.mapping.redrive(self.now)

    def read_to_the_end(self) -> None:
        """Nothing fails any more, and the dead letters are sent back."""
        self.function.outage = 0
        self.redrive()
        for _ in range(100):
            if not self.mapping.messages:
                return
            self.now += 360
            while self.mapping.poll(self.now):
                pass
            self.redrive()
        raise AssertionError("it never came to its end")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUEUED)
def test_every_message_of_the_queue_is_counted_once_or_suspended_again(
    collectors: Callable[[], Cloud], mappings: dict[str, Mapping], steps: list[Any]
):
    aws = collectors()
    queued = Queued(mappings[RECYCLED])

    for verb, what, how in steps:
        getattr(queued, verb)(what, how)
    queued.read_to_the_end()

    assert broken(aws, octets=queued.sent.octets) == []
    assert len(suspense.list_suspense(limit=1000)) == queued.sent.poison
    assert len(suspense.list_suspense("recycled", limit=1000)) == queued.recycled

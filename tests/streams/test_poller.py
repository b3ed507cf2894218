"""The model says what the documentation of Lambda says; each line of it can be seen here."""

from typing import Any

import pytest

from local.emulator_kinesis import first_failure
from tests.streams.poller import (
    QueueMapping,
    QueueSettings,
    Stream,
    StreamMapping,
    StreamSettings,
    failures,
)

IDS = ["1", "2", "3"]


@pytest.mark.parametrize(
    ("response", "given_back"),
    [
        (None, []),
        ({}, []),
        ({"batchItemFailures": []}, []),
        ({"batchItemFailures": None}, []),
        ({"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]}, ["3", "2"]),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, IDS),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, IDS),
        ({"batchItemFailures": [{"sequenceNumber": "2"}]}, IDS),
        ({"batchItemFailures": [{"itemIdentifier": "7"}]}, IDS),
        ({"batchItemFailures": "2"}, IDS),
    ],
)
def test_a_response_gives_back_what_it_names_and_all_when_it_names_nothing_of_the_batch(
    response: Any, given_back: list[str]
):
    assert failures(response, IDS) == given_back


class Function:
    """Sees letters; fails on those it is told to, in the way it is told to."""

    def __init__(self, bad: str = "", *, reports: bool = False) -> None:
        self.bad, self.reports, self.seen = bad, reports, []

    def __call__(self, event: dict[str, Any]) -> Any:
        letters = [one["kinesis"]["partitionKey"] for one in event["Records"]]
        self.seen.append("".join(letters))
        failed = [
            {"itemIdentifier": one["kinesis"]["sequenceNumber"]}
            for one in event["Records"]
            if one["kinesis"]["partitionKey"] in self.bad
        ]
        if failed and not self.reports:
            raise ValueError("a bad letter")
        return {"batchItemFailures": failed}


def read(settings: StreamSettings, letters: str, function: Function) -> tuple[Any, list[str]]:
    """A stream of one shard read until nothing more is done; the mapping, what was set aside."""
    stream, aside = Stream(), []
    mapping = StreamMapping(settings, stream, function, lambda path, _: aside.append(path))
    for letter in letters:
        stream.put(b"", letter, 0)
    [shard] = stream.open
    for _ in range(100):
        mapping.poll(shard, now=10)
    return mapping, aside


def test_a_batch_fills_up_to_its_size_or_waits_for_its_window():
    function, stream = Function(), Stream()
    settings = StreamSettings(batch_size=3, window_seconds=5)
    mapping = StreamMapping(settings, stream, function, print)
    [shard] = stream.open
    for letter in "abcd":
        stream.put(b"", letter, 0)

    assert [mapping.poll(shard, now) for now in (1, 2, 5)] == [True, False, True]
    assert function.seen == ["abc", "d"]


def test_an_error_halves_the_batch_until_the_bad_record_is_alone_and_retries_only_that():
    function = Function("c")

    mapping, aside = read(
        StreamSettings(4, bisect=True, retries_max=2, set_aside_in="b"), "abcd", function
    )

    assert function.seen == ["abcd", "ab", "cd", "c", "c", "c", "d"]
    assert len(aside) == 1
    assert mapping.waiting() == []


def test_without_halving_the_whole_batch_is_given_up():
    function = Function("c")

    read(StreamSettings(4, retries_max=2, set_aside_in="b"), "abcde", function)

    assert function.seen == ["abcd", "abcd", "abcd", "e"]


def test_the_lowest_reported_number_is_the_checkpoint_and_all_after_it_come_again():
    function = Function("ce", reports=True)
    settings = StreamSettings(6, partial_responses=True, retries_max=1, set_aside_in="b")

    read(settings, "abcdef", function)

    assert function.seen == ["abcdef", "cdef", "cdef"]


def test_a_report_is_not_read_where_the_mapping_does_not_say_so():
    function = Function("c", reports=True)

    mapping, aside = read(StreamSettings(6), "abcdef", function)

    assert (function.seen, aside, mapping.waiting()) == (["abcdef"], [], [])


def test_without_a_destination_what_is_given_up_is_gone():
    mapping, aside = read(StreamSettings(1, retries_max=0), "a", Function("a"))

    assert (aside, mapping.waiting()) == ([], [])


def test_a_record_that_is_too_old_is_given_up_unseen():
    function = Function()

    _, aside = read(StreamSettings(10, age_max_seconds=9, set_aside_in="b"), "ab", function)

    assert (function.seen, len(aside)) == ([], 1)


def test_children_wait_until_their_parents_are_read_to_the_end():
    function, stream = Function(), Stream()
    mapping = StreamMapping(StreamSettings(1), stream, function, print)
    [parent] = stream.open
    stream.put(b"", "a", 0)
    stream.put(b"", "b", 0)
    stream.split(parent)
    one, other = stream.open
    stream.put(b"", "c", 0)
    child = one if one.records else other

    assert not mapping.poll(child, 1)
    assert mapping.poll(parent, 1)
    assert not mapping.poll(child, 1)
    assert mapping.poll(parent, 1)
    assert mapping.poll(child, 1)
    stream.merge(one, other)
    stream.put(b"", "d", 0)
    [merged] = stream.open
    assert mapping.poll(merged, 1)
    assert function.seen == ["a", "b", "c", "d"]


def test_a_poller_that_begins_anew_delivers_again_from_its_checkpoint():
    function, stream = Function("c"), Stream()
    mapping = StreamMapping(StreamSettings(4, bisect=True), stream, function, print)
    [shard] = stream.open
    for letter in "abcd":
        stream.put(b"", letter, 0)
    mapping.poll(shard, 1)  # abcd fails
    mapping.poll(shard, 1)  # ab

    mapping.restart()
    mapping.poll(shard, 1)

    assert function.seen == ["abcd", "ab", "cd"]


def test_a_message_comes_again_when_it_is_visible_and_goes_to_the_dead_letters_in_the_end():
    seen: list[str] = []
    settings = QueueSettings(10, partial_responses=True, visibility_seconds=60, receives_max=2)

    def function(event: dict[str, Any]) -> Any:
        seen.extend(one["body"] for one in event["Records"])
        bad = [one["messageId"] for one in event["Records"] if one["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in bad]}

    queue = QueueMapping(settings, function)
    queue.send("good", 0)
    queue.send("bad", 0)

    assert [queue.poll(now) for now in (0, 59, 60, 120)] == [True, False, True, False]
    assert seen == ["good", "bad", "bad"]
    assert ([one.body for one in queue.dead], queue.messages) == (["bad"], [])
    queue.redrive(200)
    assert queue.poll(200)
    assert seen[-1] == "bad"


def test_a_queue_that_hides_messages_for_less_than_its_function_takes_is_refused():
    with pytest.raises(ValueError, match="visibility timeout 30 is less than function's 60"):
        QueueSettings.of({}, {}, 60)


@pytest.mark.parametrize(
    "response",
    [
        None,
        "no object",
        {},
        {"batchItemFailures": []},
        {"batchItemFailures": None},
        {"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"sequenceNumber": "2"}]},
        {"batchItemFailures": [{"itemIdentifier": "7"}]},
        {"batchItemFailures": ["2"]},
        {"batchItemFailures": "2"},
    ],
)
def test_the_emulator_of_make_run_reads_a_response_in_the_same_way(response: Any):
    mapping = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    records = [{"SequenceNumber": one} for one in IDS]

    first = first_failure(mapping, {"body": response}, records)

    given_back = failures(response, IDS)
    assert first == (min(map(IDS.index, given_back)) if given_back else None)

"""Each record is offered until it is confirmed, and only what failed is offered again."""

from random import Random

import boto3
import pytest
from botocore.config import Config

from edge.counters import Counters
from edge.sender import BACKOFF_SECONDS_MAX, Sender, backoff
from edge.spool import Backlog, Spool, read_all
from tests.edge import stream as streams
from tests.edge.test_spool import rate, report

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def stream():
    with streams.running() as stream:
        yield stream


class Sending:
    """Three boots with two, three and one records in the spool: three packs."""

    def __init__(self, path, url):
        self.path, self.counters = path, Counters()
        for boot, count in (("a", 2), ("b", 3), ("c", 1)):
            spool = Spool(path, boot, 10_000_000)
            spool.append([report(f"{boot}{n}", octets=n) for n in range(count)], rate)
            spool.close()
        client = boto3.client(
            "kinesis", endpoint_url=url, config=Config(retries={"total_max_attempts": 1})
        )
        self.backlog = Backlog(path)
        self.sender = Sender(
            self.backlog, client, "usage", "col-1", bytes(16), self.counters, Random(1)
        )

    def waiting(self):
        return [(record.boot, record.seq) for record in read_all(self.path)]


@pytest.fixture
def sending(tmp_path, stream):
    sending = Sending(tmp_path / "spool.db", stream.url)
    yield sending
    sending.backlog.close()


def test_what_the_stream_takes_is_deleted(sending, stream):
    assert sending.sender.send_once() == (6, 0)
    assert sending.waiting() == []
    assert [pack["boot"] for pack in stream.taken] == ["a", "b", "c"]
    assert sending.counters.as_dict()["sent"] == 6
    assert sending.sender.send_once() == (0, 0)


def test_only_the_packs_that_failed_are_sent_again(sending, stream):
    stream.refuse = lambda call, place, pack: call == 0 and pack["boot"] == "b"

    assert sending.sender.send_once() == (3, 3)
    assert sending.waiting() == [("b", 1), ("b", 2), ("b", 3)]
    assert sending.sender.send_once() == (3, 0)

    assert [[pack["boot"] for pack in call] for call in stream.calls] == [["a", "b", "c"], ["b"]]
    assert sending.waiting() == []
    counts = sending.counters.as_dict()
    assert (counts["sent"], counts["resent"], counts["send_failures"]) == (6, 3, 1)


def test_a_lost_reply_sends_the_same_again_under_the_same_numbers(sending, stream):
    stream.lose_reply = lambda call: call == 0

    assert sending.sender.send_once() == (0, 6)
    assert sending.sender.send_once() == (6, 0)

    assert stream.calls[0] == stream.calls[1]
    assert all(len(contents) == 1 for contents in stream.records().values())


def test_while_the_link_is_down_everything_waits(tmp_path):
    down = Sending(tmp_path / "spool.db", "http://127.0.0.1:9")
    for _ in range(3):
        assert down.sender.send_once() == (0, 6)
    assert len(down.waiting()) == 6
    assert down.counters.as_dict()["sent"] == 0
    down.backlog.close()


def test_failures_are_followed_by_growing_waits_and_successes_by_none(sending, stream):
    stream.refuse = lambda call, place, pack: call < 4
    waits = []
    sending.sender.run(lambda: not sending.waiting(), waits.append, interval=77)
    assert len(waits) == 4
    assert waits == sorted(waits)


def test_the_wait_doubles_up_to_its_limit():
    waits = [backoff(failures, Random(failures)) for failures in range(1, 40)]
    assert waits[0] <= 0.5
    assert max(waits) <= BACKOFF_SECONDS_MAX
    assert min(waits[10:]) >= BACKOFF_SECONDS_MAX / 2

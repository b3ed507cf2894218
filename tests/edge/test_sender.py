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
    """Boots with so many records in the spool: each boot is a pack."""

    def __init__(self, path, url, boots=(("a", 2), ("b", 3), ("c", 1))):
        self.path, self.counters = path, Counters()
        for boot, count in boots:
            spool = Spool(path, boot, 10_000_000)
            spool.append([report(f"{boot}{n}", octets=n) for n in range(count)], rate)
            spool.close()
        client = boto3.client(
            "kinesis", endpoint_url=url, config=Config(retries={"total_max_attempts": 1})
        )
        Spool(path, "-", 10_000_000).close()
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


def test_a_link_too_slow_for_much_at_once_is_offered_less_until_it_fits(tmp_path, stream):
    slow = Sending(tmp_path / "slow.db", stream.url, [(f"b{n:02}", 2) for n in range(30)])
    stream.unreachable = lambda call: len(stream.calls[call]) > 3  # no answer in time
    for _ in range(40):
        slow.sender.send_once()
    slow.backlog.close()

    assert slow.waiting() == []
    offered = [len(call) for call in stream.calls]
    assert offered[:10] == [30, 20, 10, 5, 2, 3, 4, 2, 3, 4]  # and now and then a little more
    assert stream.sequence() == [(f"b{n:02}", seq) for n in range(30) for seq in (1, 2)]


def test_after_an_hour_without_a_link_all_is_sent_in_order_and_once(tmp_path, stream):
    hour, elapsed, stored, waits = 3600.0, 0.0, 0, []
    down = Sending(tmp_path / "spool.db", stream.url, [])
    spool = Spool(tmp_path / "spool.db", "boot", 10_000_000)
    stream.unreachable = lambda call: elapsed < hour

    def wait(seconds):
        """The hour passes, and each four seconds of it bring a report."""
        nonlocal elapsed, stored
        waits.append(seconds)
        elapsed += seconds
        reports = [
            report(f"S{number}", octets=number) for number in range(stored, int(elapsed // 4))
        ]
        spool.append(reports, rate)
        stored += len(reports)

    down.sender.run(lambda: elapsed >= hour, wait, interval=1)
    assert len(down.waiting()) == stored >= hour / 4  # nothing was sent, and nothing forgotten
    assert max(waits) <= BACKOFF_SECONDS_MAX
    assert len(waits) < hour / (BACKOFF_SECONDS_MAX / 2) + 10

    down.sender.run(lambda: not down.waiting(), wait, interval=1)
    spool.close()
    down.backlog.close()
    assert elapsed < hour + BACKOFF_SECONDS_MAX  # it is tried again that soon
    assert stream.sequence() == [("boot", seq) for seq in range(1, stored + 1)]
    assert down.counters.as_dict()["sent"] == stored


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

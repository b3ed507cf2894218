"""A collector process on a real port: what it acknowledges is never lost, whatever happens."""

import json
import signal

import pytest
from pyrad.packet import AcctPacket

from edge.records import DICTIONARY
from edge.spool import read_all
from tests.edge import stream as streams
from tests.edge.process import Collector
from tests.edge.radius import answered, interim
from tests.edge.test_lines import line

pytestmark = pytest.mark.usefixtures("socket_enabled")
DOWN = "http://127.0.0.1:9"


@pytest.fixture
def collectors(tmp_path):
    """Makes collectors that are gone when the test ends."""
    made = []

    def make(url=DOWN, **settings):
        made.append(Collector(tmp_path, url, **settings))
        return made[-1].start()

    yield make
    for collector in made:
        collector.kill()


def sessions_in(spool):
    return [json.loads(record.body)["session_id"] for record in read_all(spool)]


def test_each_acknowledged_packet_is_in_the_spool_while_the_link_is_down(collectors):
    collector = collectors()
    with collector.connected() as router:
        for number in range(20):
            assert answered(router, interim(number, f"S{number}", 10))
        assert sessions_in(collector.spool) == [f"S{number}" for number in range(20)]

    status = collector.wait_for(lambda status: status["send_failures"] and status["waiting"] == 20)
    assert (status["received"], status["acknowledged"], status["sent"]) == (20, 20, 0)
    assert status["oldest_unsent_age_seconds"] > 0


def test_a_packet_sent_again_unchanged_is_answered_again_and_stored_once(collectors):
    collector = collectors()
    with collector.connected() as router:
        for _ in range(3):
            assert answered(router, interim(7, "S7", 10))
        assert answered(router, interim(7, "S7", 11))  # the same id with other content is news

    status = collector.wait_for(lambda status: status["acknowledged"] == 4)
    assert (status["repeated"], status["spooled"]) == (2, 2)


def test_what_is_not_proven_or_not_radius_is_counted_and_gets_no_answer(collectors):
    collector = collectors()
    with collector.connected() as router:
        assert not answered(router, interim(1, "S1", 10, secret=b"guessed"), seconds=0.3)
        router.send(b"garbage")
        access = AcctPacket(code=1, id=2, secret=b"x", dict=DICTIONARY)
        router.send(access.RequestPacket())
        broken = interim(3, "S3", 10)
        broken[42] = [b"\x01"]
        router.send(broken.RequestPacket())
        status = collector.wait_for(lambda status: status["received"] == 4)

    refused = {"malformed": 2, "unexpected_code": 1, "wrong_secret": 1}
    assert (status["refused"], status["acknowledged"]) == (refused, 0)
    assert read_all(collector.spool) == []
    log = (collector.folder / "log").read_text()
    assert log.count("packets of 127.0.0.1 are refused: wrong_secret") == 1
    assert "between-us" not in log


def test_a_full_spool_answers_nobody_until_there_is_room_and_then_takes_what_is_sent_again(
    collectors,
):
    with streams.running() as stream:
        stream.unreachable = lambda call: True
        collector = collectors(stream.url, spool_max_mb=0.15)
        with collector.connected() as router:
            taken = 0
            while answered(router, interim(taken, f"S{taken}", 10), seconds=3):
                taken += 1
            refused = interim(taken, f"S{taken}", 10)
            assert not answered(router, refused, seconds=0.3)
            status = collector.wait_for(lambda status: status["refused"].get("disk_full") == 2)
            assert len(read_all(collector.spool)) == taken == status["acknowledged"]
            assert status["received"] == status["acknowledged"] + 2
            assert collector.process.poll() is None

            stream.unreachable = lambda call: False
            collector.wait_for(lambda status: status["waiting"] == 0)
            assert answered(router, refused)
            collector.wait_for(lambda status: status["sent"] == taken + 1)

    assert taken > 50
    (boot,) = {boot for boot, _ in stream.sequence()}
    assert stream.sequence() == [(boot, seq) for seq in range(1, taken + 2)]
    arrived = [record["session_id"] for pack in stream.taken for record in pack["records"]]
    assert arrived == [f"S{number}" for number in range(taken + 1)]
    log = (collector.folder / "log").read_text()
    assert log.count("routers get no answer, and keep their reports") == 1
    assert log.count("routers are answered again") == 1


def test_lines_of_freeradius_take_the_same_way_to_the_stream(collectors):
    with streams.running() as stream:
        collector = collectors(stream.url)
        (collector.folder / "acct.jsonl").write_text(line(1) + line(2))
        collector.wait_for(lambda status: status["sent"] == 2)
        assert [record["session_id"] for pack in stream.taken for record in pack["records"]] == [
            "S1",
            "S2",
        ]


def test_it_tells_its_counters_when_asked_and_stops_cleanly(collectors):
    with streams.running() as stream:
        collector = collectors(stream.url)
        with collector.connected() as router:
            assert answered(router, interim(1, "S1", 10))
        collector.wait_for(lambda status: status["sent"] == 1)
        collector.process.send_signal(signal.SIGUSR1)
        told = json.loads(collector.process.stdout.readline())
        assert (told["received"], told["sent"], told["waiting"]) == (1, 1, 0)
        with collector.connected() as router:
            assert answered(router, interim(2, "S2", 10))
        assert collector.stop() == 0
        assert collector.status()["acknowledged"] == 2
        assert len(stream.records()) == 2  # what was taken last is offered before the end

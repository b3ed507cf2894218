"""The simulated routers against a real collector: what they say they sent is what arrived."""

import json
import time
from collections import Counter
from threading import Event, Thread

import pytest

from local.routers import Habits, Routers, Total
from local.subscribers import User, users_from
from tests.edge import stream as streams
from tests.edge.process import Collector
from tests.edge.radius import SECRET

pytestmark = pytest.mark.usefixtures("socket_enabled")
WRAP = 2**32
ROUGH = Habits(
    lost=0.1,
    duplicated=0.2,
    overtaken=0.2,
    reports_per_session=7,
    reports_between_reboots=9,
    without_gigawords=frozenset({"old-1"}),
)
USERS = [
    User("long@isp", "bng-1", session_age_seconds=10_800, octets_out=WRAP - 5_000_000),
    User("old@isp", "old-1", session_age_seconds=10_800, octets_out=WRAP - 5_000_000),
    *(User(f"u{n}@isp", ("bng-1", "old-1")[n % 2], class_=f"sub_{n}") for n in range(8)),
]


def counted(records):
    """Per user: the largest counters of each session, added up, as a reader of usage does."""
    sessions = {}
    for record in records:
        if record["type"] in ("start", "interim", "stop"):
            key = record["nas_id"], record["session_id"], record["user_name"]
            known = sessions.get(key, (0, 0))
            octets = record["octets_in"], record["octets_out"]
            sessions[key] = tuple(map(max, known, octets))
    totals = {}
    for (_, _, user), (octets_in, octets_out) in sessions.items():
        sofar = totals.get(user, Total(0, 0, 0))
        totals[user] = Total(
            sofar.octets_in + octets_in, sofar.octets_out + octets_out, sofar.sessions + 1
        )
    return totals


@pytest.fixture
def collector(tmp_path):
    with streams.running() as stream:
        collector = Collector(tmp_path, stream.url)
        collector.stream = stream
        yield collector.start()
        collector.kill()


def hurried():
    """The routers' clock runs ten times as fast, so reports stay seconds apart for them."""
    return time.time() * 10


def reporting(collector, reports, **settings):
    where = ("127.0.0.1", collector.port)
    routers = Routers(USERS, where, SECRET, clock=hurried, **settings)
    thread = Thread(target=routers.run, args=(Event(), reports, 100))
    thread.start()
    return routers, thread


def arrived(collector):
    collector.wait_for(lambda status: status["waiting"] == 0 and status["sent"])
    records = collector.stream.records().values()
    return [json.loads(content) for contents in records for content in contents]


def test_every_octet_arrives_once_through_loss_repeats_disorder_reboots_and_a_killed_collector(
    collector,
):
    routers, thread = reporting(collector, 20, interval=1.5, habits=ROUGH, seed=7)
    thread.join(1.2)
    collector.kill()
    collector.start()
    thread.join(20)

    figures, totals = routers.figures(), routers.totals()
    routers.close()
    records = arrived(collector)

    assert figures["unanswered"] == figures.get("given_up", 0) == 0
    assert {"retried", "overtaken", "reboots"} <= set(figures)
    assert counted(records) == totals
    assert totals["long@isp"].octets_out > WRAP
    assert totals["old@isp"].octets_out > WRAP
    kinds = Counter(record["type"] for record in records)
    assert min(kinds[kind] for kind in ("start", "interim", "stop", "on")) >= 2


def test_the_same_seed_carries_the_same_octets(collector):
    octets = []
    for _ in range(2):
        routers, thread = reporting(collector, 10, interval=0.5, habits=Habits(lost=0), seed=3)
        thread.join(10)
        octets.append({user: total.octets_out for user, total in routers.totals().items()})
        routers.close()
    assert octets[0] == octets[1]


def test_users_are_read_from_names_or_objects_and_spread_over_the_routers():
    users = users_from(["a", {"user_name": "b", "class": "sub_1", "nas_id": "x"}, "c"], ["m", "n"])
    assert users == [User("a", "m"), User("b", "x", class_="sub_1"), User("c", "m")]


def test_a_misspelt_field_of_a_user_is_refused():
    with pytest.raises(ValueError, match=r"users\[0\]: unknown \['username'\]"):
        users_from([{"username": "a"}])

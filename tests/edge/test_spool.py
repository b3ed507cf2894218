"""The spool: what is stored is numbered, synced and whole, or not stored at all."""

import json

import pytest

from edge.records import from_packet
from edge.spool import Backlog, NotStored, Spool, SpoolInUse, Tail, read_all
from tests.edge.radius import RECEIVED, a_packet

PLENTY = 10_000_000
WRAP = 2**32


def rate(_nas_id: str) -> int:
    return 1_000_000_000


def report(session="S1", octets=0, at=0, status="Interim-Update", gigawords=None):
    packet = a_packet(
        Acct_Status_Type=status,
        Acct_Session_Id=session,
        User_Name="anna",
        NAS_Identifier="bng-1",
        Acct_Input_Octets=octets,
        Acct_Session_Time=at,
        Acct_Input_Gigawords=gigawords,
    )
    received = RECEIVED.fromtimestamp(RECEIVED.timestamp() + at, RECEIVED.tzinfo)
    return from_packet(packet, "192.0.2.9", received)


def octets(path):
    return [json.loads(record.body)["octets_in"] for record in read_all(path)]


def filled(spool):
    """Put records in until it takes no more: how many it took, and why no more."""
    for number in range(10_000):
        try:
            spool.append([report(f"S{number}")] * 10, rate)
        except NotStored as refusal:
            return number * 10, refusal
    raise AssertionError("it was never full")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spool.db"


def test_records_are_numbered_from_one_within_their_boot(path):
    for boot in ("first", "second"):
        spool = Spool(path, boot, PLENTY)
        spool.append([report(), report()], rate)
        spool.append([report()], rate)
        spool.close()

    assert [(record.boot, record.seq) for record in read_all(path)] == [
        *(("first", n) for n in (1, 2, 3)),
        *(("second", n) for n in (1, 2, 3)),
    ]


def test_a_wrap_is_found_across_a_restart_of_the_collector(path):
    first = Spool(path, "first", PLENTY)
    first.append([report(octets=WRAP - 5, at=900)], rate)
    first.close()
    second = Spool(path, "second", PLENTY)
    second.append([report(octets=3, at=1800)], rate)
    second.close()

    assert octets(path) == [WRAP - 5, WRAP + 3]


def test_a_router_that_sent_gigawords_once_is_believed_for_ever(path):
    first = Spool(path, "first", PLENTY)
    first.append([report("S0", gigawords=1), report("S1", octets=WRAP - 5, at=900)], rate)
    first.close()
    second = Spool(path, "second", PLENTY)
    second.append([report("S1", octets=3, at=1800)], rate)
    second.close()

    assert octets(path) == [WRAP, WRAP - 5, 3]


def test_an_id_used_again_after_its_router_restarted_counts_from_zero(path):
    spool = Spool(path, "b", PLENTY)
    spool.append([report(octets=WRAP - 5, at=300)], rate)
    spool.append([report(octets=9, at=400)], rate)  # wrapped
    restarted = report("", at=420, status="Accounting-On")
    again = report(octets=4, at=430)
    again = from_packet(
        a_packet(
            Acct_Session_Id="S1",
            User_Name="anna",
            NAS_Identifier="bng-1",
            Acct_Input_Octets=4,
            Acct_Session_Time=10,
        ),
        "192.0.2.9",
        again.received_at,
    )
    spool.append([restarted, again], rate)
    spool.close()

    assert octets(path) == [WRAP - 5, WRAP + 9, 0, 4]


def test_a_full_spool_takes_nothing_and_keeps_what_it_has(path):
    spool = Spool(path, "b", 200_000)
    stored, refusal = filled(spool)
    assert refusal.reason == "disk_full"
    assert stored > 100

    waiting = read_all(path)
    assert [record.seq for record in waiting] == list(range(1, stored + 1))

    backlog = Backlog(path)
    backlog.forget(waiting[: stored // 2])  # the stream has confirmed them: there is room again
    spool.append([report("again")], rate)
    assert read_all(path)[-1].seq == stored + 1
    backlog.close()
    spool.close()


def test_a_full_spool_can_be_opened_again_to_be_sent(path):
    first = Spool(path, "first", 100_000)
    filled(first)
    first.close()

    second, backlog = Spool(path, "second", 100_000), Backlog(path)
    backlog.forget(backlog.oldest(1000))
    second.append([report()], rate)
    assert read_all(path)[-1].boot == "second"
    backlog.close()
    second.close()


def test_a_disk_with_less_than_its_reserve_takes_nothing(path):
    spool = Spool(path, "b", PLENTY, reserve_bytes=10**18)
    with pytest.raises(NotStored, match="bytes are free"):
        spool.append([report()], rate)
    spool.close()
    assert read_all(path) == []


def test_how_far_a_file_was_read_is_stored_with_its_records_or_not_at_all(path):
    spool = Spool(path, "b", 100_000)
    tail = Tail(1, 2, 300, 4, "digest", "acct.jsonl")
    spool.append([report()], rate, tail)
    with pytest.raises(NotStored):
        spool.append([report()] * 1000, rate, Tail(1, 2, 900, 4, "digest", "acct.jsonl"))
    assert spool.tail(1, 2) == tail
    spool.close()


def test_nobody_else_on_the_machine_may_read_it(path):
    spool = Spool(path, "b", PLENTY)
    spool.append([report()], rate)
    modes = {part.name: part.stat().st_mode & 0o077 for part in path.parent.glob("spool.db*")}
    spool.close()
    assert {"spool.db", "spool.db-wal", "spool.db-shm"} <= modes.keys()
    assert {modes[name] for name in ("spool.db", "spool.db-wal", "spool.db-shm")} == {0}


def test_two_collectors_cannot_share_a_spool(path):
    spool = Spool(path, "b", PLENTY)
    with pytest.raises(SpoolInUse, match="stop it"):
        Spool(path, "c", PLENTY)
    spool.close()
    Spool(path, "c", PLENTY).close()

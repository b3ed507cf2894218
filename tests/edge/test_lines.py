"""Files that FreeRADIUS writes are taken over once, line by line, whatever happens to them."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.core.usage import mediate, open_pack
from edge.config import Routers
from edge.counters import Counters
from edge.exports import LINE_BYTES_MAX
from edge.lines import LineReader
from edge.packs import Pack, signed
from edge.spool import Spool, read_all
from tests.core.usage.facts import KEY, KEYS, SETTINGS

NOW = datetime(2026, 10, 2, 9, 6, tzinfo=UTC)


def line(number):
    attributes = {"Acct-Status-Type": "Start", "Acct-Session-Id": f"S{number}", "User-Name": "a"}
    return json.dumps({"v": 1, "recv": 1_790_000_000, "src": "192.0.2.1", "a": attributes}) + "\n"


class Taker:
    """A collector's reader on one directory; restarted at will."""

    def __init__(self, folder):
        self.folder, self.path, self.boots = folder, folder / "spool.db", 0
        self.start()

    def start(self, max_bytes=10_000_000):
        self.boots += 1
        self.counters = Counters()
        self.spool = Spool(self.path, f"boot-{self.boots}", max_bytes)
        self.reader = LineReader(
            self.folder,
            "*.jsonl",
            Routers([], None, 10**9),
            self.spool,
            self.counters,
            lambda: NOW,
        )

    def restart(self, **settings):
        self.spool.close()
        self.start(**settings)

    def taken(self):
        while self.reader.poll(lambda: False):
            pass
        return [json.loads(record.body)["session_id"] for record in read_all(self.path)]


@pytest.fixture
def taker(tmp_path):
    taker = Taker(tmp_path)
    yield taker
    taker.spool.close()


def test_lines_are_taken_as_they_are_written(taker):
    file = taker.folder / "acct.jsonl"
    file.write_text(line(1))
    assert taker.taken() == ["S1"]
    with file.open("a") as more:
        more.write(line(2) + line(3))
    assert taker.taken() == ["S1", "S2", "S3"]


def test_a_line_that_is_still_being_written_waits(taker):
    file = taker.folder / "acct.jsonl"
    file.write_text(line(1) + line(2)[:20])
    assert taker.taken() == ["S1"]
    file.write_text(line(1) + line(2))
    assert taker.taken() == ["S1", "S2"]


def test_a_restart_goes_on_where_it_was(taker):
    file = taker.folder / "acct.jsonl"
    file.write_text(line(1))
    taker.taken()
    taker.restart()
    file.write_text(line(1) + line(2))
    assert taker.taken() == ["S1", "S2"]


def test_a_renamed_file_is_known_and_its_successor_is_new(taker):
    file = taker.folder / "acct.jsonl"
    file.write_text(line(1))
    taker.taken()
    file.rename(taker.folder / "acct.old.jsonl")
    file.write_text(line(2))
    assert sorted(taker.taken()) == ["S1", "S2"]


def test_a_file_renamed_out_of_the_pattern_is_read_to_its_end(taker):
    file = taker.folder / "acct.jsonl"
    file.write_text(line(1))
    taker.taken()
    with file.open("a") as more:
        more.write(line(2))
    file.rename(taker.folder / "acct.jsonl.1")
    file.write_text(line(3))
    taker.restart()
    assert sorted(taker.taken()) == ["S1", "S2", "S3"]


def test_a_file_of_another_name_that_was_never_begun_is_left_alone(taker):
    (taker.folder / "notes.txt").write_text(line(1))
    assert taker.taken() == []


def test_what_cannot_be_read_is_said_once_and_holds_up_nothing(taker, monkeypatch):
    (taker.folder / "a.jsonl").mkdir()
    os.mkfifo(taker.folder / "b.jsonl")
    denied = taker.folder / "c.jsonl"
    denied.write_text(line(1))
    opened = Path.open

    def guarded(path, *others, **named):  # to root no mode forbids anything
        if path == denied:
            raise PermissionError(13, "Permission denied")
        return opened(path, *others, **named)

    monkeypatch.setattr(Path, "open", guarded)
    (taker.folder / "d.jsonl").write_text(line(2))
    assert taker.taken() == ["S2"]
    assert taker.taken() == ["S2"]
    assert taker.counters.as_dict()["refused"] == {"unreadable_file": 1}
    monkeypatch.undo()
    assert sorted(taker.taken()) == ["S1", "S2"]


def test_a_directory_that_is_not_there_yet_is_said_and_waited_for(tmp_path):
    taker = Taker(tmp_path)
    taker.reader = LineReader(
        tmp_path / "later",
        "*.jsonl",
        Routers([], None, 10**9),
        taker.spool,
        taker.counters,
        lambda: NOW,
    )
    assert taker.taken() == []
    assert taker.counters.as_dict()["refused"] == {"unreadable_file": 1}
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "acct.jsonl").write_text(line(1))
    assert taker.taken() == ["S1"]
    taker.spool.close()


def test_a_truncated_file_is_read_from_its_beginning(taker):
    file = taker.folder / "acct.jsonl"
    file.write_text(line(1) + line(2))
    taker.taken()
    file.write_text(line(3))
    assert taker.taken() == ["S1", "S2", "S3"]


def test_another_file_on_the_same_inode_is_told_by_its_first_bytes(taker):
    file = taker.folder / "acct.jsonl"
    file.write_text(line(1))
    taker.taken()
    with file.open("r+") as same_inode:
        same_inode.write(line(7) + line(8) + line(9))
    assert taker.taken() == ["S1", "S7", "S8", "S9"]


def test_a_bad_line_is_counted_and_stepped_over(taker):
    (taker.folder / "acct.jsonl").write_text(line(1) + "no report\n\n" + line(2))
    assert taker.taken() == ["S1", "S2"]
    assert taker.counters.as_dict()["refused"] == {"malformed_line": 1}
    assert taker.counters.as_dict()["lines_read"] == 3


def test_a_line_without_an_end_does_not_hold_up_the_rest(taker):
    (taker.folder / "acct.jsonl").write_text("x" * 600_000 + "\n" + line(2))
    assert taker.taken() == ["S2"]


def test_while_the_spool_is_full_lines_wait_in_their_file(taker):
    (taker.folder / "acct.jsonl").write_text("".join(line(n) for n in range(300)))
    taker.restart(max_bytes=60_000)
    assert taker.taken() == []
    assert taker.counters.as_dict()["lines_held"] > 0
    taker.restart()
    assert len(taker.taken()) == 300


CALL = {"type": "call", "call_id": "b91c", "caller": "+353214960000", "called": "+442079460018",
        "start": "2026-10-02T09:00:00Z", "seconds": 61, "trunk": "carrier-2"}  # fmt: skip
LEVEL = {"type": "level", "nas_id": "cork-sw-1", "port": "ge-0/0/7", "at": "2026-10-02T09:00:00Z",
         "seconds": 300, "down_bps": 80_000_000, "up_bps": 20_000_000}  # fmt: skip
READ = {"received_at": "2026-10-02T09:06:00.000Z"}


def test_calls_and_levels_are_passed_on_beside_reports_with_the_time_they_were_read(taker):
    lines = [json.dumps(CALL) + "\n", line(1), json.dumps({**LEVEL, "received_at": "never"}) + "\n"]
    (taker.folder / "all.jsonl").write_text("".join(lines))
    while taker.reader.poll(lambda: False):
        pass

    call, report, level = read_all(taker.path)
    assert [one.seq for one in (call, report, level)] == [1, 2, 3]
    assert json.loads(call.body) == CALL | READ
    assert json.loads(level.body) == LEVEL | READ
    assert json.loads(report.body)["session_id"] == "S1"


def test_what_was_passed_on_counts_at_the_other_end(taker):
    (taker.folder / "cdr.jsonl").write_text(f"{json.dumps(CALL)}\n{json.dumps(LEVEL)}\n")
    taker.reader.poll(lambda: False)

    pack = signed(Pack(tuple(read_all(taker.path))), "col-1", KEY)

    batch = mediate([open_pack(pack, KEYS, NOW.date())], SETTINGS)
    assert batch.suspended == ()
    assert [(one.caller, one.seconds) for one in batch.calls] == [("tel:+353214960000", 61)]
    assert [(one.port, one.down) for one in batch.levels] == [
        ("port:cork-sw-1/ge-0/0/7", 80_000_000)
    ]


@pytest.mark.parametrize(
    "bad",
    [
        '{"type":"call","seconds":NaN}',
        '{"type":"level","down_bps":1e999}',
        '{"type":"call","call_id":"' + "x" * LINE_BYTES_MAX + '"}',
        '{"type":"call",',
        '{"type":"invoice"}',
        '["type"]',
    ],
)
def test_a_line_that_could_not_travel_is_counted_and_stepped_over(taker, bad):
    (taker.folder / "cdr.jsonl").write_text(f"{bad}\n{line(1)}")
    assert taker.taken() == ["S1"]
    assert taker.counters.as_dict()["refused"] == {"malformed_line": 1}


def test_a_call_that_cannot_be_travels_to_where_it_can_be_corrected(taker):
    wrong = CALL | {"caller": "021 496 0000", "note": "\ud800"}
    (taker.folder / "cdr.jsonl").write_text(json.dumps(wrong) + "\n")
    taker.reader.poll(lambda: False)

    pack = signed(Pack(tuple(read_all(taker.path))), "col-1", KEY)

    (one,) = mediate([open_pack(pack, KEYS, NOW.date())], SETTINGS).suspended
    assert json.loads(one.raw) == wrong | READ

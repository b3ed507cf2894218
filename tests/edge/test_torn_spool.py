"""A spool cut anywhere in its last record: the rest arrives, and what is torn is never sent."""

import json
import shutil
import struct
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from billing.core.usage import Pack, open_pack
from edge.packs import cut, signed
from edge.salvage import mend
from edge.spool import SCHEMA, Backlog, Spool, read_all
from tests.edge import stream as streams
from tests.edge.process import KEY, Collector
from tests.edge.radius import answered, interim, request
from tests.edge.test_spool import rate, report
from tests.effort import sampled

pytestmark = pytest.mark.usefixtures("socket_enabled")
DOWN = "http://127.0.0.1:9"
FRAME_HEADER, WAL_HEADER = 24, 32
REPORTS = 12
PLENTY = 10_000_000


@pytest.fixture
def folder():
    """In memory where there is such a disk: thousands of spools are opened."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def killed(folder):
    """What a collector leaves that acknowledged its reports, sent none and was killed."""
    with Collector(folder, DOWN) as collector:
        collector.start()
        with collector.connected() as router:
            for number in range(REPORTS):
                packet = interim(number, f"S{number}", 10)
                packet["Acct-Input-Gigawords"] = 0
                assert answered(router, packet)
    return collector.spool


def last_commit(wal):
    """From where to where the frames of the last transaction lie in a WAL, and their length."""
    frame = FRAME_HEADER + struct.unpack(">I", wal[8:12])[0]
    ends = [
        at + frame
        for at in range(WAL_HEADER, len(wal) - frame + 1, frame)
        if struct.unpack(">I", wal[at + 4 : at + 8])[0]
    ]
    return ends[-2], ends[-1], frame


def sent_from(path):
    """The session ids of what a sender would offer; every pack is proven and readable."""
    backlog = Backlog(path)
    packs = [
        open_pack(signed(pack, "col-1", KEY), {"col-1": KEY}, date(2026, 10, 1))
        for pack in cut(backlog.oldest(1000))
    ]
    backlog.close()
    assert all(isinstance(pack, Pack) for pack in packs)
    return [record["session_id"] for pack in packs for record in pack.records]


def test_whatever_is_left_of_the_last_write_all_before_it_is_sent(folder):
    spool = killed(folder)
    main, wal = spool.read_bytes(), Path(f"{spool}-wal").read_bytes()
    start, end, frame = last_commit(wal)
    everything = read_all(spool)
    assert (end - start) % frame == 0
    assert end == len(wal)
    assert len(everything) == REPORTS

    torn = folder / "torn.db"
    edges = range(start, end + 1, frame)
    for length in [*sampled(range(start, end), every=16), *edges, end - 1, end]:
        torn.write_bytes(main)
        Path(f"{torn}-wal").write_bytes(wal[:length])
        Path(f"{torn}-shm").unlink(missing_ok=True)
        if not (length - start) % 64:  # a start looks for damage as well: there is none
            assert mend(torn, "next", SCHEMA) is None
        assert read_all(torn) == (everything if length == end else everything[:-1])
    assert sent_from(torn) == [f"S{number}" for number in range(REPORTS)]


def test_a_collector_goes_on_with_a_torn_spool(folder):
    spool = killed(folder)
    wal = Path(f"{spool}-wal")
    start, end, frame = last_commit(wal.read_bytes())
    for length in (start, start + 1, start + FRAME_HEADER, start + frame, end - 1):
        home = folder / str(length)
        home_with(home, spool)
        with streams.running() as stream, Collector(home, stream.url) as collector:
            with Path(f"{collector.spool}-wal").open("r+b") as file:
                file.truncate(length)
            collector.start()
            with collector.connected() as router:
                assert answered(router, request(1, Acct_Session_Id="new"))
            collector.wait_for(lambda status: status["sent"] == REPORTS)
            collector.kill()
            arrived = [record["session_id"] for pack in stream.taken for record in pack["records"]]
            assert arrived == [*(f"S{number}" for number in range(REPORTS - 1)), "new"]
            *old, (boot, seq) = stream.sequence()
            assert seq == 1  # of a boot of its own: the number that was torn is not used again
            assert boot not in {boot for boot, _ in old}
            log = (home / "log").read_text()
        assert f"{REPORTS - 1} records wait" in log


def home_with(home, spool):
    home.mkdir()
    for part in ("", "-wal", "-shm"):  # as they lie there when the process is killed
        shutil.copy(f"{spool}{part}", home / f"spool.db{part}")


def closed(folder, count=60):
    """A spool that was stopped: all of it in one file. Its bytes, and its records."""
    path = folder / "closed.db"
    spool = Spool(path, "before", PLENTY)
    for number in range(count):
        spool.append([report(f"S{number}", octets=number, gigawords=0)], rate)
    spool.close()
    return path.read_bytes(), read_all(path)


def opened(path, contents, boot="after"):
    """Open a file of these contents as the next start does: its records, and what was damaged."""
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    path.write_bytes(contents)
    spool = Spool(path, boot, PLENTY)
    found = read_all(path)
    spool.append([report("new")], rate)
    spool.close()
    assert sent_from(path)[-1] == "new"
    return found, spool.damaged


def test_a_file_cut_anywhere_in_its_last_record_loses_what_the_cut_took_and_sends_no_garbage(
    folder,
):
    contents, records = closed(folder)
    start = contents.rindex(records[-1].body.encode())
    end = start + len(records[-1].body)
    for length in [*sampled(range(start, end), every=8), end]:
        found, damaged = opened(folder / "cut.db", contents[:length])
        assert set(found) < set(records)
        assert len(found) > len(records) - 10  # those of the last page, at most
        assert damaged.read_bytes() == contents[:length]


@pytest.mark.parametrize("length", [0, 1, 99, 100, 1000, 4096, 5000, 8192, 12_288, 20_480, -4096])
def test_a_file_cut_anywhere_else_opens_again_with_what_can_be_read(folder, length):
    contents, records = closed(folder)
    found, damaged = opened(folder / "cut.db", contents[:length])

    assert set(found) < set(records)
    assert damaged is not None or not length  # an empty file is an empty spool
    if length == -4096:
        assert len(found) > len(records) - 20


def test_a_page_of_zeroes_or_of_noise_is_not_sent(folder):
    contents, records = closed(folder)
    for noise in (bytes(4096), b"\x5a" * 4096):
        page = contents.rindex(b'"S30"') // 4096 * 4096
        found, damaged = opened(
            folder / "noise.db", contents[:page] + noise + contents[page + 4096 :]
        )
        assert set(found) < set(records)
        assert {found[0], found[-1]} == {records[0], records[-1]}  # on both sides of it
        assert damaged is not None


def test_a_start_that_is_killed_while_it_mends_is_finished_by_the_next(folder):
    contents, records = closed(folder)
    path = folder / "cut.db"
    aside = Path(f"{path}.damaged-first")
    aside.write_bytes(contents[:-1])
    Path(f"{path}.mended").write_bytes(b"half of it")

    spool = Spool(path, "second", PLENTY)

    assert spool.damaged == aside
    assert len(read_all(path)) > len(records) - 20
    spool.close()


def test_what_is_mended_keeps_its_numbers_and_how_far_files_were_read(folder):
    contents, records = closed(folder)
    found, _ = opened(folder / "cut.db", contents[:-1])
    assert all(json.loads(one.body)["session_id"] == f"S{one.seq - 1}" for one in found)
    assert {one.boot for one in found} == {"before"}
    assert {one.place for one in found} <= {one.place for one in records}

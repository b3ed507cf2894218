"""Whatever is started is gone when we leave, its children too."""

import os
import sys
import time
from pathlib import Path

import pytest

from local.processes import Processes

# A parent that ignores the polite signal, with a child that does too; both pids go to the log.
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    print(os.getpid(), child, flush=True)
time.sleep(60)
"""


def test_a_process_and_its_children_are_gone_even_if_they_ignore_the_polite_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.processes.GRACE_SECONDS", 0.3)
    with Processes(tmp_path) as processes:
        processes.start(
            "stubborn", [sys.executable, "-c", STUBBORN], environment=os.environ, cwd=tmp_path
        )
        pids = [int(pid) for pid in wait_for_words(tmp_path / "stubborn.log", 2)]

    for pid in pids:
        assert not alive(pid)


def test_one_that_ends_by_itself_is_named_and_its_last_words_are_kept(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start(
            "short", [sys.executable, "-c", "print('no spool')"], environment=os.environ, cwd="/"
        )
        deadline = time.monotonic() + 10
        while not processes.dead() and time.monotonic() < deadline:
            time.sleep(0.02)

        assert processes.dead() == ["short"]
        assert processes.log_of("short") == "no spool"


def wait_for_words(file: Path, count: int) -> list[str]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        words = file.read_text().split() if file.exists() else []
        if len(words) >= count:
            return words
        time.sleep(0.02)
    raise AssertionError(f"{file} never said {count} words")


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"

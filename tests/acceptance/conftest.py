"""Whole systems on ports of their own, with the real emulator. The first one makes the snapshot."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Timer

import pytest

from billing.config import load_isp
from billing.core.period import local_day, period_containing, preceding
from local.context import ROOT, Context
from tests.acceptance.logs import leaked

PORT, ACCOUNTS = 8180, 40
START_SECONDS = 240
STOP_SECONDS = 30
OF_OTHER_TESTS = ("AWS_", "POWERTOOLS_", "USAGE_", "LEDGER_", "ACCOUNTS_", "DOCUMENTS_", "ARCHIVE_")


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """That of a terminal: nothing of the tests that run in this process."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OF_OTHER_TESTS) and name != "STAGE"
    }


@pytest.fixture(scope="module")
def system(environment: dict[str, str]) -> Iterator[Context]:
    """What `make run` starts, with history; stopped as by Ctrl-C."""
    command = [sys.executable, "-m", "local.main", f"--port={PORT}", f"--accounts={ACCOUNTS}"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment | {"COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = _after(START_SECONDS, process)
    try:
        said = _until_usable(process)
        watchdog.cancel()
        assert "usable after" in said, said
        yield Context.at(PORT)
        # Here, because every test of a running system has written into its logs.
        assert leaked(Context.at(PORT)) == []
    finally:
        watchdog.cancel()
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)


def last_month() -> str:
    """The first day of the closed month that nobody has billed yet."""
    isp = load_isp()
    today = local_day(datetime.now(UTC), isp.isp.zone)
    return preceding(period_containing(today, 1, isp.isp.zone), 1).label


def _after(seconds: float, process: subprocess.Popen[str]) -> Timer:
    timer = Timer(seconds, process.kill)
    timer.start()
    return timer


def _until_usable(process: subprocess.Popen[str]) -> str:
    """Its output up to the line that says so; all of it if it ended before."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if "usable after" in line:
            break
    return said

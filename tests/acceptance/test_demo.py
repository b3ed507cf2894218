"""`make demo` is the acceptance test: it ends with 0 only if every figure was as it must be."""

import subprocess
import sys

import pytest

from local.context import ROOT
from tests.acceptance.conftest import ACCOUNTS, PORT

pytestmark = pytest.mark.emulator

DEMO_SECONDS = 420
WHAT_IT_PROVES = (
    "the account's usage shows just that",  # router → page
    "drafts, nobody parked",
    "without a gap",  # cycle → invoices
    "one posting, one timeline",  # webhook → balance
    "sees one account",  # the portal reads usage
    "two segments",  # plan change in mid-cycle
    "Everything was as it must be",
)


def test_one_month_runs_from_the_first_packet_to_the_paid_invoice(
    environment: dict[str, str],
) -> None:
    command = [sys.executable, "-m", "local.demo", f"--port={PORT}", f"--accounts={ACCOUNTS}"]

    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=DEMO_SECONDS
    )

    print(ended.stdout)
    assert ended.returncode == 0, f"{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    for words in WHAT_IT_PROVES:
        assert words in ended.stdout, words

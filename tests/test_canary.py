"""The canary sings: each kind of leak is found, and a run that logs one fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canary import PATTERNS, leaks

ROOT = Path(__file__).resolve().parent.parent
LEAKS = {
    "e-mail address": '{"message":"mail not sent","to":"zita.yarrow@example.net"}',
    "token": "authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtaXJhIn0.c2lnbmF0dXJl",
    "key of the processor": "No such API key: sk_test_51Hq2",
    "cookie": "demarc-customer-access=abcdefgh; Path=/",
    "pay link": "GET /pay/4b1f0e2a9c8d7e6f5a4b3c2d1e0f 200",
    "password": "{'password': 'correct horse'}",
    "phone number": "calling +353 21 555 0199 now",
    "subscriber's address": "session of 100.64.0.7 began",
    "MAC address": "calling station 00-11-22-33-44-55",
    "card number": "paid by 4242 4242 4242 4242",
    "IBAN": "debit IE29 AIBK 9311 5212 3456 78",
}
CLEAN = """
{"level":"INFO","location":"lambda_handler:42","message":"webhook accepted","timestamp":
"2026-11-22 19:28:11,123+0000","event_id":"evt_1Pgc76B7WZ01zgkWwyRHS12y","payment":"pi_3MtwBwL"}
{"message":"numbers allocated","run":"run_01k9x4v7e8f9g0h1j2k3m4n5p6","count":40,"partitions":1}
{"message":"mail not sent","message_id":"evt_01k9","reason":"MailRefused","xray":"1-67-abc"}
START RequestId: 40012345-6789-4123-83cd-0ec0bd0e9ff3 Version: $LATEST
cork-bng-1 at 10.0.0.1: packet 7 refused; boot 2026-10-01T00:00:00Z, version 3.2.1
"""


def test_there_is_a_sample_of_every_kind():
    assert LEAKS.keys() == PATTERNS.keys()


@pytest.mark.parametrize("kind", LEAKS)
def test_what_belongs_to_a_customer_is_found_and_masked(kind: str):
    found = leaks(LEAKS[kind])

    assert kind in {one.kind for one in found}
    for secret in ("zita", "eyJ", "51Hq2", "abcdefgh", "4b1f", "horse", "0199", "100.64", "33-44"):
        assert secret not in "".join(map(str, found))


def test_names_of_customers_are_canaries():
    assert [one.kind for one in leaks("no bill for Zoë")] == ["name"]
    assert [one.kind for one in leaks("no bill for Wanda Yarrow", ["Wanda Yarrow"])] == ["name"]


def test_what_logs_are_for_is_no_leak():
    assert leaks(CLEAN) == []


LOGGED = """
import sys
from functions.runtime import logger

def test_that_leaks():
    {statement}
"""


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("logger.info('mail sent', to='zoe' + '@example.org')", 1),
        ("print('GET /pay/' + 'a' * 32, file=sys.stderr)", 1),
        ("logger.info('mail sent', message_id='evt_01k9')", 0),
    ],
)
def test_a_run_in_which_somebody_logs_it_fails(tmp_path: Path, statement: str, status: int):
    conftest = "from tests import canary\npytest_configure = canary.install\n"
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_leak.py").write_text(LOGGED.format(statement=statement))
    command = f"-m pytest {tmp_path} -n 0 -q -p no:cacheprovider --rootdir {tmp_path} -c"

    # Its own run, and not a part of the one that it is started from.
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    ended = subprocess.run(
        [sys.executable, *command.split(), "/dev/null"],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == status, ended.stdout
    assert ("test_leak.py::test_that_leaks\n" in ended.stdout) is bool(status)
    assert "zoe" not in ended.stdout

"""`./demarc`: what an operator asks of prices, of bills, and of past months on another plan."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from billing.config import ROOT
from local import command
from tests.examples import charge, customer, event, invoice

PRICE = """
model = "graduated"
unit = "GB"
currency = "EUR"
tiers = [{ up_to = "100", per_unit = "0" }, { per_unit = "0.05" }]
"""
TWICE = """
[[offerings]]
code = "a"
name = "A"
[[offerings.versions]]
valid_from = 2026-01-01
currency = "EUR"
prices = [{ model = "flat", amount = "20.00" }, { model = "flat", amount = 1.5 }]
"""
# What CloudFormation answers (API reference, DescribeStacks), here on loopback.
OUTPUTS = "".join(
    f"<member><OutputKey>{name}</OutputKey><OutputValue>demarc-{kind}-test</OutputValue></member>"
    for name, kind in (
        ("UsageTable", "usage"), ("LedgerTable", "ledger"), ("AccountsTable", "accounts"),
    )
)  # fmt: skip
STACK = f"""<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
<StackName>Demarc-trial-Data</StackName><Outputs>{OUTPUTS}</Outputs>
<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
NO_STACK = """<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>
<Message>Stack with id Demarc-nowhere-Data does not exist</Message></Error></ErrorResponse>"""


class CloudFormation(BaseHTTPRequestHandler):
    """Knows the stack of one stage."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        known = "StackName=Demarc-trial-Data" in asked
        self.send_response(200 if known else 400)
        self.end_headers()
        self.wfile.write((STACK if known else NO_STACK).encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """Where the operator stands."""
    monkeypatch.setattr(command, "HERE", tmp_path)
    return tmp_path


@pytest.fixture
def deployed(tables, monkeypatch) -> Iterator[str]:
    """A stage whose stack names the tables."""
    for name in ("STAGE", "USAGE_TABLE", "LEDGER_TABLE", "ACCOUNTS_TABLE", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, os.environ[name])  # given back after the test
    with ThreadingHTTPServer(("127.0.0.1", 0), CloudFormation) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", address)
        yield "trial"
        server.shutdown()


def run(capsys, *words: str) -> tuple[int, str, str]:
    code = command.main(list(words))
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_quantity_is_rated_step_by_step(here, capsys):
    (here / "price.toml").write_text(PRICE)

    code, out, _ = run(capsys, "rate", "price.toml", "437.5")

    assert code == 0
    assert out.splitlines() == [
        "the first 100 GB: 100 GB × 0.00 = 0.00 EUR",
        "above 100 GB: 337.5 GB × 0.05 = 16.875 EUR",
        "total 16.875, rounded to 16.88 EUR",
        "16.88 EUR",
    ]


def test_a_price_in_json_is_read_as_well_and_percentages_take_each_amount(here, capsys):
    price = {"model": "percentage", "currency": "EUR", "percent": "2.9", "fixed": "0.30"}
    (here / "price.json").write_text(json.dumps(price))

    code, out, _ = run(capsys, "rate", "price.json", "10.00", "20.00")

    assert (code, out.splitlines()[-1]) == (0, "1.47 EUR")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PRICE.replace('{ per_unit = "0.05" }', '{ up_to = "50" }'), "price.tiers[1].up_to"),
        ("model =", "neither TOML nor JSON"),
    ],
)
def test_an_impossible_price_is_refused_with_what_to_write(here, capsys, text, said):
    (here / "price.toml").write_text(text)

    code, out, err = run(capsys, "rate", "price.toml", "1")

    assert (code, out) == (1, "")
    assert said in err


def test_a_catalogue_that_cannot_be_is_refused_with_every_path(here, capsys):
    (here / "plans.toml").write_text(TWICE)

    code, _, err = run(capsys, "check")

    assert code == 1
    assert "offerings[0].versions[0].prices[1].amount: 1.5 is not exact" in err


def test_the_catalogue_of_this_repository_can_be(monkeypatch, capsys):
    monkeypatch.setattr(command, "HERE", ROOT)

    code, out, _ = run(capsys, "check")

    assert code == 0
    assert "each of them possible" in out


def test_the_command_runs_from_any_folder_and_reads_files_from_there(tmp_path):
    (tmp_path / "price.toml").write_text(PRICE)

    done = subprocess.run(
        [ROOT / "demarc", "rate", "price.toml", "100"], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.stdout.splitlines()[-1:] == ["0.00 EUR"], done.stderr


def test_without_a_system_it_says_what_is_needed(capsys):
    code, _, err = run(capsys, "explain", "N-1", "--port", "9")

    assert code == 1
    assert "make run" in err
    assert "--stage" in err


def test_a_stage_that_is_not_there_says_what_is_needed(deployed, capsys):
    code, _, err = run(capsys, "explain", "N-1", "--stage", "nowhere")

    assert code == 1
    assert "Demarc-nowhere-Data cannot be read" in err
    assert "AWS_PROFILE" in err


def test_every_line_of_a_bill_is_explained(deployed, capsys):
    from billing.store import accounts, invoices

    accounts.save_new_customer(**customer())
    issued = invoice(charge("30.00"), charge("5.00", "usage"))
    invoices.issue(issued, event("invoice.issued", issued.id))

    code, out, _ = run(capsys, "explain", "N-2026-0001", "--stage", deployed)

    assert code == 0
    assert "N-2026-0001, Ada Lindqvist" in out
    assert "Fibre 250, recurring: 30.00 EUR\n  1. entered by staff:t" in out
    assert "net 35.00 EUR, tax 6.65 EUR, total 41.65 EUR" in out


def test_an_unknown_bill_is_refused(deployed, capsys):
    code, _, err = run(capsys, "explain", "N-9", "--stage", deployed)

    assert (code, "N-9 was not found" in err) == (1, True)


@pytest.fixture
def customers(deployed):
    """Ben and Cleo on Fibre 500 (45.00), Ada on Wireless 50 (36.50), since 2025."""
    from billing.store import catalog
    from tests.functions.bill_cycle import world as cycle

    for code in ("fibre-500", "wireless-50"):
        for version in cycle.PLANS[code].versions:
            catalog.put_price_version(version, event("offered", version.offering_id))
    for name, plan in (("Ada", "wireless-50"), ("Ben", "fibre-500"), ("Cleo", "fibre-500")):
        cycle.new_customer(name, plan, since="2025-01-01")
    return deployed


OTHER = TWICE.replace(', { model = "flat", amount = 1.5 }', "")


def test_all_accounts_are_compared_with_a_plan_of_another_file(customers, here, capsys):
    (here / "other.toml").write_text(OTHER)

    code, out, err = run(
        capsys, "what-if", "--plan", "a", "--plans", "other.toml", "--months", "2026-03,2026-04",
        "--stage", customers,
    )  # fmt: skip

    assert code == 0, err
    assert "A, 2026-03, 2026-04: 3 of 3 accounts compared" in out
    assert "253.00 EUR -> 120.00 EUR (-133.00 EUR)" in out
    assert "pay less          3 (100 %)" in out


def test_those_on_a_plan_are_compared_and_json_has_each_of_them(customers, capsys):
    code, out, err = run(
        capsys, "what-if", "--plan", "wireless-50", "--on", "fibre-500", "--months", "2026-03",
        "--json", "--stage", customers,
    )  # fmt: skip

    assert code == 0, err
    found = json.loads(out)
    assert [one["accountId"] for one in found["compared"]] in (
        ["acc_ben", "acc_cleo"], ["acc_cleo", "acc_ben"],
    )  # fmt: skip
    assert {one["difference"]["value"] for one in found["compared"]} == {"-8.50"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--plan", "fibre-9", "--months", "2026-03"], "choose one of"),
        (["--plan", "fibre-500", "--months", "2999-03"], "2999-03 is not over"),
        (["--plan", "fibre-500", "--months", "March"], "write 2026-09"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_fix(customers, capsys, words, said):
    code, _, err = run(capsys, "what-if", *words, "--stage", customers)

    assert (code, said in err) == (1, True), err

"""`python -m bench`: everything counted, timed in turns, priced; one table, and bench.json."""

import argparse
import json
import os
import platform
import sys
import warnings
from dataclasses import asdict, fields
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

os.environ.setdefault("POWERTOOLS_LOG_LEVEL", "WARNING")  # before a function makes its logger

from bench import costs, counts, emulator, meter, rounds, speed
from bench.costs import Month
from bench.counts import PerInvoice
from bench.emulator import Check
from bench.meter import Counts
from bench.rounds import Timed

OUTPUT = Path(".demarc") / "bench.json"
CUSTOMERS = 4
FOLDED = 40
POPULATIONS = (1_000, 10_000, 100_000)
WINDOWS = (5, 60)  # seconds: as deployed, and what it could be


def main() -> None:
    given = argparse.ArgumentParser(prog="bench", description=__doc__)
    given.add_argument("--port", type=int, default=8580, help="where the emulator may listen")
    given.add_argument("--rounds", type=int, default=rounds.ROUNDS)
    arguments = given.parse_args()
    meter.install()
    warnings.filterwarnings("ignore", message="No application metrics")
    console = Console(width=100, highlight=False)

    checks = _checked(console, arguments.port)
    counted = _counted()
    console.print(_counts_table(counted))
    timings: list[Timed] = []
    for case in speed.cases():
        timings.append(rounds.timed(case, arguments.rounds))
    console.print(_timings_table(timings))
    bill = {name: PerInvoice(*counted[name]) for name in counts.WORKFLOWS}
    fold = counted["fold"][0].times(FOLDED)
    months = [costs.month(n, w, fold, FOLDED, bill) for n in POPULATIONS for w in WINDOWS]
    console.print(_months_table(months))
    _save(counted, timings, months, checks)
    console.print(f"the same as JSON: {OUTPUT}")


def _checked(console: Console, port: int) -> dict[str, list[Check]]:
    """The rules of units against both emulators; where one differs is told, not hidden."""
    found: dict[str, list[Check]] = {}
    for name, opened in (("ministack", emulator.ministack(port)), ("moto", emulator.moto())):
        with opened as client:
            found[name] = emulator.checks(client)
        same = sum(check.rules == check.reported for check in found[name])
        console.print(f"units by the rules, as {name} reports them: {same} of {len(found[name])}")
    return found


def _counted() -> dict[str, tuple[Counts, Counts]]:
    """By piece of work: what one of its units costs, and what each run costs besides."""
    none = Counts()
    found = {
        "live: 200 sessions, 5 each": (counts.ingested(200, 5), none),
        "live: 1,000 sessions": (counts.ingested(1000, 1), none),
        "live: 50 batches of 20": (counts.ingested(20, 1).times(50), none),
        "naive: a row each": (counts.ingested_naively(200, 5), none),
        "fold": (counts.folded(FOLDED, 12).divided(FOLDED), none),
    }
    for name, one in counts.billed(CUSTOMERS).items():
        found[name] = (one.each, one.run)
    found["naive: 4-item transaction"] = (counts.issued_naively(CUSTOMERS), none)
    found["payment"] = (counts.paid(), none)
    return found


PER = {
    "live": "1,000 records",
    "naive: a row": "1,000 records",
    "fold": "session, hour",
    "payment": "payment",
}


def _counts_table(counted: dict[str, tuple[Counts, Counts]]) -> Table:
    table = _table("AWS, counted exactly", "work", "per")
    for heading in ("calls", "write units", "index", "read units", "bytes sent", "calls a run"):
        table.add_column(heading, justify="right")
    for name, (each, run) in counted.items():
        per = next((per for start, per in PER.items() if name.startswith(start)), "invoice")
        table.add_row(
            name,
            per,
            _figure(each.total_calls),
            _figure(each.write_units),
            _figure(each.index_units),
            _figure(each.read_units),
            _figure(each.bytes_sent),
            _figure(run.total_calls),
        )
    return table


def _figure(number: Fraction | float) -> str:
    return f"{float(number):,.0f}" if number >= 100 else f"{float(number):.4g}"


def _timings_table(timings: list[Timed]) -> Table:
    turns = timings[0].rounds
    table = _table(f"CPU against a floor, {turns} rounds in turns", "work", "against", "per")
    for heading in ("n", "µs", "ratio", "quartiles"):
        table.add_column(heading, justify="right")
    for one in timings:
        low, high = one.quartiles
        table.add_row(
            one.name,
            one.against,
            one.per,
            str(one.n),
            f"{one.microseconds:,.0f}",
            f"{one.ratio:.3g}",
            f"{low:.3g}–{high:.3g}",
        )
    return table


def _months_table(months: list[Month]) -> Table:
    table = _table("A month on AWS, USD, by prices.toml", "subscribers", "window")
    headings = ("units/1,000", "stream", "ingest", "folding", "bills", "storage", "total", "each")
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in months:
        sums = (one.stream, one.ingest, one.folding, one.billing, one.storage, one.total)
        table.add_row(
            f"{one.subscribers:,}",
            f"{one.window_seconds} s",
            f"{one.units_per_1000:,.0f}",
            *(f"{amount:,.2f}" for amount in sums),
            f"{one.total / one.subscribers:.4f}",
        )
    return table


def _table(title: str, *left: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in left:
        table.add_column(heading, no_wrap=True)
    return table


def _save(
    counted: dict[str, tuple[Counts, Counts]],
    timings: list[Timed],
    months: list[Month],
    checks: dict[str, list[Check]],
) -> None:
    saved: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "counts": {name: {"each": _dict(a), "run": _dict(b)} for name, (a, b) in counted.items()},
        "timings": [asdict(one) for one in timings],
        "months": [{**asdict(one), "total": one.total} for one in months],
        "units": {name: [asdict(one) for one in found] for name, found in checks.items()},
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(saved, indent=1, default=_plain) + "\n")


def _dict(counts: Counts) -> dict[str, Any]:
    return {one.name: getattr(counts, one.name) for one in fields(counts)}


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    raise TypeError(f"{value!r} is no JSON")


if __name__ == "__main__":
    sys.exit(main())

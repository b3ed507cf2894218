"""No e-mail address, token, secret, name or subscriber's address in any log: the whole run is read.

Whatever a test's handlers write to stdout, stderr or a logger is in its report, wherever xdist ran
it; the process that gathers the reports reads them all. What the invented customers of the tests
are called is a canary: it has no business in a log.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

PATTERNS = {
    "e-mail address": r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}",
    "token": r"eyJ[\w-]{8,}\.[\w-]{8,}|(?i:bearer)\s+[\w.~+/-]{16,}=*",
    "key of the processor": r"\b(?:sk|rk)_(?:test|live)_\w+|\bwhsec_\w+",
    "cookie": r"(?i:\bset-cookie\b|\b(?:__Host-)?demarc-(?:staff|customer)-\w+=\S+)",
    "pay link": r"/pay/[\w-]{16,}|\btoken-acc_\w+|[\"']?pay_token[\"']?\s*[:=]\s*[\"']?[\w-]{8,}",
    "password": r"(?i:\bpassword[\"']?\s*[:=]\s*(?:\"[^\"]{4,}\"|'[^']{4,}'|[^\s\"',*]{4,}))",
    "phone number": r"\+\d{2,3}[ -]?\d[\d -]{6,14}\d\b",
    "subscriber's address": r"\b100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d{1,3}\.\d{1,3}\b",
    "MAC address": r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b",
    # Not within an identifier: one in ten thousand UUIDs begins like a card.
    "card number": r"(?<![\w-])(?:4\d{3}|5[1-5]\d{2})(?:[ -]?\d{4}){3}(?![\w-])",
    "IBAN": r"\b(?:DE|IE|FR|NL|GB)\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b",
}
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in PATTERNS.items()}

# The customers of the tests' worlds: names, streets and towns that mean nobody else.
CANARIES = (
    "Zoë", "aoife", "secretive-name", "Ada Lindqvist", "Súilleabháin", "Quay Street",
    "T12 AB12", "Lighthouse Road", "Hafenstraße", "Am Kai",
)  # fmt: skip
OF_PEOPLE = frozenset({"emulator", "browser"})  # what these tests print is for people


@dataclass(frozen=True)
class Leak:
    """A line of a log with something in it that belongs to a customer. `line` is masked."""

    kind: str
    line: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.line}"


def leaks(text: str, canaries: Iterable[str] = CANARIES) -> list[Leak]:
    """What must not stand in a log, line by line; `canaries` are names to look for besides."""
    names = "|".join(re.escape(name) for name in canaries)
    patterns = (
        {**_PATTERNS, "name": re.compile(rf"(?<!\w)(?:{names})(?!\w)")} if names else _PATTERNS
    )
    return [leak for line in text.splitlines() for leak in _leaks_of(line, patterns)]


def _leaks_of(line: str, patterns: dict[str, re.Pattern[str]]) -> Iterator[Leak]:
    for kind, pattern in patterns.items():
        if found := pattern.search(line):
            before, after = line[: found.start()][-90:], line[found.end() :][:60]
            # The rest of the line may hold the next secret, so it is masked as well.
            for each in patterns.values():
                before, after = each.sub("‹…›", before), each.sub("‹…›", after)
            yield Leak(kind, f"{before}‹{kind}›{after}")


class Watch:
    """A plugin that reads what each test wrote, and fails the run over a leak."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Leak] = {}  # by test and kind

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # The report of the teardown holds what was written in all three phases.
        if report.when != "teardown" or OF_PEOPLE & set(report.keywords):
            return
        for _, text in report.sections:
            for leak in leaks(text):
                self.found.setdefault((report.nodeid, leak.kind), leak)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.found:
            return
        terminalreporter.write_sep("=", "in the logs, and must not be", red=True)
        for (test, _), leak in self.found.items():
            terminalreporter.write_line(f"{test}\n    {leak}")


def install(config: pytest.Config) -> None:
    """Watch a run: once, where the reports of all workers arrive."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Watch(), "canary")

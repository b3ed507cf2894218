"""The demo insists: what does not hold ends it with exit code 1."""

import socket

import pytest

from local.demo.__main__ import main
from local.demo.journal import Journal, NotAsItMustBe


def test_a_fact_that_does_not_hold_ends_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal()
    journal.must(1 == 1, "one is one")
    with pytest.raises(NotAsItMustBe, match="one is two"):
        journal.must(1 == 2, "one is two")
    assert "one is one" in capsys.readouterr().out


def test_what_does_not_come_in_time_ends_the_demo() -> None:
    with pytest.raises(NotAsItMustBe, match="the money arrives, within 0 s"):
        Journal().soon(lambda: None, "the money arrives", seconds=0)


def test_a_demo_that_cannot_begin_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 8980))
        taken.listen()
        assert main(["--port", "8980", "--accounts", "12"]) == 1
    assert "port 8980 is taken" in capsys.readouterr().err

"""Child processes that are gone when we are: each in a group of its own, ended and verified."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 8.0


class Processes:
    """Started in order, stopped in reverse. Use as a context manager."""

    def __init__(self, log_directory: Path) -> None:
        self.log_directory = log_directory
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError):  # outside the main thread nobody interrupts us
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C
        for name in reversed(list(self.started)):
            self.stop(name)
        with suppress(ValueError):
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(
        self, name: str, command: Sequence[str | Path], *, environment: Mapping[str, str], cwd: Path
    ) -> None:
        """Start a process whose output goes to <name>.log."""
        self.log_directory.mkdir(parents=True, exist_ok=True)
        with (self.log_directory / f"{name}.log").open("wb") as log:
            self.started[name] = subprocess.Popen(
                [str(part) for part in command],
                env=dict(environment),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: Ctrl-C reaches us alone
            )

    def dead(self) -> list[str]:
        """Names of those that ended by themselves."""
        return [name for name, process in self.started.items() if process.poll() is not None]

    def log_of(self, name: str, lines: int = 20) -> str:
        text = (self.log_directory / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self, name: str) -> None:
        """Ask the group to end, then make it; return when no member is left."""
        process = self.started.pop(name, None)
        if process is None:
            return
        group = process.pid  # of a session leader
        for signal_number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(group, signal_number)
            except ProcessLookupError:
                process.poll()
                return
            if _gone(process, group, seconds):
                return


def _gone(process: subprocess.Popen[bytes], group: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        process.poll()
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False

"""A real collector process with its own spool, port and stream."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.edge.radius import SECRET

CONFIG = """
[collector]
id = "col-1"
spool = "{folder}/spool.db"
spool_max_mb = {spool_max_mb}
reserve_mb = 0
status_file = "{folder}/status.json"
status_every_seconds = 0.1
[radius]
listen = "127.0.0.1:{port}"
secret = "{secret}"
[lines]
directory = "{folder}"
every_seconds = 0.1
[kinesis]
stream = "usage"
region = "eu-west-1"
hmac_key = "{key}"
every_seconds = 0.05
"""
KEY = bytes(range(16))
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Collector:
    """Started, asked, stopped or killed; started again on the same port and spool."""

    def __init__(
        self,
        folder: Path,
        stream_url: str,
        spool_max_mb: float = 64,
        command: Sequence[str] = ("edge.collector",),
    ) -> None:
        self.folder, self.stream_url, self.command = folder, stream_url, command
        self.spool = folder / "spool.db"
        self.port = _free_port()
        (folder / "collector.toml").write_text(
            CONFIG.format(
                folder=folder,
                port=self.port,
                secret=SECRET.decode(),
                key=KEY.hex(),
                spool_max_mb=spool_max_mb,
            )
        )
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Collector":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> "Collector":
        self.launch()
        self.wait_for(lambda status: status["listening"])
        return self

    def launch(self) -> None:
        """Start it without waiting for it."""
        (self.folder / "status.json").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.command, "--config", self.folder / "collector.toml"],
            env={**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": self.stream_url},
            stdout=subprocess.PIPE,
            stderr=(self.folder / "log").open("a"),
            text=True,
        )

    def status(self) -> dict[str, Any] | None:
        try:
            return json.loads((self.folder / "status.json").read_text())
        except FileNotFoundError:
            return None

    def wait_for(self, condition: Any, seconds: float = 60) -> dict[str, Any]:
        """The first status document of which the condition holds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            status = self.status()
            if status and condition(status):
                return status
            time.sleep(0.02)
        log = (self.folder / "log").read_text()
        raise AssertionError(f"it never came to that: {self.status()}\n{log}")

    def stop(self) -> int:
        """Ask it to end, as an operator does; its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=10)
        return self.process.returncode

    def kill(self) -> None:
        """End it as a power cut does."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=10)

    def connected(self) -> socket.socket:
        """A router's socket to its accounting port."""
        router = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        router.connect(("127.0.0.1", self.port))
        return router


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

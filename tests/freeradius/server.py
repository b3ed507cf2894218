"""FreeRADIUS on loopback, as edge/README.md configures it, and radclient as its routers."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.context import ROOT
from local.processes import Processes

SECRET = "testing123"
HERE = Path(__file__).parent
README_DIRECTORY = "/var/log/freeradius/demarc"
PARALLEL = 20


class FreeRadius:
    """Its configuration and files in one directory; its lines in `lines`."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory, self.port = directory, port
        self.lines = directory / "lines"
        self.lines.mkdir(parents=True)
        (directory / "radiusd.conf").write_text(
            (HERE / "radiusd.conf")
            .read_text()
            .format(directory=directory, port=port, secret=SECRET, modules=self._modules())
        )

    def start(self, processes: Processes) -> None:
        """In the foreground, as a child that ends with the others."""
        command = ["freeradius", "-f", "-d", str(self.directory), "-n", "radiusd"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        processes.start("freeradius", command, environment=environment, cwd=self.directory)

    def written(self) -> int:
        """Lines in all of its files, rotated ones too."""
        return sum(file.read_bytes().count(b"\n") for file in self.lines.iterdir())

    def rotate(self) -> None:
        """As logrotate does it: rename the file, and leave the writer to notice."""
        (file,) = self.lines.glob("acct-*.jsonl")
        file.rename(file.with_name(f"{file.stem}.1.jsonl"))

    def _modules(self) -> str:
        """What the README tells people to write, with our directory in it."""
        told = (ROOT / "edge" / "README.md").read_text()
        (block,) = re.findall(r"```\n(modules \{\n.*?\n\})\n```", told, re.DOTALL)
        return block.replace(README_DIRECTORY, str(self.lines))


def radclient(address: str, kind: str, secret: str, packets: Sequence[Mapping[str, Any]]) -> str:
    """Send all packets and wait for their answers; radclient's summary. Raises if one has none."""
    written = "\n\n".join(
        "\n".join(f"{name} = {value}" for name, value in packet.items()) for packet in packets
    )
    done = subprocess.run(
        [
            "radclient",
            "-q",
            "-s",
            "-p",
            str(PARALLEL),
            "-r",
            "10",
            "-t",
            "1",
            address,
            kind,
            secret,
        ],
        input=written + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode:
        raise AssertionError(f"radclient: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout

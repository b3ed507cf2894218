"""Where the parts of a local system listen; apart from `stage.py`, to be read without the CDK."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class LocalPorts:
    """Ports of 127.0.0.1: six neighbours from one base, so that two systems can run."""

    portal: int
    console: int
    processor: int
    emulator: int
    collector: int  # UDP
    mailbox: int

    @classmethod
    def at(cls, base: int) -> Self:
        return cls(base, base + 1, base + 2, base + 3, base + 4, base + 5)

"""What the demo prints, and how it insists."""

import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

T = TypeVar("T")


class NotAsItMustBe(Exception):
    """A figure differs from what it must be."""


class Journal:
    """Steps and facts with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._steps = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def step(self, title: str) -> None:
        self._steps += 1
        print(f"\n{self._steps}. {title}", flush=True)

    def fact(self, text: str) -> None:
        print(f"   {self.seconds:6.1f} s  {text}", flush=True)

    def must(self, holds: object, text: str) -> None:
        """Print a fact if it holds; else it ends the demo."""
        if not holds:
            self.wrong(text)
        self.fact(text)

    def wrong(self, text: str) -> NoReturn:
        raise NotAsItMustBe(f"this must hold: {text}")

    def soon(self, ask: Callable[[], T | None], what: str, seconds: float = 60) -> T:
        """The first answer that is not empty; asked every quarter of a second."""
        until = time.monotonic() + seconds
        while True:
            answer = ask()
            if answer:
                return answer
            if time.monotonic() > until:
                self.wrong(f"{what}, within {seconds:.0f} s")
            time.sleep(0.25)

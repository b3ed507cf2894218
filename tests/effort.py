"""How much is tried: a sample in `make test`, everything in `make long`."""

import os
from collections.abc import Sequence
from typing import TypeVar

WHOLE = os.environ.get("WHOLE", "") == "1"

Thing = TypeVar("Thing")


def sampled(things: Sequence[Thing], *, every: int, offset: int = 0) -> Sequence[Thing]:
    """Every so manieth, from the offset on; in `make long` all of them."""
    return things if WHOLE else things[offset % every :: every]

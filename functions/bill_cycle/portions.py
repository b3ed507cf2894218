"""A long list walked a hundred at a time, as far as the time of one invocation goes.

A state that could not walk all of it answers with the place it came to, `at`; the machine invokes
it again from there, until the answer has no `at`. What it carries from one to the next is counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.typing import LambdaContext

AT_ONCE = 100  # what one call reads at most
RESERVE_MS = 60_000  # of the function's time, left for what was begun

Item = TypeVar("Item")


def portions(items: Sequence[Item], at: int, context: LambdaContext) -> Iterator[Sequence[Item]]:
    """Portions from a place on, as long as there is time; the first in any case."""
    for begin in range(at, len(items), AT_ONCE):
        if begin > at and context.get_remaining_time_in_millis() < RESERVE_MS:
            return
        yield items[begin : begin + AT_ONCE]


def went_on(answer: Mapping[str, Any], at: int, items: Sequence[Any]) -> dict[str, Any]:
    """The answer of a state that came to `at`; with `at` as long as there are items after it."""
    rest = {name: value for name, value in answer.items() if name != "at"}
    return rest | {"at": at} if at < len(items) else rest

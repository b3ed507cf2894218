"""One write that somebody asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing.core.ids import derived_id
from billing.store.transactions import Put

_ANY_TIME = datetime.fromtimestamp(0, UTC)


def _nothing(_: Any) -> Sequence[Put]:
    return ()


@dataclass(frozen=True, slots=True)
class Operation:
    """Who writes, when, and under which name.

    key   names the operation for ever; ids of what it makes follow from it and from `at`
    keep  the rows that remember the answer, given the result: a use case commits them together
          with its effect, so that a repeated request is answered and not done again
    """

    actor: str  # as the timeline names it
    at: datetime
    key: str
    keep: Callable[[Any], Sequence[Put]] = _nothing

    def id(self, prefix: str, *parts: str) -> str:
        """The id of what this operation makes; `parts` tell several of one kind apart."""
        return derived_id(prefix, self.at, self.actor, self.key, *parts)

    def lasting_id(self, prefix: str, *parts: str) -> str:
        """The same whenever the operation is repeated, for effects that no one transaction holds.

        It says nothing about when: what died half-way and is sent again finds what it did.
        """
        return derived_id(prefix, _ANY_TIME, self.actor, self.key, *parts)

"""Claims: which service answers for an identity, and when."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from billing.core.period import Span


class Claim(Protocol):
    """A dated assignment: from when until when a service answers for an identity."""

    @property
    def identity(self) -> str: ...
    @property
    def service_id(self) -> str: ...
    @property
    def span(self) -> Span: ...


def holders(claims: Iterable[Claim]) -> Callable[[str, datetime], set[str]]:
    """Asks who held an identity at an instant; a claim given twice is one claim."""
    by_identity: dict[str, list[Claim]] = {}
    for claim in claims:
        by_identity.setdefault(claim.identity, []).append(claim)

    def holding(identity: str, at: datetime) -> set[str]:
        held = by_identity.get(identity, ())
        return {claim.service_id for claim in held if claim.span.contains(at)}

    return holding

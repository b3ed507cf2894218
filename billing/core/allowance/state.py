"""What is left of buckets between periods: stored with the invoice, it opens the next period."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from billing.core.catalog import Allowance, Bucket, UsagePrice
from billing.core.errors import BillingError
from billing.core.period import instant_from, rfc3339


class NoAllowance(BillingError):
    """Only a price that is an allowance has buckets."""

    def __init__(self, code: str) -> None:
        super().__init__(f"price {code} is no allowance: rate its quantity instead")
        self.code = code


class Grant(NamedTuple):
    """What is left of one grant of a bucket, in base units (octets, seconds, events)."""

    bucket: str
    left: int
    since: datetime  # granted or bought
    until: datetime | None  # the first instant it is no longer valid; None: never, or rolled over
    rolled: int = 0  # rolled over: may be burnt in so many periods from here on
    bought: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What one term hands to the next."""

    grants: tuple[Grant, ...] = ()
    courtesies: tuple[int, ...] = ()  # how many periods ago each was used; 0: in the last one
    term: datetime | None = None  # when the term began that it closed or was left in
    ended: datetime | None = None  # the instant at which it was taken
    top_ups: int = 0  # automatic ones bought in that term

    def left(self, bucket: str) -> int:
        """Base units left in all grants of a bucket."""
        return sum(grant.left for grant in self.grants if grant.bucket == bucket)

    def to_dict(self) -> dict[str, Any]:
        """For storage, as JSON: instants in RFC 3339, base units as integers."""
        return {
            "grants": [
                {
                    "bucket": grant.bucket,
                    "left": grant.left,
                    "since": rfc3339(grant.since),
                    "until": None if grant.until is None else rfc3339(grant.until),
                    "rolled": grant.rolled,
                    "bought": grant.bought,
                }
                for grant in self.grants
            ],
            "courtesies": list(self.courtesies),
            "term": None if self.term is None else rfc3339(self.term),
            "ended": None if self.ended is None else rfc3339(self.ended),
            "top_ups": self.top_ups,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "State":
        """The inverse of `to_dict`."""

        def instant(text: str | None) -> datetime | None:
            return None if text is None else instant_from(text)

        return cls(
            grants=tuple(
                Grant(
                    grant["bucket"],
                    grant["left"],
                    instant_from(grant["since"]),
                    instant(grant["until"]),
                    grant["rolled"],
                    grant["bought"],
                )
                for grant in data["grants"]
            ),
            courtesies=tuple(data["courtesies"]),
            term=instant(data["term"]),
            ended=instant(data["ended"]),
            top_ups=data["top_ups"],
        )


EMPTY = State()


def after_change(state: State, left: UsagePrice) -> State:
    """The state in which the next plan opens, when the plan with this price was left.

    What was bought stays. What was granted ends with the plan, but for buckets whose rollover is
    kept: their rolled-over grants stay, and where grants are prorated also what is left of the
    period's own, rolled over. A kept grant pays again in a plan that has a bucket of its code.
    """
    if not isinstance(left.model, Allowance):
        raise NoAllowance(left.code)
    buckets = {bucket.code: bucket for bucket in left.model.buckets}
    prorated = left.model.at_change == "prorated"
    kept = [
        stays
        for grant in state.grants
        if (stays := _after_change(grant, buckets.get(grant.bucket), prorated))
    ]
    return replace(state, grants=tuple(kept))


def capped(grants: list[Grant], cap: int) -> list[Grant]:
    """Rolled-over grants within the cap: what exceeds it is taken from what would expire first."""
    kept: list[Grant] = []
    for grant in sorted(grants, key=lambda grant: (grant.rolled, grant.since), reverse=True):
        stays = min(grant.left, cap)
        cap -= stays
        if stays:
            kept.append(grant._replace(left=stays))
    return kept[::-1]


def _after_change(grant: Grant, bucket: Bucket | None, prorated: bool) -> Grant | None:
    if grant.bought or bucket is None:
        return grant
    if bucket.rollover is None or bucket.rollover.at_change == "forfeited":
        return None
    if grant.rolled:
        return grant
    if not prorated:
        return None
    # It is still in the period of its own grant: the further periods are counted from the next one.
    return grant._replace(until=None, rolled=bucket.rollover.periods + 1)

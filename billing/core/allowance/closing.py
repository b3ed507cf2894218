"""What a term leaves behind: what rolls over, what ends, and which courtesies were used."""

from billing.core.allowance.meter import Live, Meter
from billing.core.allowance.plan import Slot
from billing.core.allowance.state import Grant, State, capped
from billing.core.catalog import Courtesy
from billing.core.money import Money

_REMEMBERED_MAX = 120  # periods; courtesies are counted in no more


def close(meter: Meter, courtesies: tuple[int, ...]) -> State:
    """The state after a term's last hour; when the plan is left within it, all as it stands."""
    term = meter.term
    at_end = meter.last == term.hours[1]
    grants: list[Grant] = []
    for slot, pool in zip(meter.plan.slots, meter.pools, strict=True):
        rolled: list[Grant] = []
        for live in pool:
            if not live.left:
                continue
            grant = Grant(slot.code, live.left, live.since, live.until, live.rolled, live.bought)
            if not at_end or _outlasts(live, meter):
                grants.append(grant)
            elif further := _further(slot, live):
                rolled.append(grant._replace(until=None, rolled=further))
            else:
                meter.lose(slot.code, live.left)
        if rolled:
            kept = rolled if slot.cap is None else capped(rolled, slot.cap)
            meter.lose(slot.code, sum(g.left for g in rolled) - sum(g.left for g in kept))
            grants.extend(kept)
    for grant in meter.asleep:
        grants.extend(_asleep(grant, meter) if at_end else (grant,))
    return State(
        grants=tuple(grants),
        courtesies=courtesies,
        term=term.start,
        ended=term.end if at_end else meter.ended,
        top_ups=meter.top_ups,
    )


def courtesy_of(
    terms: Courtesy | None, overage: Money | None, opening: State, same_term: bool
) -> tuple[Money | None, tuple[int, ...]]:
    """What of the overage is forgiven, and the courtesies to remember.

    A period of which overage was forgiven already, under the plan before, uses no second one.
    """
    age = 0 if same_term else 1
    kept = _REMEMBERED_MAX if terms is None else terms.of
    used = tuple(ago + age for ago in opening.courtesies if ago + age < kept)
    if terms is None or overage is None or overage.minor <= 0:
        return None, used
    if 0 in used:
        return overage, used
    if len(used) >= terms.months:
        return None, used
    return overage, (*used, 0)


def _outlasts(live: Live, meter: Meter) -> bool:
    return not live.rolled and (live.until is None or live.until > meter.term.end)


def _further(slot: Slot, live: Live) -> int:
    """In how many periods from the next one on the rest of an ended grant may be burnt."""
    return live.rolled - 1 if live.rolled else slot.rolls_over


def _asleep(grant: Grant, meter: Meter) -> tuple[Grant, ...]:
    """A grant that no bucket of this plan can burn: its time runs all the same."""
    if grant.rolled > 1:
        return (grant._replace(rolled=grant.rolled - 1),)
    if not grant.rolled and (grant.until is None or grant.until > meter.term.end):
        return (grant,)
    meter.lose(grant.bucket, grant.left)
    return ()

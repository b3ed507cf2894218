"""What was billed: lines of fixed amounts, what of them is credited, and credits of their parts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from billing.core.charging.charge import Charge
from billing.core.charging.held import State
from billing.core.money import Money
from billing.core.period import Scale, instant_from, rfc3339

_SECOND = 10**6  # microseconds
Run = tuple[int, int]  # positions on a scale, from one to before the other


class Unused(NamedTuple):
    """A stretch of a line that was not used, and which part of the line's amount that is."""

    first: int
    end: int
    part: int
    of: int
    unit: str  # what they count: "day", "second", "month", or "part"


class Billed(NamedTuple):
    """A line of an earlier bill on the scale of its price."""

    line: Charge
    state: State
    scale: Scale
    first: int
    end: int
    credits: Sequence[Charge]
    credited: Sequence[Run]

    @property
    def open(self) -> list[Run]:
        """What of it is not credited yet."""
        whole = [(self.first, self.end)]
        return less(whole, self.credited) if self.credited else whole

    @property
    def net(self) -> int:
        """Minor units that were charged and not credited."""
        return self.line.priced.minor + sum(one.priced.minor for one in self.credits)

    def lies_in(self, bounds: Run) -> bool:
        return bounds[0] <= self.first < bounds[1]


def billed_lines(billed: Iterable[Charge], zone: str) -> list[Billed]:
    """The lines of recurring prices among charges, each with its credits."""
    lines: list[Charge] = []
    credits: dict[str, list[Charge]] = {}
    for charge in billed:
        if charge.kind in ("recurring", "proration"):
            lines.append(charge)
        elif charge.corrects:
            credits.setdefault(charge.corrects, []).append(charge)
    return [_billed(line, credits.get(line.key, ()), zone) for line in lines]


def credits_of(line: Billed, unused: Sequence[Unused]) -> list[Charge]:
    """Credits for unused stretches of one line.

    Each is what the line's unused part comes to so far, rounded, less what is credited already: so
    credits of all its parts sum to the line, and never exceed it.
    """
    charge, found = line.line, list[Charge]()
    reached = sum((Fraction(*one.facts["unused"][:2]) for one in line.credits), Fraction(0))
    before = -sum(one.priced.minor for one in line.credits)
    for one in unused:
        reached = min(reached + Fraction(one.part, one.of), Fraction(1))
        rounding = charge.facts.get("rounding", "half_up")
        upto = Money.rounded(charge.priced.minor * reached, charge.priced.currency, rounding).minor
        if upto > before:
            found.append(_credit(charge, one, line.scale, upto, before, reached))
            before = upto
    return found


def in_units(part: int, of: int, scale: Scale) -> tuple[int, int, str]:
    """Steps of a scale as days, or as seconds where they are whole ones, else microseconds."""
    if scale.by == "day":
        return part, of, "day"
    if part % _SECOND == 0 == of % _SECOND:
        return part // _SECOND, of // _SECOND, "second"
    return part, of, "microsecond"


def mark(position: int, scale: Scale) -> str:
    """A position in a key: a day, or an instant."""
    if scale.by == "day":
        return scale.day(position).isoformat()
    return rfc3339(scale.at(position))


def less(runs: Sequence[Run], taken: Sequence[Run]) -> list[Run]:
    """What of the first runs is in none of the others, in order."""
    left = sorted(runs)
    for first, end in taken:
        parts: list[Run] = []
        for start, stop in left:
            if start < min(stop, first):
                parts.append((start, min(stop, first)))
            if max(start, end) < stop:
                parts.append((max(start, end), stop))
        left = parts
    return left


def _credit(
    line: Charge, unused: Unused, scale: Scale, upto: int, before: int, reached: Fraction
) -> Charge:
    amount = Money(before - upto, line.amount.currency)
    facts: dict[str, Any] = {
        "rule": "credit",
        "charged": line.priced.to_wire(),
        "days": [day.isoformat() for day in line.span],
        "unused": [unused.part, unused.of, unused.unit],
    }
    if before:
        facts["before"] = Money(before, amount.currency).to_wire()
        facts["reached"] = str(reached)
    if scale.by == "second":
        facts["instants"] = [rfc3339(scale.at(at)) for at in (unused.first, unused.end)]
        facts["line_instants"] = line.facts.get("instants")
    if "rounding" in line.facts:
        facts["rounding"] = line.facts["rounding"]
    first, last = scale.day(unused.first), scale.day(unused.end - 1)
    return replace(
        line,
        kind="credit",
        description=f"{line.description}, unused {unused.part:,} of {unused.of:,} {unused.unit}s",
        span=(first, last.fromordinal(last.toordinal() + 1)),
        quantity=str(unused.part),
        unit=unused.unit,
        amount=amount,
        gross=None if line.gross is None else amount,
        key=f"{line.key}/credit/{mark(unused.first, scale)}",
        corrects=line.key,
        facts=facts,
    )


def _billed(line: Charge, credits: Sequence[Charge], zone: str) -> Billed:
    facts = line.facts
    scale = Scale("second" if "instants" in facts else "day", zone)
    state = (
        line.price_ref,
        line.code,
        facts.get("quantity", 1),
        facts.get("paused", False),
        facts.get("override", ""),
    )
    first, end = _run(line, scale)
    return Billed(line, state, scale, first, end, credits, [_run(one, scale) for one in credits])


def _run(line: Charge, scale: Scale) -> Run:
    first, end = line.span
    if scale.by == "day":
        return first.toordinal(), end.toordinal()
    if "instants" in line.facts:
        since, until = line.facts["instants"]
        return scale.of(instant_from(since)), scale.of(instant_from(until))
    return scale.of_day(first), scale.of_day(end)

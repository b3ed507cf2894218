"""Recurring prices over a timeline: what was held, against what was billed for it.

One comparison makes every charge and every credit. held.py turns the timeline into pieces of
periods, credits.py the earlier bills into lines on the same scales; what is held and not billed is
charged here, what is billed and not held is credited by its own line.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from itertools import count
from typing import Any

from billing.core.charging.charge import Charge
from billing.core.charging.credits import (
    Billed,
    Run,
    Unused,
    billed_lines,
    credits_of,
    in_units,
    less,
    mark,
)
from billing.core.charging.held import Piece, pieces_of, share_at_early_end
from billing.core.money import Money
from billing.core.period import Period, local_midnight, rfc3339
from billing.core.subscription import Subscription


def recurring_charges(subscription: Subscription, period: Period) -> list[Charge]:
    """What the recurring prices held in a period cost, when nothing was billed before.

    Prices in advance are charged in the period in which their own period begins, or in which they
    do; prices in arrears in the one in which their own period ends, or in which they do.
    """
    found = [piece for piece in pieces_of(subscription, period) if _begins_in(piece, period)]
    return _missing(subscription, period, found, [])


def corrections(
    subscription: Subscription, period: Period, billed: Sequence[Charge]
) -> list[Charge]:
    """Credits and charges that bring a period from what was billed to what was held.

    A credit is the unused share of the very line that was charged, and never more than what of that
    line is not credited yet. Before the period nothing moves; prices whose own period reaches on
    are put right to its end. So `billed` has to hold all lines of a period that is not over yet.
    """
    ours = [charge for charge in billed if charge.subscription_id == subscription.id]
    pieces, lines = pieces_of(subscription, period), billed_lines(ours, period.zone)
    credits = [one for line in lines for one in _credits(line, pieces, period)]
    return credits + _missing(subscription, period, pieces, lines)


def advance(subscription: Subscription, period: Period, billed: Sequence[Charge]) -> list[Charge]:
    """Prices charged in advance for a period that is about to run, as its timeline stands now."""
    ours = [charge for charge in billed if charge.subscription_id == subscription.id]
    starts_in = subscription.started >= local_midnight(period.start, period.zone)
    ahead = [
        piece
        for piece in pieces_of(subscription, period)
        if piece.price.in_advance and (starts_in or piece.own.start >= period.start)
    ]
    return _missing(subscription, period, ahead, billed_lines(ours, period.zone))


def _begins_in(piece: Piece, period: Period) -> bool:
    begins = piece.scale.of_day(period.start)
    return not piece.price.in_advance or piece.first >= begins


def _missing(
    subscription: Subscription, period: Period, pieces: Iterable[Piece], lines: Sequence[Billed]
) -> list[Charge]:
    """Charges for what is held and due, but not billed."""
    found: list[Charge] = []
    keys = {one.line.key for one in lines}
    for piece in pieces:
        due = _due(piece, period)
        if due is None or (piece.state[3] and not piece.rate):
            continue
        same = [one for one in lines if one.state == piece.state and one.lies_in(piece.bounds)]
        if len(same) == 1 and not same[0].credits and (same[0].first, same[0].end) == due:
            continue  # the usual: a whole period, billed in advance
        if not same:
            found.append(_charge(subscription, piece, due, None, keys))
            keys.add(found[-1].key)
            continue
        taken = [run for one in same for run in one.open]
        net = sum(one.net for one in same)
        for run in less([due], taken) if taken else [due]:
            # When lines of one price come to be a whole period, the last takes what is left.
            taken.append(run)
            is_rest = piece.is_whole and not less([piece.bounds], taken)
            charge = _charge(subscription, piece, run, net if is_rest else None, keys)
            keys.add(charge.key)
            found.append(charge)
            net += charge.priced.minor
    return found


def _due(piece: Piece, period: Period) -> Run | None:
    """What of a piece a bill of the period may charge; None: nothing yet, or nothing any more."""
    if piece.own is period:
        return piece.first, piece.end
    begins, ends = piece.scale.of_day(period.start), piece.scale.of_day(period.end)
    if piece.price.in_advance:
        first = max(piece.first, begins)
        return (first, piece.end) if first < piece.end and piece.bounds[0] < ends else None
    return (piece.first, piece.end) if begins < piece.end <= ends else None


def _charge(
    subscription: Subscription, piece: Piece, run: Run, billed: int | None, keys: set[str]
) -> Charge:
    """One line. `billed`: minor units of other lines that make a whole period together with it."""
    price = piece.price
    facts: dict[str, Any] = {"rule": "recurring", "of": piece.own.days}
    description, quantity = piece.description, str(piece.quantity)
    unit, kind, exact = piece.unit, "recurring", piece.rate
    if run != piece.bounds:
        part, of, unit = _part(piece, run)
        kind, quantity, exact = "proration", str(part), piece.rate * Fraction(part, of)
        description += f", {part:,} of {of:,} {unit}s"
        if unit != "day" or price.basis != "actual":
            facts["share"] = [part, of, unit]
    amount = Money.rounded(exact, price.currency, price.rounding)
    if billed is not None:
        amount = Money.rounded(piece.rate, price.currency, price.rounding)
        amount -= Money(billed, price.currency)
        facts["billed"] = Money(billed, price.currency).to_wire()
    _say_state(facts, piece, run)
    return Charge(
        subscription_id=subscription.id,
        service_id=subscription.service_id,
        code=price.code,
        kind=kind,
        description=description,
        price_ref=piece.version.ref,
        span=_days(piece, run),
        quantity=quantity,
        unit=unit,
        amount=amount,
        tax_category=price.tax_category,
        key=_key(subscription, piece, run[0], keys),
        facts=facts,
        gross=amount if price.tax_included else None,
    )


def _days(piece: Piece, run: Run) -> tuple[date, date]:
    """The local days that a run touches."""
    if run == piece.bounds:
        return piece.own.start, piece.own.end
    scale, (first, end) = piece.scale, run
    return scale.day(first), date.fromordinal(scale.day(end - 1).toordinal() + 1)


def _say_state(facts: dict[str, Any], piece: Piece, run: Run) -> None:
    """What is not as usual, for who explains the line, and for who credits it later."""
    _, _, quantity, paused, override = piece.state
    if quantity != 1:
        facts["quantity"] = quantity
    if paused:
        facts["paused"] = True
    if override:
        facts["override"] = override
    if piece.price.rounding != "half_up":
        facts["rounding"] = piece.price.rounding
    if piece.price.basis != "actual":
        facts["steps"] = piece.steps(*run)
    if piece.scale.by == "second":
        facts["instants"] = [rfc3339(piece.scale.at(position)) for position in run]


def _part(piece: Piece, run: Run) -> tuple[int, int, str]:
    """Which part of the period a run is: 20 of 30 days."""
    early = share_at_early_end(piece) if run == (piece.first, piece.end) else None
    if early is not None:
        return early
    return in_units(piece.steps(*run), piece.whole, piece.scale)


def _key(subscription: Subscription, piece: Piece, first: int, keys: set[str]) -> str:
    """Cycle lines by (subscription, code, period start); those of an operation by its instant."""
    if piece.since < local_midnight(piece.own.start, piece.own.zone):
        begun = piece.own.label
    else:
        begun = rfc3339(piece.since)
    key = f"{subscription.id}/{piece.price.code}/{begun}"
    if first != piece.first:
        key = f"{key}/{mark(first, piece.scale)}"
    if key not in keys:
        return key
    return next(f"{key}/{n}" for n in count(2) if f"{key}/{n}" not in keys)


def _credits(line: Billed, pieces: Sequence[Piece], period: Period) -> list[Charge]:
    """Credits for what of a billed line was not held, from the period's start on."""
    scale = line.scale
    same = [one for one in pieces if one.state == line.state and one.scale.by == scale.by]
    for one in same:
        if one.first <= line.first and line.end <= one.end:
            return []  # the usual: all of it was held
    begins, ends = scale.of_day(period.start), scale.of_day(period.end)
    if line.line.priced.minor <= 0 or line.end <= begins or ends <= line.first:
        return []
    runs = less(line.open, [(one.first, one.end) for one in same])
    unused = [_unused(line, (max(first, begins), end), same) for first, end in runs if end > begins]
    return credits_of(line, unused)


def _unused(line: Billed, run: Run, same: Sequence[Piece]) -> Unused:
    """Which part of a line a run of it is; at an early end, what its price says is given back."""
    for piece in same:
        if piece.end == run[0] and piece.bounds == (line.first, line.end) and run[1] == line.end:
            early = share_at_early_end(piece)
            if early is not None:
                kept, of, unit = early
                return Unused(*run, of - kept, of, unit)
    steps = line.line.facts.get("steps", line.end - line.first)
    first = min(run[0] - line.first, steps)
    end = steps if run[1] == line.end else min(run[1] - line.first, steps)
    return Unused(*run, *in_units(end - first, steps, line.scale))

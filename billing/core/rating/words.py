"""The steps of a line: what was counted, each piece of arithmetic, commitments, rounding."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from billing.core.catalog import (
    Calls,
    Graduated,
    GraduatedPercentage,
    OneTimePrice,
    Package,
    PassPrice,
    Percentage,
    Percentile,
    PerUnit,
    Price,
    RecurringPrice,
    Tier,
    UsagePrice,
    Volume,
)
from billing.core.money import figure, major_figure
from billing.core.rating import amounts, calls, levels, tiers
from billing.core.rating.quantities import listed

if TYPE_CHECKING:
    from billing.core.rating.lines import Line

EVENTS_SHOWN = 20  # a line of thousands of events or calls names the first ones and counts the rest


def steps(line: Line) -> tuple[str, ...]:
    """How the line's amount came about, one step each."""
    price = line.price
    if not isinstance(price, UsagePrice):
        return (*_fixed(line, price), *_total(line))
    write = _WRITERS[type(price.model)]
    return (*write(line, price, price.model), *_commitment(line, price), *_total(line))


def tier_bounds(above: str, up_to: str | None, unit: str) -> str:
    """What a tier is about: "the first 100 GB", "from 100 to 200 GB", "above 200 GB"."""
    if up_to is None:
        return "all usage" if above == "0" else f"above {above} {unit}"
    return f"the first {up_to} {unit}" if above == "0" else f"from {above} to {up_to} {unit}"


def _fixed(line: Line, price: RecurringPrice | OneTimePrice | PassPrice) -> tuple[str, ...]:
    shares = [line.quantity]
    if isinstance(price, RecurringPrice) and line.given.share != 1:
        shares.append(line.given.share)
    return (f"{' × '.join(map(str, shares))} × {_money(price.amount, price)}",)


def _started(line: Line, price: UsagePrice) -> tuple[Fraction, list[str]]:
    """The quantity that is charged, and a step where it is rounded up."""
    charged = tiers.started(price.per_started, line.quantity)
    if price.per_started is None or charged == line.quantity:
        return charged, []
    size = f"{figure(price.per_started)} {price.unit}"
    return charged, [
        f"{figure(line.quantity)} {price.unit} in started units of {size}:"
        f" {figure(charged)} {price.unit}"
    ]


def _per_unit(line: Line, price: UsagePrice, model: PerUnit) -> list[str]:
    charged, written = _started(line, price)
    over = tiers.over_of(model, line.quantity, price.per_started)
    if model.included:
        written.append(_included(charged, model.included, price))
    due = f"{figure(over)} {price.unit} × {_money(model.per_unit, price)}"
    return [*written, f"{due} = {_money(over * model.per_unit, price)} {price.currency}"]


def _included(quantity: Fraction, included: Fraction, price: UsagePrice) -> str:
    over = max(Fraction(0), quantity - included)
    return (
        f"{figure(quantity)} {price.unit} used, {figure(included)} {price.unit} included:"
        f" {figure(over)} {price.unit} over"
    )


def _graduated(line: Line, price: UsagePrice, model: Graduated) -> list[str]:
    charged, written = _started(line, price)
    for tier in model.tiers:
        if tier.is_first or charged > tier.above:
            top = charged if tier.up_to is None else min(charged, tier.up_to)
            flat = tier.flat if charged or model.flat_at_zero else Fraction(0)
            bounds = tier_bounds(
                figure(tier.above), None if tier.up_to is None else figure(tier.up_to), price.unit
            )
            written.append(f"{bounds}: {_tier_due(tier, top - tier.above, flat, price)}")
    return written


def _volume(line: Line, price: UsagePrice, model: Volume) -> list[str]:
    charged, written = _started(line, price)
    tier = model.tiers[model.scaled.tiers.index(tiers.selected(model, charged))]
    flat = tier.flat if charged or model.flat_at_zero else Fraction(0)
    bounds = tier_bounds(
        figure(tier.above), None if tier.up_to is None else figure(tier.up_to), price.unit
    )
    return [
        *written,
        f"{figure(charged)} {price.unit} are in the tier {bounds}",
        f"all of it: {_tier_due(tier, charged, flat, price)}",
    ]


def _tier_due(tier: Tier, inside: Fraction, flat: Fraction, price: UsagePrice) -> str:
    """What a quantity in a tier costs: "2.00 + 0.001 GB × 0.50 = 2.0005 EUR"."""
    fee = f"{_money(flat, price)} + " if flat else ""
    count, counted = inside, f"{figure(inside)} {price.unit}"
    if tier.block_size is not None:
        count = Fraction(-(-inside // tier.block_size))
        counted = f"{counted} ÷ {figure(tier.block_size)} {price.unit}: {_blocks(int(count))}"
    due = _money(flat + tier.per_unit * count, price)
    return f"{fee}{counted} × {_money(tier.per_unit, price)} = {due} {price.currency}"


def _blocks(count: int) -> str:
    return f"{count:,} started block{'' if count == 1 else 's'}"


def _package(line: Line, price: UsagePrice, model: Package) -> list[str]:
    blocks = tiers.blocks_of(model, line.quantity)
    owed = blocks * model.block_price
    over = max(Fraction(0), line.quantity - model.included)
    written = [_included(line.quantity, model.included, price)]
    if blocks:
        written.append(
            f"{figure(over)} ÷ {figure(model.block_size)} {price.unit}: {_blocks(blocks)}"
            f" × {_money(model.block_price, price)} = {_money(owed, price)} {price.currency}"
        )
    if model.ceiling is not None and owed > model.ceiling:
        written.append(f"never more than {_money(model.ceiling, price)} {price.currency}")
    return written


def _percentage(line: Line, price: UsagePrice, model: Percentage) -> list[str]:
    percent, given = f"{figure(model.percent)} %", line.given
    single = amounts.amounts_of(given.quantity, given.events, price.currency)
    if listed(given.quantity) is None:
        return _percentage_of_sum(line, price, model, single[0])
    fixed = f" + {_money(model.fixed, price)}" if model.fixed else ""
    return _first(
        [
            f"{_money(fee.amount, price)}: free"
            if fee.is_free
            else f"{_money(fee.amount, price)}: {_money(fee.charged, price)} × {percent}{fixed}"
            f"{_bounds(model, fee, price)} = {_money(fee.due, price)}"
            for fee in amounts.fees(model, single)
        ],
        "events",
    )


def _percentage_of_sum(
    line: Line, price: UsagePrice, model: Percentage, total: Fraction
) -> list[str]:
    charged, events = max(Fraction(0), total - model.free_amount), line.given.events
    written: list[str] = []
    if model.free_amount:
        free = _money(model.free_amount, price)
        written.append(f"{_money(total, price)}, of which {free} are free")
    due = _money(charged * model.percent / 100, price)
    written.append(f"{_money(charged, price)} × {figure(model.percent)} % = {due}")
    if model.fixed and events:
        counted = max(0, events - model.free_events)
        due = _money(model.fixed * counted, price)
        written.append(f"{counted:,} events × {_money(model.fixed, price)} = {due}")
    return written


def _bounds(model: Percentage, fee: amounts.Fee, price: Price) -> str:
    plain = fee.charged * model.percent / 100 + model.fixed
    if fee.due > plain:
        return f", at least {_money(fee.due, price)}"
    return f", at most {_money(fee.due, price)}" if fee.due < plain else ""


def _of_sum(line: Line, price: UsagePrice, model: GraduatedPercentage) -> list[str]:
    given = line.given
    total = sum(amounts.amounts_of(given.quantity, given.events, price.currency), Fraction(0))
    written: list[str] = []
    for tier in amounts.entered(model, total):
        bounds = tier_bounds(
            "0" if not tier.above else _money(tier.above, price),
            None if tier.up_to is None else _money(tier.up_to, price),
            price.currency,
        )
        flat = tier.flat if total or model.flat_at_zero else Fraction(0)
        fee = f"{_money(flat, price)} + " if flat else ""
        due = _money(amounts.tier_due(tier, total, model), price)
        part = _money(amounts.inside(tier, total), price)
        written.append(f"{bounds}: {fee}{part} × {figure(tier.percent)} % = {due}")
    return written


def _percentile(line: Line, price: UsagePrice, model: Percentile) -> list[str]:
    found = levels.level_of(price, model, line.given.quantity)
    level = f"{figure(found.level)} {price.unit}"
    if listed(line.given.quantity) is None:
        written = [f"the level is {level}"]
    elif found.present:
        written = [
            f"percentile {figure(model.percentile)} of {found.present:,} samples:"
            f" the {found.dropped:,} highest are dropped, the highest left is {level}"
        ]
    else:
        written = [f"there are no samples: the level is {level}"]
    part = line.given.share if price.part_period == "prorated" else Fraction(1)
    share = "" if part == 1 else f" × {part}"
    if model.committed or model.amount:
        written.append(
            f"{figure(model.committed)} {price.unit} committed:"
            f" {_money(model.amount, price)}{share}"
        )
    over = levels.overage(model, found.level, price.per_started)
    written.append(
        f"{figure(over)} {price.unit} above × {_money(model.per_unit, price)}"
        f" = {_money(over * model.per_unit, price)}"
    )
    return written


def _calls(line: Line, price: UsagePrice, model: Calls) -> list[str]:
    rated = calls.rated_calls(model, calls.calls_from(line.given.quantity))
    return _first([_call(one, price) for one in rated], "calls")


def _call(rated: calls.RatedCall, price: UsagePrice) -> str:
    """One call: "353861234567, Ireland, 61 s: 0.05 + 60 s peak × 0.10 a minute … = 0.25"."""
    head = f"{rated.call.to}, {rated.destination}, {rated.call.seconds:,} s"
    parts = [f"{_money(rated.connection, price)}"] if rated.connection else []
    parts += [
        f"{part.seconds:,} s{f' {part.window}' if part.window else ''}"
        f" × {_money(part.per_minute, price)} a minute"
        for part in rated.parts
    ]
    return f"{head}: {' + '.join(parts) or 'not answered'} = {_money(rated.due, price)}"


def _first(written: list[str], what: str) -> list[str]:
    if len(written) <= EVENTS_SHOWN:
        return written
    return [*written[:EVENTS_SHOWN], f"and {len(written) - EVENTS_SHOWN:,} more {what}"]


def _commitment(line: Line, price: UsagePrice) -> list[str]:
    """A minimum or maximum, where the total is what it says."""
    part = line.given.share if price.part_period == "prorated" else Fraction(1)
    share = "" if part == 1 else f" × {part}"
    for bound, word in ((price.minimum, "at least"), (price.maximum, "at most")):
        if bound is not None and line.exact == bound * part:
            return [f"{word} {_money(bound, price)}{share} {price.currency} for the period"]
    return []


def _total(line: Line) -> list[str]:
    currency, exact = line.price.currency, line.exact
    if exact == line.total.minor:
        written = [f"total {major_figure(exact, currency)} {currency}"]
    else:
        rounded = major_figure(line.total.minor, currency)
        how = "" if line.price.rounding == "half_up" else f" ({line.price.rounding})"
        written = [f"total {major_figure(exact, currency)}, rounded to {rounded} {currency}{how}"]
    if line.given.booked is not None:
        written.append(f"{line.total} less {line.given.booked} booked: {line.amount}")
    return written


def _money(exact_minor: Fraction, price: Price) -> str:
    return major_figure(exact_minor, price.currency)


_WRITERS: dict[type, Callable[[Line, UsagePrice, Any], list[str]]] = {
    PerUnit: _per_unit,
    Graduated: _graduated,
    Volume: _volume,
    Package: _package,
    Percentage: _percentage,
    GraduatedPercentage: _of_sum,
    Percentile: _percentile,
    Calls: _calls,
}

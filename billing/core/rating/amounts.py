"""Prices that are a share of amounts of money: event by event, or of their sum in tiers."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from billing.core.catalog import GraduatedPercentage, Percentage, PercentTier
from billing.core.money import minor_digits
from billing.core.rating.quantities import BadQuantity, Parts, exact_of, listed, parts_of

ZERO = Fraction(0)


class Fee(NamedTuple):
    """What one event costs, in exact minor units."""

    amount: Fraction  # of the event
    charged: Fraction  # what of the amount bears the percentage
    due: Fraction
    is_free: bool


def amounts_of(quantity: object, events: int | None, currency: str) -> list[Fraction]:
    """What was given as amounts, in exact minor units: of each event, or their sum alone."""
    single = listed(quantity)
    if single is not None and events not in (None, len(single)):
        raise BadQuantity(events, f"the amounts are those of {len(single)} events")
    scale = 10 ** minor_digits(currency)
    return [exact_of(amount) * scale for amount in ([quantity] if single is None else single)]


def fees(model: Percentage, amounts: Sequence[Fraction]) -> list[Fee]:
    """What each event costs, in the order given: what is free are the first ones of the period.

    It ends at the count or at the amount, whichever is reached first. The event that crosses the
    amount pays on the part above it, and its fixed fee. Without any money nothing is owed.
    """
    if not any(amounts):
        return [Fee(amount, ZERO, ZERO, True) for amount in amounts]
    found: list[Fee] = []
    total = ZERO
    for place, amount in enumerate(amounts, start=1):
        total += amount
        charged, is_free = _charged(model, place, amount, total)
        due = ZERO if is_free else _bounded(model, charged * model.percent / 100 + model.fixed)
        found.append(Fee(amount, charged, due, is_free))
    return found


def _charged(
    model: Percentage, place: int, amount: Fraction, total: Fraction
) -> tuple[Fraction, bool]:
    """What of an event's amount is charged, and whether the event is free altogether."""
    if (model.free_events and place > model.free_events) or not (
        model.free_events or model.free_amount
    ):
        return amount, False
    if not model.free_amount or total < model.free_amount:
        return ZERO, True
    if total == model.free_amount:
        return ZERO, model.at_free_amount == "free"
    return min(amount, total - model.free_amount), False


def _bounded(model: Percentage, due: Fraction) -> Fraction:
    if model.event_minimum is not None and due < model.event_minimum:
        return model.event_minimum
    if model.event_maximum is not None and due > model.event_maximum:
        return model.event_maximum
    return due


def percentage(model: Percentage, amounts: Sequence[Fraction]) -> Parts:
    """What single events cost; its increments are the events."""
    return parts_of([fee.due for fee in fees(model, amounts)])


def percentage_of_sum(
    model: Percentage, total: Fraction, events: int | None, quantity: object
) -> Parts:
    """What events cost of which only the sum, and perhaps the number, is known.

    quantity  the sum as it was given, for refusals
    """
    if not total:
        return parts_of([ZERO])
    if model.event_minimum is not None or model.event_maximum is not None:
        raise BadQuantity(quantity, "each event has a minimum or a maximum: give their amounts")
    if model.free_events and model.free_amount:
        raise BadQuantity(quantity, "what is free depends on the single events: give their amounts")
    if (model.fixed or model.free_events) and events is None:
        raise BadQuantity(quantity, "each event counts: give events=, or the amounts of all")
    if model.free_events and events is not None:
        if events <= model.free_events:
            return parts_of([ZERO])
        if model.percent:
            raise BadQuantity(quantity, "the first events are free: give the amounts of all")
    if model.free_amount and model.fixed:
        raise BadQuantity(
            quantity, "which events the free amount covers is open: give their amounts"
        )
    charged = max(ZERO, total - model.free_amount)
    counted = 0 if events is None else max(0, events - model.free_events)
    return parts_of([charged * model.percent / 100, *([model.fixed * counted] if counted else [])])


def graduated_percentage(model: GraduatedPercentage, total: Fraction) -> Parts:
    """What a sum costs, each part of it by its own tier; its increments are those parts."""
    return parts_of([tier_due(tier, total, model) for tier in entered(model, total)])


def entered(model: GraduatedPercentage, total: Fraction) -> list[PercentTier]:
    """The tiers a sum reaches; the first one always."""
    return [tier for tier in model.tiers if not tier.above or total > tier.above]


def inside(tier: PercentTier, total: Fraction) -> Fraction:
    """What of a sum lies in a tier that it reaches."""
    return (total if tier.up_to is None else min(total, tier.up_to)) - tier.above


def tier_due(tier: PercentTier, total: Fraction, model: GraduatedPercentage) -> Fraction:
    """What a tier that is reached costs: its share, and its flat fee."""
    flat = tier.flat if total or model.flat_at_zero else ZERO
    return inside(tier, total) * tier.percent / 100 + flat

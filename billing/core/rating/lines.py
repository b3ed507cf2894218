"""Lines: what a quantity costs under a price. Exact until the one rounding, in whole numbers."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from billing.core.catalog import (
    BASE_UNITS,
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
    UsagePrice,
    Volume,
)
from billing.core.money import Money, minor_digits, round_ratio
from billing.core.rating import amounts, calls, levels, tiers, words
from billing.core.rating.quantities import BadQuantity, Parts, Quantity, exact_of, listed

WHOLE = Fraction(1)


class Given(NamedTuple):
    """What a line was rated from, besides its price."""

    quantity: Any  # as it was given
    events: int | None
    share: Fraction
    booked: Money | None


class Line(NamedTuple):
    """What a quantity costs: `total`, rounded once, and `amount`, what of it is to be booked."""

    amount: Money
    total: Money
    quantity: Fraction  # what was counted, in the unit; of calls, what is charged
    unit: str  # "GB", "minute"; "period" for a flat price; the currency for amounts of money
    price: Price
    ratio: tuple[int, int]  # `exact` as whole numbers
    given: Given

    @property
    def exact(self) -> Fraction:
        """The total in minor units, within minimum and maximum, before it was rounded."""
        return Fraction(*self.ratio)

    @property
    def steps(self) -> tuple[str, ...]:
        """How the amount came about, in words and figures; made anew each time it is asked for."""
        return words.steps(self)


def rate(
    price: Price,
    quantity: Quantity,
    *,
    events: int | None = None,
    share: Fraction = WHOLE,
    booked: Money | None = None,
) -> Line:
    """What a quantity costs: exact, in the price's unit, cumulative since the period began.

    quantity  a number of units (of periods for a flat price, of pieces for other fixed ones); for
              percentages the amounts of the events in the major unit, or their sum; for percentiles
              the samples, None where one is missing, or the level; for calls a Call or several
    events    with percentages: how many events make up a sum
    share     what part of the period is charged: of a flat price, and of prorated commitments
    booked    what of the same cumulative quantity is booked already: `amount` is the difference,
              so that splitting usage never changes its price. It may be negative.
    """
    if share is not WHOLE and not 0 <= share <= 1:
        raise BadQuantity(share, "a share of a period lies between 0 and 1")
    given = Given(quantity, events, share, booked)
    if isinstance(price, UsagePrice):
        return _usage(price, given)
    count = exact_of(quantity)
    exact = price.amount * count
    if isinstance(price, RecurringPrice):
        exact *= share
    ratio = exact.numerator, exact.denominator
    return _line(price, count, _FIXED_UNITS[type(price)], ratio, ratio, given)


def _usage(price: UsagePrice, given: Given) -> Line:
    read = _READERS.get(type(price.model))
    if read is None:
        raise BadQuantity(given.quantity, "its price is an allowance: simulate it")
    if given.events is not None and price.unit:
        raise BadQuantity(given.events, "events= is for percentages; give the quantity alone")
    counted, parts = read(price, price.model, given)
    ratio = due = parts.numerator, parts.denominator
    if price.rounding_per == "increment":
        due = _rounded_increments(parts, price), 1
    if price.minimum is not None or price.maximum is not None:
        share = given.share
        ratio, due = _committed(price, ratio, share), _committed(price, due, share)
    return _line(price, counted, price.unit or price.currency, ratio, due, given)


def _line(
    price: Price,
    counted: Fraction,
    unit: str,
    ratio: tuple[int, int],
    due: tuple[int, int],
    given: Given,
) -> Line:
    total = Money(round_ratio(due[0], due[1], price.rounding), price.currency)
    amount = total if given.booked is None else total - given.booked
    return Line(amount, total, counted, unit, price, ratio, given)


def _rounded_increments(parts: Parts, price: UsagePrice) -> int:
    return sum(
        times * round_ratio(numerator, parts.denominator, price.rounding)
        for times, numerator in parts.parts
    )


def _committed(price: UsagePrice, ratio: tuple[int, int], share: Fraction) -> tuple[int, int]:
    """An amount within the minimum and maximum of the period, or of the part that is charged."""
    exact, least, most = Fraction(*ratio), price.minimum, price.maximum
    part = share if price.part_period == "prorated" else WHOLE
    if least is not None:
        exact = max(exact, least * part)
    if most is not None:
        exact = min(exact, most * part)
    return exact.numerator, exact.denominator


def _plain(
    reckon: Callable[[Any, Fraction], Parts],
) -> Callable[[UsagePrice, Any, Given], tuple[Fraction, Parts]]:
    """Read a number of units, charged in started ones where the price says so."""

    def read(price: UsagePrice, model: Any, given: Given) -> tuple[Fraction, Parts]:
        quantity = exact_of(given.quantity)
        return quantity, reckon(model, tiers.started(price.per_started, quantity))

    return read


def _per_unit(price: UsagePrice, model: PerUnit, given: Given) -> tuple[Fraction, Parts]:
    quantity = exact_of(given.quantity)
    return quantity, tiers.per_unit(model, quantity, price.per_started)


def _percentage(price: UsagePrice, model: Percentage, given: Given) -> tuple[Fraction, Parts]:
    single = amounts.amounts_of(given.quantity, given.events, price.currency)
    total = sum(single, Fraction(0))
    if listed(given.quantity) is None:
        parts = amounts.percentage_of_sum(model, total, given.events, given.quantity)
    else:
        parts = amounts.percentage(model, single)
    return total / 10 ** minor_digits(price.currency), parts


def _of_sum(price: UsagePrice, model: GraduatedPercentage, given: Given) -> tuple[Fraction, Parts]:
    single = amounts.amounts_of(given.quantity, given.events, price.currency)
    total = sum(single, Fraction(0))
    quantity = total / 10 ** minor_digits(price.currency)
    return quantity, amounts.graduated_percentage(model, total)


def _percentile(price: UsagePrice, model: Percentile, given: Given) -> tuple[Fraction, Parts]:
    level = levels.level_of(price, model, given.quantity).level
    share = given.share if price.part_period == "prorated" else WHOLE
    return level, levels.percentile(model, level, price.per_started, share)


def _calls(price: UsagePrice, model: Calls, given: Given) -> tuple[Fraction, Parts]:
    rated = calls.rated_calls(model, calls.calls_from(given.quantity))
    seconds = sum(one.seconds for one in rated)
    return Fraction(seconds, BASE_UNITS[price.unit]), calls.call_parts(rated)


_FIXED_UNITS = {RecurringPrice: "period", OneTimePrice: "piece", PassPrice: "piece"}
_READERS: dict[type, Callable[[UsagePrice, Any, Given], tuple[Fraction, Parts]]] = {
    PerUnit: _per_unit,
    Graduated: _plain(tiers.graduated),
    Volume: _plain(tiers.volume),
    Package: _plain(tiers.package),
    Percentage: _percentage,
    GraduatedPercentage: _of_sum,
    Percentile: _percentile,
    Calls: _calls,
}

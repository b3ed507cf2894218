"""Rating: what a quantity costs under a price, exact until the one rounding, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from billing.core.catalog import OCTETS, Graduated, Package, Price, RecurringPrice, Tier, UsagePrice
from billing.core.errors import BillingError
from billing.core.money import Money, figure, major_figure


class BadQuantity(BillingError):
    """Only an exact quantity that is not negative can be rated."""

    def __init__(self, quantity: object, problem: str) -> None:
        super().__init__(f"quantity {quantity!r} cannot be rated: {problem}")
        self.quantity = quantity


@dataclass(frozen=True, slots=True)
class Rated:
    """A quantity with its price: the amount, rounded once, and how it came about."""

    amount: Money
    quantity: Fraction
    unit: str  # "GB", "GiB"; "period" for a flat price
    steps: tuple[str, ...]  # the arithmetic in words and figures, one step each


Line = Rated


@dataclass(frozen=True, slots=True)
class Level:
    level: int
    present: int
    dropped: int


def percentile_level(samples: Sequence[int | None], percentile: Fraction) -> Level:
    present = sorted(one for one in samples if one is not None)
    dropped = int(len(present) * (100 - percentile) / 100)
    return Level(present[-1 - dropped] if present else 0, len(present), dropped)


def rate(
    price: Price, quantity: Fraction | Decimal | int | str, *, share: Fraction = Fraction(1)
) -> Rated:
    """What a quantity costs. It is exact and in the price's unit; for a flat price it is periods.

    Usage is rated on the cumulative quantity of a period: a later, larger quantity is rated anew
    and what is booked is subtracted, so that splitting usage never changes its price.
    """
    exact_quantity = _exact(quantity)
    if isinstance(price, RecurringPrice):
        unit, exact = "period", price.amount * exact_quantity
        steps = [f"{exact_quantity} × {_price(price.amount, price)}"]
    else:
        unit = price.unit
        match price.model:
            case Graduated(tiers):
                exact = graduated(exact_quantity, tiers)
                steps = [_tier_step(tier, exact_quantity, price) for tier in tiers]
                steps = [step for step in steps if step]
            case Package():
                exact = package(exact_quantity, price.model)
                steps = _package_steps(price.model, exact_quantity, price)
    amount = Money.rounded(exact, price.currency)
    return Rated(amount, exact_quantity, unit, (*steps, _total_step(exact, amount)))


def graduated(quantity: Fraction, tiers: Sequence[Tier]) -> Fraction:
    """What a quantity costs when each unit pays the price of its own tier, in minor units, exact.

    The flat fee of every tier entered is owed; at zero usage, that of the first.
    """
    entered = [tier for tier in tiers if tier.is_first or quantity > tier.above]
    return sum((tier.flat + tier.per_unit * tier.inside(quantity) for tier in entered), Fraction(0))


def package(quantity: Fraction, terms: Package) -> Fraction:
    """What the started blocks above the included units cost, in minor units, exact.

    One octet over the included units starts the first block; the ceiling bounds the sum.
    """
    exact = _blocks(quantity, terms) * terms.block_price
    return exact if terms.ceiling is None else min(exact, terms.ceiling)


def quantity_of(price: UsagePrice, octets_in: int, octets_out: int) -> Fraction:
    """Octets as a quantity in the price's unit and direction, exact.

    octets_in   from the subscriber: the upload (Acct-Input-Octets, RFC 2866 section 5.3)
    octets_out  to the subscriber: the download (Acct-Output-Octets, RFC 2866 section 5.4)
    """
    octets = {
        "up": octets_in,
        "down": octets_out,
        "both": octets_in + octets_out,
        "larger": max(octets_in, octets_out),
    }[price.direction]
    return Fraction(octets, OCTETS[price.unit])


def _exact(quantity: Fraction | Decimal | int | str) -> Fraction:
    if isinstance(quantity, float):
        raise BadQuantity(quantity, "a float is not exact; give a Fraction, a Decimal or text")
    try:
        exact = Fraction(quantity)
    except (ValueError, ArithmeticError, TypeError):
        raise BadQuantity(quantity, 'it is no number; write it as "63.4"') from None
    if exact < 0:
        raise BadQuantity(quantity, "it is negative; rate the cumulative quantity")
    return exact


def _blocks(quantity: Fraction, terms: Package) -> int:
    return ceil(max(Fraction(0), quantity - terms.included) / terms.block_size)


def _tier_step(tier: Tier, quantity: Fraction, price: UsagePrice) -> str:
    """One tier in words; empty when the quantity does not reach it."""
    inside = tier.inside(quantity)
    if not (inside or tier.is_first):
        return ""
    if tier.up_to is None:
        bounds = f"above {figure(tier.above)} {price.unit}" if tier.above else "all usage"
    elif tier.is_first:
        bounds = f"the first {figure(tier.up_to)} {price.unit}"
    else:
        bounds = f"from {figure(tier.above)} to {figure(tier.up_to)} {price.unit}"
    fee = f"{_price(tier.flat, price)} + " if tier.flat else ""
    sum_text = _price(tier.flat + tier.per_unit * inside, price)
    return (
        f"{bounds}: {fee}{figure(inside)} {price.unit} × {_price(tier.per_unit, price)}"
        f" = {sum_text} {price.currency}"
    )


def _package_steps(terms: Package, quantity: Fraction, price: UsagePrice) -> list[str]:
    over = max(Fraction(0), quantity - terms.included)
    blocks = _blocks(quantity, terms)
    owed = _price(blocks * terms.block_price, price)
    steps = [
        f"{figure(quantity)} {price.unit} used, {figure(terms.included)} {price.unit} included:"
        f" {figure(over)} {price.unit} over"
    ]
    if blocks:
        steps.append(
            f"{figure(over)} ÷ {figure(terms.block_size)} {price.unit}: {figure(Fraction(blocks))}"
            f" started block{'' if blocks == 1 else 's'}"
            f" × {_price(terms.block_price, price)} = {owed} {price.currency}"
        )
    if terms.ceiling is not None and blocks * terms.block_price > terms.ceiling:
        steps.append(f"never more than {_price(terms.ceiling, price)} {price.currency}")
    return steps


def _total_step(exact: Fraction, amount: Money) -> str:
    if exact == amount.minor:
        return f"total {major_figure(exact, amount.currency)} {amount.currency}"
    return (
        f"total {major_figure(exact, amount.currency)},"
        f" rounded to {major_figure(amount.minor, amount.currency)} {amount.currency}"
    )


def _price(exact_minor: Fraction, price: Price) -> str:
    return major_figure(exact_minor, price.currency)

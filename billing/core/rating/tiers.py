"""Prices of a plain quantity: per unit, graduated, volume, package. In whole numbers throughout."""

from fractions import Fraction

from billing.core.catalog import Graduated, Package, PerUnit, Volume
from billing.core.catalog.models import ScaledTier
from billing.core.rating.quantities import Parts, parts_of


def started(size: Fraction | None, quantity: Fraction) -> Fraction:
    """A whole quantity in started units of this size; without one, as it is."""
    return quantity if size is None else -(-quantity // size) * size


def per_unit(model: PerUnit, quantity: Fraction, per_started: Fraction | None) -> Parts:
    """What the units above the included ones cost; its increments are the started units."""
    over = over_of(model, quantity, per_started)
    if per_started is None:
        return parts_of([over * model.per_unit])
    count, rest = divmod(over, per_started)  # a rest where the included units end within one
    parts, denominator = parts_of([per_started * model.per_unit, rest * model.per_unit])
    return Parts([(count, parts[0][1]), parts[1]], denominator)


def over_of(model: PerUnit, quantity: Fraction, per_started: Fraction | None) -> Fraction:
    """The units above the included ones, of a quantity that is rounded up first."""
    return max(Fraction(0), started(per_started, quantity) - model.included)


def graduated(model: Graduated, quantity: Fraction) -> Parts:
    """What each tier entered costs, in order; the flat fee of each of them is owed.

    Its increments are the parts of the tiers; with blocks, the fee and each block.
    """
    units, money, tiers = model.scaled
    measured, by = quantity.numerator * units, quantity.denominator
    whole, parts = by * units, list[tuple[int, int]]()
    for tier in tiers:
        above, up_to, unit_price, flat, block_size = tier
        inside = measured - above * by
        if inside <= 0 and above:
            break
        if up_to is not None and measured > up_to * by:
            inside = (up_to - above) * by
        if not measured and not model.flat_at_zero:
            flat = 0
        if block_size:
            parts.append((1, flat * whole))
            parts.append((-(-inside // (block_size * by)), unit_price * whole))
        else:
            parts.append((1, inside * unit_price + flat * whole))
    return Parts(parts, whole * money)


def volume(model: Volume, quantity: Fraction) -> Parts:
    """What the whole quantity costs by the tier it reaches, and that tier's flat fee."""
    units, money, _ = model.scaled
    _, _, unit_price, flat, block_size = selected(model, quantity)
    measured, by = quantity.numerator * units, quantity.denominator
    whole = by * units
    if not measured and not model.flat_at_zero:
        flat = 0
    if block_size:
        blocks = -(-measured // (block_size * by))
        return Parts([(1, flat * whole), (blocks, unit_price * whole)], whole * money)
    return Parts([(1, measured * unit_price + flat * whole)], whole * money)


def selected(model: Volume, quantity: Fraction) -> ScaledTier:
    """The tier that a whole quantity reaches: at its bound still that one."""
    measured, by = quantity.numerator * model.scaled.units, quantity.denominator
    return next(
        tier for tier in model.scaled.tiers if tier.up_to is None or measured <= tier.up_to * by
    )


def package(model: Package, quantity: Fraction) -> Parts:
    """What the started blocks above the included units cost; its increments are the blocks.

    One octet over the included units starts the first block; the ceiling bounds the sum.
    """
    price = model.block_price
    blocks = blocks_of(model, quantity)
    if model.ceiling is not None and blocks * price > model.ceiling:
        return Parts([(1, model.ceiling.numerator)], model.ceiling.denominator)
    return Parts([(blocks, price.numerator)], price.denominator)


def blocks_of(model: Package, quantity: Fraction) -> int:
    """How many blocks a quantity starts."""
    return -(-max(Fraction(0), quantity - model.included) // model.block_size)

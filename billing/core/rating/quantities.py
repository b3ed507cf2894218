"""What is rated: exact quantities, never below zero."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple, cast

from billing.core.catalog import OCTETS, UsagePrice
from billing.core.errors import BillingError
from billing.core.usage.measured import Call, Sample

Number = Fraction | Decimal | int | str
Quantity = (
    Number | Call | Sequence[Number] | Sequence[Number | None] | Sequence[Call] | Sequence[Sample]
)


class BadQuantity(BillingError):
    """Only an exact quantity that is not negative can be rated, in the form its price needs."""

    def __init__(self, quantity: object, problem: str) -> None:
        super().__init__(f"quantity {str(quantity)[:60]!r} cannot be rated: {problem}")
        self.quantity = quantity


class Parts(NamedTuple):
    """What a quantity costs before commitments, in parts: each one increment of rounding.

    times, numerator: that many equal increments of numerator / denominator minor units each.
    """

    parts: list[tuple[int, int]]
    denominator: int

    @property
    def numerator(self) -> int:
        """The sum, in the same parts of a minor unit."""
        return sum(times * numerator for times, numerator in self.parts)


def parts_of(exact: Sequence[Fraction]) -> Parts:
    """Increments of exact minor units as whole numbers of one denominator."""
    denominator = lcm(*(amount.denominator for amount in exact))
    return Parts(
        [(1, amount.numerator * (denominator // amount.denominator)) for amount in exact],
        denominator,
    )


def exact_of(quantity: object) -> Fraction:
    """A number as it was written; floats, negative numbers and what is no number are refused."""
    if type(quantity) is Fraction:
        exact = quantity
    elif isinstance(quantity, float):
        raise BadQuantity(quantity, "a float is not exact; give a Fraction, a Decimal or text")
    else:
        try:
            exact = Fraction(cast(Any, quantity))
        except (ValueError, ArithmeticError, TypeError):
            raise BadQuantity(quantity, 'it is no number; write it as "63.4"') from None
    if exact.numerator < 0:
        raise BadQuantity(quantity, "it is negative; rate the cumulative quantity")
    return exact


def listed(quantity: object) -> list[object] | None:
    """The members of a sequence; None for a single number or text."""
    if isinstance(quantity, Sequence) and not isinstance(quantity, str | bytes):
        return list(cast(Sequence[object], quantity))
    return None


def quantity_of(price: UsagePrice, octets_in: int, octets_out: int) -> Fraction:
    """Octets as a quantity in the price's unit and direction, exact.

    octets_in   from the subscriber: the upload (Acct-Input-Octets, RFC 2866 section 5.3)
    octets_out  to the subscriber: the download (Acct-Output-Octets, RFC 2866 section 5.4)
    """
    match price.direction:
        case "up":
            octets = octets_in
        case "down":
            octets = octets_out
        case "both":
            octets = octets_in + octets_out
        case "larger":
            octets = max(octets_in, octets_out)
    return Fraction(octets, OCTETS[price.unit])

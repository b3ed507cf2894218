"""Rating: what a quantity costs under a price, exact until the one rounding, with its arithmetic."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.core.catalog import Price, UsagePrice
from billing.core.errors import BillingError
from billing.core.money import Money


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


def rate(price: Price, quantity: Fraction | Decimal | int | str) -> Rated:
    """What a quantity costs. It is exact and in the price's unit; for a flat price it is periods.

    Usage is rated on the cumulative quantity of a period: a later, larger quantity is rated anew and
    what is booked is subtracted, so that splitting usage never changes its price.
    """
    raise NotImplementedError


def quantity_of(price: UsagePrice, octets_in: int, octets_out: int) -> Fraction:
    """Octets as a quantity in the price's unit and direction, exact.

    octets_in   from the subscriber: the upload (Acct-Input-Octets, RFC 2866 section 5.3)
    octets_out  to the subscriber: the download (Acct-Output-Octets, RFC 2866 section 5.4)
    """
    raise NotImplementedError

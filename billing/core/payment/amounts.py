"""Amounts in the processor's integers, which are not always ours.

Source: docs.stripe.com/currencies, "Zero-decimal", "Three-decimal" and "Special cases".
"""

from billing.core.errors import BillingError
from billing.core.money import Money, minor_digits

# Where the processor counts in other units than ISO 4217: ISK and UGX have no decimals but are sent
# with two; MGA has two and is sent with none.
PROCESSOR_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
# Three-decimal amounts must end in one zero, and ISK and UGX in two, or the processor refuses them.
PROCESSOR_STEP = {"BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10, "ISK": 100, "UGX": 100}


class AmountNotChargeable(BillingError):
    """The processor cannot collect this amount to its last minor unit."""

    def __init__(self, amount: Money, why: str) -> None:
        super().__init__(
            f"{amount.minor} minor units of {amount.currency} cannot be collected online: {why};"
            " collect it by bank transfer or correct the amount by a credit note"
        )
        self.amount = amount


def to_processor(amount: Money) -> int:
    """The amount in the integer the processor expects; exact or refused, never rounded."""
    digits, theirs = minor_digits(amount.currency), _processor_digits(amount.currency)
    if theirs >= digits:
        converted = amount.minor * 10 ** (theirs - digits)
    else:
        converted, rest = divmod(amount.minor, 10 ** (digits - theirs))
        if rest:
            raise AmountNotChargeable(
                amount, f"it takes only {theirs} decimals of {amount.currency}"
            )
    step = PROCESSOR_STEP.get(amount.currency, 1)
    if converted % step:
        raise AmountNotChargeable(amount, f"it takes {amount.currency} only in steps of {step}")
    if converted <= 0:
        raise AmountNotChargeable(amount, "there is nothing to collect")
    return converted


def from_processor(converted: int, currency: str) -> Money:
    """What the processor's integer is in our minor units; the inverse of `to_processor`.

    A fraction of our minor unit cannot come back for an amount we sent, so it is refused.
    """
    code = currency.upper()
    digits, theirs = minor_digits(code), _processor_digits(code)
    if theirs <= digits:
        return Money(converted * 10 ** (digits - theirs), code)
    minor, rest = divmod(converted, 10 ** (theirs - digits))
    if rest:
        raise AmountNotChargeable(Money(minor, code), f"the processor reports {converted}")
    return Money(minor, code)


def _processor_digits(currency: str) -> int:
    return PROCESSOR_DIGITS.get(currency, minor_digits(currency))

"""Contracts: until when one is bound, and what an end before that day costs."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from billing.core.catalog import ContractTerms, RecurringPrice
from billing.core.catalog.contract_schema import contract_to_dict
from billing.core.charging.charge import Charge
from billing.core.money import Money
from billing.core.period import DAY, MONTHLY, Cycle, Period, local_day, months_completed
from billing.core.subscription import Contract, Segment, Subscription

_DAYS_A_MONTH = Fraction(365, 12)


def contract_end(contract: Contract) -> date:
    """The first local day on which one is no longer bound."""
    return _end_of_term(contract.terms, contract.signed_on)


def termination_fee(
    terms: ContractTerms, signed_on: date, ended_on: date, monthly: Fraction = Fraction(0)
) -> Fraction:
    """What an end costs, in exact minor units; nothing from the end of the term on.

    ended_on  the local day on which the service ends. On the day of the signing, and up to so many
              cooling-off days after it, the end is free
    monthly   minor units of the recurring prices in a month, for a fee that is a part of them

    A month of the contract is completed on the day of the month on which it was signed, or on the
    last day of a month that is shorter.
    """
    fee, last = terms.termination, _end_of_term(terms, signed_on)
    free = (ended_on - signed_on).days <= terms.cooling_off_days
    if fee is None or free or ended_on >= last:
        return Fraction(0)
    completed = months_completed(signed_on, ended_on)
    match fee.kind:
        case "per completed month":
            return max(Fraction(0), fee.amount - fee.monthly * completed)
        case "straight line" if fee.by == "day":
            return fee.amount * Fraction((last - ended_on).days, (last - signed_on).days)
        case "straight line":
            return fee.amount * Fraction(terms.months - completed, terms.months)
        case "steps":
            return [due for begins, due in fee.steps if begins <= completed][-1]
        case "remaining":
            return monthly * (terms.months - completed) * fee.percent / 100


def monthly_amount(segment: Segment) -> Fraction:
    """The recurring prices of a segment in a month, in exact minor units, before discounts.

    Those of days and weeks count by a month of 365/12 days.
    """
    overrides = dict(segment.overrides)
    amounts = (
        overrides.get(price.code, price.amount) / _months_of(price)
        for price in segment.price.recurring
    )
    return sum(amounts, Fraction(0)) * segment.quantity


def termination_charges(
    subscription: Subscription, period: Period, billed: Sequence[Charge]
) -> list[Charge]:
    """The fee of a subscription that ends in the period and before its contract; charged once.

    A change of plan ends nothing: the contract goes on with the subscription.
    """
    contract, ended = subscription.contract, subscription.ended
    if contract is None or contract.terms.termination is None or ended is None:
        return []
    ended_on = local_day(ended, period.zone)
    key = f"{subscription.id}/termination"
    if not period.start <= ended_on < period.end or any(line.key == key for line in billed):
        return []
    fee, segment = contract.terms.termination, subscription.current
    monthly, currency = monthly_amount(segment), segment.price.currency
    exact = termination_fee(contract.terms, contract.signed_on, ended_on, monthly)
    if not (due := Money.rounded(exact, currency)):
        return []
    charge = Charge(
        subscription_id=subscription.id,
        service_id=subscription.service_id,
        code="termination",
        kind="termination",
        description=f"{segment.price.name}: {fee.name}",
        price_ref=segment.price.ref,
        span=(ended_on, ended_on + DAY),
        quantity="1",
        unit="event",
        amount=due,
        tax_category=fee.tax_category,
        key=key,
        facts={
            "rule": "termination",
            "terms": contract_to_dict(contract.terms, currency),
            "signed_on": contract.signed_on.isoformat(),
            "ended_on": ended_on.isoformat(),
            "monthly": str(monthly),
        },
        gross=due if fee.tax_included else None,
    )
    return [charge]


def _end_of_term(terms: ContractTerms, signed_on: date) -> date:
    return Cycle(MONTHLY, signed_on).begin(terms.months)


def _months_of(price: RecurringPrice) -> Fraction:
    return Fraction(price.every.months) or price.every.days / _DAYS_A_MONTH

"""What-if, as JSON."""

from typing import Any

from billing.core.money import Money
from billing.core.whatif import Bar, Repriced
from functions.portal_api.usecases.whatif import Outcome
from functions.portal_api.wire.base import MoneyOut, Wire, amount


class RepricedOut(Wire):
    """One account over its months, net of tax. `billed` is what its bills charged for them."""

    account_id: str
    months: int
    old: MoneyOut
    new: MoneyOut
    difference: MoneyOut
    billed: MoneyOut


class LeftOutOut(Wire):
    account_id: str
    reason: str
    text: str


class PercentileOut(Wire):
    percent: int
    change: MoneyOut


class BarOut(Wire):
    """Accounts that change by more than `above` and at most `upTo`; null is no bound.

    Falls mirror rises: at least `above` and less than `upTo`. From 0 to 0 nothing changes.
    """

    above: MoneyOut | None
    up_to: MoneyOut | None
    accounts: int


class WhatIfOut(Wire):
    """How the plan would have changed what the accounts paid over all of the months."""

    name: str
    currency: str
    months: list[str]
    everybody: int
    looked_at: int
    accounts: int
    more: int
    less: int
    same: int
    old: MoneyOut
    new: MoneyOut
    change: MoneyOut
    billed: MoneyOut
    median: MoneyOut
    percentiles: list[PercentileOut]
    bars: list[BarOut]
    rises: list[RepricedOut]
    compared: list[RepricedOut]
    left_out: list[LeftOutOut]


def what_if(found: Outcome) -> WhatIfOut:
    spread = found.distribution
    return WhatIfOut(
        name=found.asked.proposal.name,
        currency=spread.currency,
        months=[f"{month:%Y-%m}" for month in found.asked.months],
        everybody=found.everybody,
        looked_at=found.looked_at,
        accounts=spread.accounts,
        more=spread.more,
        less=spread.less,
        same=spread.same,
        old=amount(spread.old),
        new=amount(spread.new),
        change=amount(spread.change),
        billed=amount(spread.billed),
        median=amount(spread.median),
        percentiles=[
            PercentileOut(percent=percent, change=amount(change))
            for percent, change in spread.percentiles
        ],
        bars=[_bar(one, spread.currency) for one in spread.bars],
        rises=[_repriced(one) for one in spread.rises],
        compared=[_repriced(one) for one in found.compared],
        left_out=[LeftOutOut.model_validate(one) for one in found.left_out],
    )


def _repriced(one: Repriced) -> RepricedOut:
    return RepricedOut.model_validate(one)


def _bar(one: Bar, currency: str) -> BarOut:
    def bound(minor: int | None) -> Any:
        return None if minor is None else amount(Money(minor, currency))

    return BarOut(above=bound(one.above), up_to=bound(one.up_to), accounts=one.accounts)

"""Prices, as values. What each may be is checked where it is read (schema.py)."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from billing.core.catalog.allowances import Allowance
from billing.core.catalog.models import Model
from billing.core.catalog.units import Direction, Unit
from billing.core.errors import BillingError
from billing.core.money import Rounding
from billing.core.period import MONTHLY, Every, Validity


class BadPrice(BillingError):
    """A price that cannot be. `path` names the field, `fix` what to write instead."""

    def __init__(self, path: str, problem: str, fix: str) -> None:
        super().__init__(f"{path}: {problem}; {fix}")
        self.path, self.problem, self.fix = path, problem, fix


class NoPriceOn(BillingError):
    """The offering is not sold on that day."""

    def __init__(self, offering_id: str, day: date, first: date) -> None:
        super().__init__(f"{offering_id} has no price on {day}: its first is valid from {first}")
        self.offering_id, self.day, self.first = offering_id, day, first


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What all prices have in common."""

    code: str
    name: str
    currency: str
    tax_category: str = "standard"
    tax_included: bool = False  # the amounts contain the tax
    rounding: Rounding = "half_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringPrice(Terms):
    """A fixed amount for each period; for a part of it, its share. Model "flat"."""

    amount: Fraction  # minor units, exact
    in_advance: bool = True
    every: Every = MONTHLY
    align: Literal["cycle", "calendar", "anniversary"] = "cycle"  # where its periods begin
    prorate: Literal["day", "second", "none"] = "day"
    basis: Literal["actual", "30 days"] = "actual"  # what a whole period counts
    end_day: Literal["free", "charged"] = "free"  # the day on which the subscription ends
    change_day: Literal["new", "old"] = "new"  # whose is the day on which this price begins
    while_paused: Fraction = Fraction(0)  # minor units for a period in pause
    # What was paid for unused time; "refund" of several months goes by those completed.
    early_end: Literal["refund", "refund by day", "keep", "re-rate"] = "refund"
    re_rated_at: Fraction | None = None  # minor units a month, with "re-rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimePrice(Terms):
    """An amount that is charged once, when the subscription begins: a setup, a device."""

    amount: Fraction  # minor units, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class PassPrice(Terms):
    """Time that is bought at an instant. Model "pass"."""

    amount: Fraction  # minor units, exact
    validity: Validity
    renewal: Literal["extends", "restarts"] = "extends"  # bought while one runs


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePrice(Terms):
    """What the usage of a period costs, charged in arrears."""

    model: Model | Allowance
    unit: Unit  # "" with the models of percentages: amounts of money
    direction: Direction = "both"  # of octets and levels
    per_started: Fraction | None = None  # units; the whole quantity counts in started ones of these
    rounding_per: Literal["line", "increment"] = "line"
    minimum: Fraction | None = None  # minor units committed for a period
    maximum: Fraction | None = None  # minor units at most in a period
    part_period: Literal["whole", "prorated"] = "whole"  # minimum, maximum, committed level


Price = RecurringPrice | OneTimePrice | PassPrice | UsagePrice

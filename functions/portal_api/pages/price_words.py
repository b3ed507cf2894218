"""A price in sentences: the first says most."""

from fractions import Fraction

from billing.core.catalog import (
    Allowance,
    Bucket,
    OneTimePrice,
    PassPrice,
    Price,
    RecurringPrice,
    UsagePrice,
)
from billing.core.money import figure
from billing.core.period import Validity
from functions.portal_api.pages.model_words import (
    amount,
    each,
    hours,
    listed,
    model_in_words,
    units,
)

_DIRECTIONS = {"down": "download", "up": "upload", "larger": "the larger of download and upload"}
_ROUNDED = {"half_even": "halves to the even cent", "up": "always up", "down": "always down"}


def in_words(price: Price) -> list[str]:
    """What a price asks for: "€32.00 a month, in advance", and what else is agreed about it."""
    match price:
        case RecurringPrice():
            said = _recurring(price)
        case OneTimePrice():
            said = [f"{amount(price.amount, price.currency)} once, when the plan begins"]
        case PassPrice():
            said = [_pass(price)]
        case UsagePrice():
            said = _usage(price)
    if price.tax_included:
        said[0] += ", tax included"
    if price.rounding in _ROUNDED:
        said.append(f"rounding: {_ROUNDED[price.rounding]}")
    return said


def _allowance(model: Allowance, unit: str, currency: str) -> list[str]:
    """The buckets in the order in which they are burnt, then what comes after the last."""
    shared = "shared by all services of the plan: " if model.pooled else ""
    buckets = [_bucket(bucket, unit, currency) for bucket in model.buckets]
    if len(buckets) == 1:
        said = [f"{shared}{buckets[0]}"]
    else:
        said = [f"{shared}burnt in this order"]
        said += [f"{'then' if place else 'first'} {one}" for place, one in enumerate(buckets)]
    said.append(f"after the last: {_after(model, unit, currency)}")
    if model.courtesy is not None:
        months = f"{model.courtesy.months} of any {model.courtesy.of} months"
        said.append(f"in {months}, what is charged after the last is given back")
    if model.alerts is not None and model.alerts.percents:
        percents = listed(f"{figure(percent)} %" for percent in model.alerts.percents)
        blocks = ", and at each further block" if model.alerts.blocks else ""
        said.append(f"the customer is told at {percents}{blocks}")
    if model.at_change == "prorated":
        said.append("in a part of a period, its part of each bucket")
    return said


def _recurring(price: RecurringPrice) -> list[str]:
    when = "in advance" if price.in_advance else "in arrears"
    every = (
        price.every.unit if price.every.count == 1 else f"{price.every.count} {price.every.unit}s"
    )
    said = [f"{amount(price.amount, price.currency)} {each(every)}, {when}"]
    if price.align != "cycle":
        said[0] += (
            ", by the calendar" if price.align == "calendar" else ", counted from the day it began"
        )
    if price.prorate == "none":
        said.append("never charged in parts")
    elif price.prorate == "second":
        said.append("parts of a period by the second")
    if price.basis == "30 days":
        said.append("a whole month counts 30 days")
    if price.end_day == "charged":
        said.append("the day of an end is charged")
    if price.change_day == "old":
        said.append("the day of a change is the old price's")
    if price.while_paused:
        said.append(f"{amount(price.while_paused, price.currency)} while paused")
    if price.early_end == "keep":
        said.append("what was paid is not given back at an end")
    if price.early_end == "re-rate":
        monthly = amount(price.re_rated_at or Fraction(0), price.currency)
        said.append(f"ended early, the time used costs {monthly} a month")
    return said


def _pass(price: PassPrice) -> str:
    renewed = "prolongs it" if price.renewal == "extends" else "begins anew"
    return (
        f"{amount(price.amount, price.currency)} {_lasting(price.validity)} from the payment on;"
        f" another one bought meanwhile {renewed}"
    )


def _usage(price: UsagePrice) -> list[str]:
    if isinstance(price.model, Allowance):
        said = _allowance(price.model, price.unit, price.currency)
    else:
        said = model_in_words(price.model, price.unit, price.currency)
    if price.direction in _DIRECTIONS:
        said[0] = f"{_DIRECTIONS[price.direction]}: {said[0]}"
    if price.per_started is not None:
        said.append(f"counted in started {units(price.per_started, price.unit)}")
    if price.rounding_per == "increment":
        said.append("each increment is rounded by itself")
    part = ", its part in a part of a period" if price.part_period == "prorated" else ""
    if price.minimum is not None:
        said.append(f"at least {amount(price.minimum, price.currency)} a period{part}")
    if price.maximum is not None:
        said.append(f"at most {amount(price.maximum, price.currency)} a period{part}")
    return said


def _lasting(validity: Validity) -> str:
    """How long something can be used: "for 30 days", "to the end of the period"."""
    if validity.unit == "never":
        return "without end"
    if validity.unit == "period":
        return "to the end of the period"
    return f"for {validity.text}"


def _bucket(bucket: Bucket, unit: str, currency: str) -> str:
    size = "without end" if bucket.size is None else units(bucket.size, unit)
    said = f"{bucket.name}: {size}"
    if bucket.window is not None:
        said += f", {hours(bucket.window)}"
    if bucket.price is not None:
        said += f", {amount(bucket.price, currency)} when bought"
    if bucket.validity is not None:
        said += f", {_lasting(bucket.validity)}"
    rolls = bucket.rollover
    if rolls is not None:
        periods = "period" if rolls.periods == 1 else f"{rolls.periods} periods"
        cap = "" if rolls.cap is None else f", at most {figure(rolls.cap)} {unit}"
        said += f"; what is left goes on for the next {periods}{cap}, and is burnt {rolls.burnt}"
        if rolls.grace_days:
            said += f"; renewed within {rolls.grace_days} days after its end, it comes back"
        if rolls.at_change == "kept":
            said += "; it is kept when the plan changes"
    return said


def _after(model: Allowance, unit: str, currency: str) -> str:
    match model.after:
        case "charge" if model.overage is not None:
            return " ".join(model_in_words(model.overage, unit, currency))
        case "slow":
            steps = (f"to {step.policy} above {units(step.above, unit)}" for step in model.speeds)
            return f"nothing is charged, the line slows down {listed(steps)}"
        case "top-up" if model.top_up is not None:
            name = next(one.name for one in model.buckets if one.code == model.top_up.bucket)
            return f"{name} is bought, at most {model.top_up.at_most} times a period; then it stops"
        case _:
            return "it stops"

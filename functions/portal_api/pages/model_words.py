"""What a quantity costs under each model, in sentences, as people who sell it would say it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from babel.numbers import format_currency, get_currency_precision

from billing.core.catalog import (
    CallRate,
    Calls,
    Graduated,
    GraduatedPercentage,
    Model,
    Package,
    Percentage,
    Percentile,
    PerUnit,
    Tier,
    Volume,
    Window,
)
from billing.core.money import figure

EXACT_DIGITS = 6  # of a price below the minor unit, as a page shows it
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def model_in_words(model: Model, unit: str, currency: str) -> list[str]:
    """What a quantity costs; the first sentence says most."""
    match model:
        case PerUnit():
            return [_per_unit(model, unit, currency)]
        case Graduated():
            return ["; ".join(_tier(tier, unit, currency) for tier in model.tiers)]
        case Volume():
            tiers = "; ".join(_tier(tier, unit, currency) for tier in model.tiers)
            return [f"all at the price of the tier that is reached: {tiers}"]
        case Package():
            return [_package(model, unit, currency)]
        case Percentage():
            return _percentage(model, currency)
        case GraduatedPercentage():
            return [_graduated_percentage(model, currency)]
        case Percentile():
            return [_percentile(model, unit, currency)]
        case Calls():
            return _calls(model, currency)


def amount(minor: Fraction, currency: str) -> str:
    """An exact amount, with as many digits as it needs and at least those of the currency."""
    digits = get_currency_precision(currency)
    exact = (Decimal(minor.numerator) / minor.denominator).scaleb(-digits)
    cents = "0" * digits + "#" * (EXACT_DIGITS - digits)
    return format_currency(
        exact, currency, format=f"¤#,##0.{cents}", locale="en_IE", currency_digits=False
    )


def hours(window: Window) -> str:
    """When a window is open: "Mondays to Fridays, 08:00 to 18:00"."""
    start, end = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in (window.start, window.end))
    days = sorted(window.days)
    if len(days) == len(WEEKDAYS):
        named = "every day"
    elif len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        named = f"{WEEKDAYS[days[0]]} to {WEEKDAYS[days[-1]]}"
    else:
        named = ", ".join(WEEKDAYS[day] for day in days)
    return f"{named}, {start} to {end}"


def units(quantity: Fraction, unit: str) -> str:
    """A quantity with its unit: "300 GB"."""
    return f"{figure(quantity)} {unit}".strip()


def each(unit: str) -> str:
    """How often something is asked for: "a GB", "an hour", "each 3 months"."""
    if unit[0].isdigit():
        return f"each {unit}"
    return f"an {unit}" if unit in ("hour", "event") else f"a {unit}"


def listed(parts: Iterable[str]) -> str:
    """Parts of a sentence: "a, b and c"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _per_unit(model: PerUnit, unit: str, currency: str) -> str:
    asked = f"{amount(model.per_unit, currency)} {each(unit)}"
    return f"{units(model.included, unit)} included, then {asked}" if model.included else asked


def _tier(tier: Tier, unit: str, currency: str) -> str:
    of = unit if tier.block_size is None else f"{units(tier.block_size, unit)} begun"
    asked = f"{amount(tier.per_unit, currency)} {each(of)}" if tier.per_unit else "free"
    flat = f" and {amount(tier.flat, currency)} once" if tier.flat else ""
    if tier.up_to is None:
        return f"{'above that ' if tier.above else ''}{asked}{flat}"
    return f"up to {units(tier.up_to, unit)} {asked}{flat}"


def _package(model: Package, unit: str, currency: str) -> str:
    block = amount(model.block_price, currency)
    asked = f"{block} for each {units(model.block_size, unit)} begun"
    words = f"{units(model.included, unit)} included, then {asked}" if model.included else asked
    return words if model.ceiling is None else f"{words}, at most {amount(model.ceiling, currency)}"


def _percentage(model: Percentage, currency: str) -> list[str]:
    fixed = f" and {amount(model.fixed, currency)} for each" if model.fixed else ""
    said = [f"{figure(model.percent)} % of each amount{fixed}"]
    if model.event_minimum is not None:
        said.append(f"at least {amount(model.event_minimum, currency)} for each")
    if model.event_maximum is not None:
        said.append(f"at most {amount(model.event_maximum, currency)} for each")
    if model.free_events:
        said.append(f"the first {model.free_events:,} of a period are free")
    if model.free_amount:
        said.append(f"the first {amount(model.free_amount, currency)} of a period are free")
    return said


def _graduated_percentage(model: GraduatedPercentage, currency: str) -> str:
    said: list[str] = []
    for tier in model.tiers:
        bound = "" if tier.up_to is None else f"up to {amount(tier.up_to, currency)} "
        above = "above that " if tier.up_to is None and tier.above else ""
        flat = f" and {amount(tier.flat, currency)} once" if tier.flat else ""
        said.append(f"{bound}{above}{figure(tier.percent)} %{flat}")
    return "; ".join(said)


def _percentile(model: Percentile, unit: str, currency: str) -> str:
    return (
        f"{amount(model.amount, currency)} for {units(model.committed, unit)} at the"
        f" {figure(model.percentile)}th percentile of five-minute levels,"
        f" {amount(model.per_unit, currency)} {each(unit)} above"
    )


def _calls(model: Calls, currency: str) -> list[str]:
    edge = {
        "increment": "an increment that has begun pays the rate it began with",
        "part": "each part counts in increments of its own",
        "second": "each second pays the rate it lies in",
    }[model.at_edge]
    said = ["by the destination of the call" if len(model.destinations) > 1 else "each call"]
    for one in model.destinations:
        to = f" (+{', +'.join(one.prefixes)})" if one.prefixes else ""
        said.append(f"{one.name}{to}: {_rates(one.rates, currency)}")
    if any(rate.window for one in model.destinations for rate in one.rates):
        said.append(
            f"a call that crosses the edge of a window is split: {edge}"
            if model.split
            else "a call pays the rate of its begin to its end"
        )
    if model.unanswered == "charged":
        said.append("calls that nobody answers are charged, too")
    return said


def _rates(rates: Sequence[CallRate], currency: str) -> str:
    """The rates of a destination; the one without a window holds at all other hours."""
    in_windows = any(rate.window for rate in rates)
    return "; ".join(
        f"{'otherwise ' if in_windows and rate.window is None else ''}{_call_rate(rate, currency)}"
        for rate in rates
    )


def _call_rate(rate: CallRate, currency: str) -> str:
    said = f"{amount(rate.per_minute, currency)} a minute" if rate.per_minute else "free"
    if rate.window is not None:
        said = f"{hours(rate.window)} {said}"
    if rate.connection:
        said += f", {amount(rate.connection, currency)} for the connection"
    if rate.minimum or rate.increment > 1:
        said += f", counted {rate.minimum or rate.increment}/{rate.increment} seconds"
    for step in rate.then:
        said += f", after {step.after} seconds {amount(step.per_minute, currency)} a minute"
    return said

"""Explaining allowances: which bucket paid how much, what came after the last, what is left."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import cast

from billing.core.allowance import OVERAGE, SLOW, STOPPED, Simulation
from billing.core.catalog import BASE_UNITS, Allowance, Bucket, UsagePrice
from billing.core.charging import Charge, PriceOf
from billing.core.charging.allowances import TOP_UP_RULE, simulated
from billing.core.charging.charge import spoken_instant
from billing.core.charging.held_allowances import RULE
from billing.core.explaining.rule import Rule
from billing.core.money import Money, figure
from billing.core.period import instant_from, next_grid_hour

_AFTER = {
    SLOW: "at reduced speed, without charge",
    STOPPED: "after all was burnt, without charge",
}


def _steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    price = _price(charge, price_of)
    done = simulated(price, charge.facts)
    if charge.facts["part"] == "courtesy":
        owed = -charge.priced if done.overage is None else done.overage.amount
        return (
            f"{owed} for usage above the allowance",
            f"credited as a courtesy: {-charge.priced}",
        )
    if charge.facts["part"] == "top-ups":
        return tuple(
            f"{figure(Fraction(one.quantity, _base(price)))} {price.unit} bought automatically"
            f" {spoken_instant(one.at, charge.facts['zone'])}, when all was burnt: {one.price}"
            for one in done.bought
        )
    return tuple(_usage_steps(charge, price, done))


def _recomputed(charge: Charge, price_of: PriceOf) -> Money:
    price = _price(charge, price_of)
    done = simulated(price, charge.facts)
    zero = Money.zero(price.currency)
    match charge.facts["part"]:
        case "courtesy":
            return -(done.courtesy or zero)
        case "top-ups":
            return Money.total((one.price for one in done.bought), price.currency)
        case _:
            return zero if done.overage is None else done.overage.amount


def _usage_steps(charge: Charge, price: UsagePrice, done: Simulation) -> Iterator[str]:
    zone = charge.facts["zone"]
    since, until = (spoken_instant(instant_from(at), zone) for at in charge.facts["held"])
    yield f"{since} to {until}: {_amount(done.quantity, price)} used"
    for bucket in cast(Allowance, price.model).buckets:
        used, granted = done.used.get(bucket.code, 0), done.granted.get(bucket.code, 0)
        if used or granted:
            of = f" of {_amount(granted, price)} granted" if granted else ""
            yield f"{bucket.name}: {_amount(used, price)} used{of}{_rest(bucket.code, price, done)}"
    for code, words in _AFTER.items():
        if done.used.get(code, 0):
            yield f"{_amount(done.used[code], price)} {words}"
    if done.overage is not None and done.used.get(OVERAGE, 0):
        yield f"{_amount(done.used[OVERAGE], price)} above the allowance"
        yield from done.overage.steps
    else:
        yield f"total {Money.zero(price.currency)}"


def _rest(code: str, price: UsagePrice, done: Simulation) -> str:
    left, lost = done.closing.left(code), done.lost.get(code, 0)
    parts = [f"{_amount(left, price)} goes on into the next period"] if left else []
    parts += [f"{_amount(lost, price)} expired"] if lost else []
    return f"; {', '.join(parts)}" if parts else ""


def _amount(quantity: int, price: UsagePrice) -> str:
    return f"{figure(Fraction(quantity, _base(price)))} {price.unit}"


def _base(price: UsagePrice) -> int:
    return BASE_UNITS[price.unit]


def _price(charge: Charge, price_of: PriceOf) -> UsagePrice:
    version = price_of(*charge.price_ref)
    return next(price for price in version.usage if price.code == charge.code)


def _top_up_steps(charge: Charge, price_of: PriceOf) -> tuple[str, ...]:
    price, bucket = _price(charge, price_of), _bucket(charge, price_of)
    at = instant_from(charge.facts["bought"])
    counts = next_grid_hour(at, charge.facts["zone"])
    return (
        f"{charge.quantity} {price.unit} bought {spoken_instant(at, charge.facts['zone'])};"
        f" pays for usage from {spoken_instant(counts, charge.facts['zone'])} on",
        f"{bucket.name}: {charge.priced}",
    )


def _top_up_recomputed(charge: Charge, price_of: PriceOf) -> Money:
    price, bucket = _price(charge, price_of), _bucket(charge, price_of)
    return Money.rounded(bucket.price or Fraction(0), price.currency, price.rounding)


def _bucket(charge: Charge, price_of: PriceOf) -> Bucket:
    allowance = cast(Allowance, _price(charge, price_of).model)
    return next(one for one in allowance.buckets if one.code == charge.facts["bucket"])


ALLOWANCE_RULES: Mapping[str, Rule] = {
    RULE: Rule(_steps, _recomputed),
    TOP_UP_RULE: Rule(_top_up_steps, _top_up_recomputed),
}

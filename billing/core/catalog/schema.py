"""The published schema of a price (docs/pricing.md): read strictly, written out in full.

Numbers are decimal text, so that what is written is what is charged. Every refusal is a BadPrice
with the path of the field, what is wrong with it, and what to write instead.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, cast

from billing.core.catalog.fields import (
    choice_of,
    currency_of,
    day_of,
    flag_of,
    list_of,
    money_of,
    number_of,
    refuse_unknown,
    text_of,
)
from billing.core.catalog.models import Graduated, Package, Tier
from billing.core.catalog.offers import PriceVersion, check_prices
from billing.core.catalog.prices import BadPrice, Price, RecurringPrice, UsagePrice
from billing.core.catalog.units import OCTETS, Direction, Unit
from billing.core.money import decimal_text, major_text

_HEAD = ("model", "code", "name", "currency", "tax_category")
_FIELDS = {
    "flat": (*_HEAD, "amount", "in_advance"),
    "graduated": (*_HEAD, "unit", "direction", "tiers"),
    "package": (
        *_HEAD,
        *("unit", "direction", "included", "block_size", "block_price", "ceiling"),
    ),
}
_TIER_FIELDS = ("above", "up_to", "per_unit", "flat")
_VERSION_FIELDS = ("offering_id", "version", "valid_from", "name", "currency", "prices")
_DIRECTIONS = ("down", "up", "both", "larger")


def price_from(data: Mapping[str, Any], path: str = "price") -> Price:
    """Read a price in the published schema. BadPrice names the field (under `path`) and the fix."""
    model = choice_of(data, "model", tuple(_FIELDS), path)
    refuse_unknown(data, _FIELDS[model], path)
    currency = currency_of(data, path)
    if model == "flat":
        return RecurringPrice(
            code=text_of(data, "code", path, default="recurring"),
            name=text_of(data, "name", path, default="Monthly charge"),
            amount=money_of(data, "amount", path, currency),
            currency=currency,
            tax_category=text_of(data, "tax_category", path, default="standard"),
            in_advance=flag_of(data, "in_advance", path, default=True),
        )
    read = _graduated if model == "graduated" else _package
    return UsagePrice(
        code=text_of(data, "code", path, default="usage"),
        name=text_of(data, "name", path, default="Data"),
        model=read(data, path, currency),
        unit=cast(Unit, choice_of(data, "unit", tuple(OCTETS), path)),
        direction=cast(Direction, choice_of(data, "direction", _DIRECTIONS, path, default="both")),
        currency=currency,
        tax_category=text_of(data, "tax_category", path, default="standard"),
    )


def price_to_dict(price: Price) -> dict[str, Any]:
    """The price in the published schema, every field written out: the inverse of `price_from`."""
    head = {
        "code": price.code,
        "name": price.name,
        "currency": price.currency,
        "tax_category": price.tax_category,
    }

    def money(exact: Fraction) -> str:
        return major_text(exact, price.currency)

    if isinstance(price, RecurringPrice):
        return {
            "model": "flat",
            **head,
            "amount": money(price.amount),
            "in_advance": price.in_advance,
        }
    measured = {**head, "unit": price.unit, "direction": price.direction}
    match price.model:
        case Graduated(tiers):
            written = [
                {
                    **({} if tier.up_to is None else {"up_to": decimal_text(tier.up_to)}),
                    "per_unit": money(tier.per_unit),
                    "flat": money(tier.flat),
                }
                for tier in tiers
            ]
            return {"model": "graduated", **measured, "tiers": written}
        case Package(included, block_size, block_price, ceiling):
            return {
                "model": "package",
                **measured,
                "included": decimal_text(included),
                "block_size": decimal_text(block_size),
                "block_price": money(block_price),
                **({} if ceiling is None else {"ceiling": money(ceiling)}),
            }


def price_version_from(data: Mapping[str, Any], path: str = "version") -> PriceVersion:
    """Read {"offering_id", "version", "valid_from", "name", "currency", "prices": [...]}.

    A price that names no currency has that of its version.
    """
    refuse_unknown(data, _VERSION_FIELDS, path)
    currency = currency_of(data, path)
    number: object = data.get("version", 1)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise BadPrice(f"{path}.version", f"{number!r} is no version", "count from 1")
    listed = list_of(data, "prices", path)
    prices = tuple(
        price_from({"currency": currency, **entry}, f"{path}.prices[{place}]")
        for place, entry in enumerate(listed)
    )
    check_prices(prices, currency, f"{path}.prices")
    return PriceVersion(
        offering_id=text_of(data, "offering_id", path),
        version=number,
        valid_from=day_of(data, "valid_from", path),
        name=text_of(data, "name", path),
        currency=currency,
        prices=prices,
    )


def price_version_to_dict(version: PriceVersion) -> dict[str, Any]:
    """The inverse of `price_version_from`, for storage and the wire."""
    return {
        "offering_id": version.offering_id,
        "version": version.version,
        "valid_from": version.valid_from.isoformat(),
        "name": version.name,
        "currency": version.currency,
        "prices": [price_to_dict(price) for price in version.prices],
    }


def _graduated(data: Mapping[str, Any], path: str, currency: str) -> Graduated:
    listed = list_of(data, "tiers", path)
    tiers: list[Tier] = []
    above = Fraction(0)
    for place, entry in enumerate(listed):
        here = f"{path}.tiers[{place}]"
        refuse_unknown(entry, _TIER_FIELDS, here)
        _check_adjoins(entry, above, here)
        is_last = place == len(listed) - 1
        up_to = None if "up_to" not in entry else number_of(entry, "up_to", here)
        if up_to is None and not is_last:
            raise BadPrice(
                f"{here}.up_to",
                "it is missing, so the tiers after it overlap this one",
                "give every tier but the last an upper bound",
            )
        if up_to is not None and is_last:
            raise BadPrice(
                f"{here}.up_to",
                f"usage above {decimal_text(up_to)} has no price",
                "leave up_to out of the last tier, or add a tier after it",
            )
        if up_to is not None and up_to <= above:
            raise BadPrice(
                f"{here}.up_to",
                f"{decimal_text(up_to)} does not lie above {decimal_text(above)},"
                " where this tier begins: tiers overlap",
                "list tiers by rising up_to",
            )
        per_unit = money_of(entry, "per_unit", here, currency, default=Fraction(0))
        flat = money_of(entry, "flat", here, currency, default=Fraction(0))
        tiers.append(Tier(above, up_to, per_unit, flat))
        above = up_to if up_to is not None else above
    return Graduated(tuple(tiers))


def _check_adjoins(entry: Mapping[str, Any], above: Fraction, path: str) -> None:
    """A tier may say where it begins; then it must be where the tier before it ends."""
    if "above" not in entry:
        return
    stated = number_of(entry, "above", path)
    if stated != above:
        kind = "gap" if stated > above else "overlap"
        raise BadPrice(
            f"{path}.above",
            f"{decimal_text(stated)} leaves a{'n' if kind == 'overlap' else ''} {kind}:"
            f" the tier before it ends at {decimal_text(above)}",
            f'write "{decimal_text(above)}", or leave it out',
        )


def _package(data: Mapping[str, Any], path: str, currency: str) -> Package:
    block_size = number_of(data, "block_size", path)
    if block_size == 0:
        raise BadPrice(f"{path}.block_size", "a block holds nothing", "write its size in units")
    block_price = money_of(data, "block_price", path, currency)
    ceiling = None if "ceiling" not in data else money_of(data, "ceiling", path, currency)
    if ceiling is not None and ceiling < block_price:
        raise BadPrice(
            f"{path}.ceiling",
            f"{major_text(ceiling, currency)} lies below the price of one block,"
            f" {major_text(block_price, currency)}",
            "raise the ceiling or leave it out",
        )
    included = number_of(data, "included", path, default=Fraction(0))
    return Package(included, block_size, block_price, ceiling)

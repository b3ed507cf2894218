"""What a price version promises besides its prices, as people write it: discounts, contract, trial,
children. Read strictly and written out in full, like prices (schema.py).
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, cast

from billing.core.catalog.contract_schema import contract_from, contract_to_dict
from billing.core.catalog.fields import (
    choice_of,
    count_of,
    list_of,
    money_of,
    number_of,
    object_of,
    refuse_unknown,
    text_of,
)
from billing.core.catalog.models import Graduated, Package, PerUnit, Volume
from billing.core.catalog.offers import (
    Child,
    ContractTerms,
    Discount,
    PriceVersion,
    Trial,
)
from billing.core.catalog.prices import BadPrice, Price, UsagePrice
from billing.core.money import decimal_text, major_text

OFFER_FIELDS = ("discounts", "contract", "trial", "children")
_DISCOUNT_FIELDS = ("code", "name", "kind", "value", "on", "order", "periods", "coupon")
_DISCOUNT_KINDS = ("percent", "amount", "units")
_BY_UNITS = (PerUnit, Graduated, Volume, Package)  # what is rated on a plain quantity


class Offer(NamedTuple):
    """The part of a price version that is no price."""

    discounts: tuple[Discount, ...]
    contract: ContractTerms | None
    trial: Trial | None
    children: tuple[Child, ...]


def offer_from(
    data: Mapping[str, Any], offering_id: str, prices: Sequence[Price], currency: str, path: str
) -> Offer:
    """Read the OFFER_FIELDS of a version with these prices. BadPrice names the path and the fix."""
    return Offer(
        _discounts(data, prices, currency, path) if "discounts" in data else (),
        contract_from(object_of(data, "contract", path), currency, f"{path}.contract")
        if "contract" in data
        else None,
        _trial(object_of(data, "trial", path), f"{path}.trial") if "trial" in data else None,
        _children(data, offering_id, path) if "children" in data else (),
    )


def offer_to_dict(version: PriceVersion) -> dict[str, Any]:
    """The inverse of `offer_from`: the fields that a version has."""
    currency, written = version.currency, dict[str, Any]()
    if version.discounts:
        written["discounts"] = [discount_to_dict(one, currency) for one in version.discounts]
    if version.contract is not None:
        written["contract"] = contract_to_dict(version.contract, currency)
    if version.trial is not None:
        written["trial"] = {"days": version.trial.days, "usage": version.trial.usage}
    if version.children:
        written["children"] = [
            {"offering_id": child.offering_id, "quantity": child.quantity}
            for child in version.children
        ]
    return written


def discount_from(data: Mapping[str, Any], currency: str, path: str = "discount") -> Discount:
    """Read one discount; the codes it names are checked where its prices are known."""
    for field in _DISCOUNT_KINDS:
        if field in data:
            fix = f'write kind = "{field}" and the figure as value'
            raise BadPrice(f"{path}.{field}", "a discount has one kind and one value", fix)
    refuse_unknown(data, _DISCOUNT_FIELDS, path)
    code = text_of(data, "code", path)
    kind = cast(
        Literal["percent", "amount", "units"], choice_of(data, "kind", _DISCOUNT_KINDS, path)
    )
    if kind == "amount":
        value = money_of(data, "value", path, currency)
    else:
        value = number_of(data, "value", path)
    if value == 0:
        raise BadPrice(f"{path}.value", "it takes nothing off", "write more than 0")
    if kind == "percent" and value > 100:
        raise BadPrice(f"{path}.value", f"{decimal_text(value)} % is more than all", "at most 100")
    return Discount(
        code=code,
        name=text_of(data, "name", path, default=code),
        kind=kind,
        value=value,
        on=_codes(data, path),
        order=count_of(data, "order", path, at_least=0) if "order" in data else 0,
        periods=count_of(data, "periods", path, at_least=1) if "periods" in data else None,
        coupon=text_of(data, "coupon", path) if data.get("coupon", "") != "" else "",
    )


def discount_to_dict(discount: Discount, currency: str) -> dict[str, Any]:
    """The inverse of `discount_from`."""
    value = discount.value
    written = major_text(value, currency) if discount.kind == "amount" else decimal_text(value)
    return {
        "code": discount.code,
        "name": discount.name,
        "kind": discount.kind,
        "value": written,
        "on": list(discount.on),
        "order": discount.order,
        **({} if discount.periods is None else {"periods": discount.periods}),
        "coupon": discount.coupon,
    }


def _discounts(
    data: Mapping[str, Any], prices: Sequence[Price], currency: str, path: str
) -> tuple[Discount, ...]:
    found: list[Discount] = []
    for place, entry in enumerate(list_of(data, "discounts", path)):
        here = f"{path}.discounts[{place}]"
        discount = discount_from(entry, currency, here)
        if any(discount.code == other.code for other in found):
            fix = "give each discount of a version its own code"
            raise BadPrice(f"{here}.code", f"{discount.code!r} is used twice", fix)
        _check_on(discount, prices, here)
        found.append(discount)
    return tuple(found)


def _check_on(discount: Discount, prices: Sequence[Price], path: str) -> None:
    """The prices named exist; free units need one price that is rated on units."""
    codes = [price.code for price in prices]
    for place, code in enumerate(discount.on):
        if code not in codes:
            near = get_close_matches(code, codes, n=1)
            fix = f"did you mean {near[0]}?" if near else f"the prices are {', '.join(codes)}"
            raise BadPrice(f"{path}.on[{place}]", f"no price has the code {code!r}", fix)
    if discount.kind != "units":
        return
    rated = [p.code for p in prices if isinstance(p, UsagePrice) and isinstance(p.model, _BY_UNITS)]
    for place, code in enumerate(discount.on):
        if code not in rated:
            fix = f"name one of {', '.join(rated)}" if rated else "take a percentage or an amount"
            raise BadPrice(f"{path}.on[{place}]", f"{code!r} is not rated on units", fix)
    meant = discount.on or tuple(rated)
    if len(meant) != 1:
        problem = f"free units are those of one price, and {len(meant)} are meant"
        fix = "name the one price whose units are free"
        raise BadPrice(f"{path}.on", problem, fix)


def _codes(data: Mapping[str, Any], path: str) -> tuple[str, ...]:
    value: object = data.get("on", ())
    if not isinstance(value, list | tuple):
        raise BadPrice(f"{path}.on", f"{value!r} is no list", "list the codes of prices")
    listed = cast(Sequence[object], value)
    codes = tuple(code for code in listed if isinstance(code, str) and code.strip())
    if len(codes) != len(listed):
        raise BadPrice(f"{path}.on", f"{value!r} names no prices", "list the codes of prices")
    if len(set(codes)) != len(codes):
        raise BadPrice(f"{path}.on", "a price is named twice", "name each once")
    return codes


def _trial(data: Mapping[str, Any], path: str) -> Trial:
    refuse_unknown(data, ("days", "usage"), path)
    usage = choice_of(data, "usage", ("free", "charged"), path, default="charged")
    return Trial(count_of(data, "days", path, at_least=1), cast(Literal["free", "charged"], usage))


def _children(data: Mapping[str, Any], offering_id: str, path: str) -> tuple[Child, ...]:
    found: list[Child] = []
    for place, entry in enumerate(list_of(data, "children", path)):
        here = f"{path}.children[{place}]"
        refuse_unknown(entry, ("offering_id", "quantity"), here)
        child = text_of(entry, "offering_id", here)
        if child == offering_id:
            raise BadPrice(f"{here}.offering_id", "it is the bundle itself", "name another one")
        if any(child == other.offering_id for other in found):
            fix = "write it once, with its quantity"
            raise BadPrice(f"{here}.offering_id", f"{child!r} is there twice", fix)
        quantity = count_of(entry, "quantity", here, at_least=1) if "quantity" in entry else 1
        found.append(Child(child, quantity))
    return tuple(found)

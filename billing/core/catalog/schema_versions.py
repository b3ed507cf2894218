"""The published schema of a price version: prices sold together, and what is promised besides."""

from collections.abc import Mapping
from typing import Any

from billing.core.catalog.fields import (
    currency_of,
    day_of,
    list_of,
    object_from,
    refuse_unknown,
    text_of,
)
from billing.core.catalog.offer_schema import OFFER_FIELDS, offer_from, offer_to_dict
from billing.core.catalog.offers import PriceVersion, check_prices
from billing.core.catalog.prices import BadPrice
from billing.core.catalog.schema import price_from, price_to_dict
from billing.core.catalog.schema_windows import windows_from

_VERSION_FIELDS = (
    *("offering_id", "version", "valid_from", "name", "currency", "prices", "windows"),
    *OFFER_FIELDS,
)


def price_version_from(data: Mapping[str, Any], path: str = "version") -> PriceVersion:
    """Read {"offering_id", "version", "valid_from", "name", "currency", "prices": [...]}.

    A price that names no currency has that of its version, and may name the version's windows.
    """
    data = object_from(data, path)
    refuse_unknown(data, _VERSION_FIELDS, path)
    currency = currency_of(data, path)
    windows = windows_from(data, path)
    number: object = data.get("version", 1)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise BadPrice(f"{path}.version", f"{number!r} is no version", "count from 1")
    listed = list_of(data, "prices", path)
    prices = tuple(
        price_from({"currency": currency, **entry}, f"{path}.prices[{place}]", windows)
        for place, entry in enumerate(listed)
    )
    check_prices(prices, currency, f"{path}.prices")
    offering_id = text_of(data, "offering_id", path)
    offer = offer_from(data, offering_id, prices, currency, path)
    return PriceVersion(
        offering_id=offering_id,
        version=number,
        valid_from=day_of(data, "valid_from", path),
        name=text_of(data, "name", path),
        currency=currency,
        prices=prices,
        discounts=offer.discounts,
        contract=offer.contract,
        trial=offer.trial,
        children=offer.children,
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
        **offer_to_dict(version),
    }

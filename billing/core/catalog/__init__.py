"""Catalogue: what is sold. Values in prices.py, the published schema of a price in schema.py."""

from billing.core.catalog.prices import (
    OCTETS,
    BadPrice,
    Direction,
    Graduated,
    NoPriceOn,
    Offering,
    Package,
    Price,
    PriceVersion,
    RecurringPrice,
    Tier,
    Unit,
    UsagePrice,
)
from billing.core.catalog.schema import (
    price_from,
    price_to_dict,
    price_version_from,
    price_version_to_dict,
)

__all__ = [
    "OCTETS",
    "BadPrice",
    "Direction",
    "Graduated",
    "NoPriceOn",
    "Offering",
    "Package",
    "Price",
    "PriceVersion",
    "RecurringPrice",
    "Tier",
    "Unit",
    "UsagePrice",
    "price_from",
    "price_to_dict",
    "price_version_from",
    "price_version_to_dict",
]

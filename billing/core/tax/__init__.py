"""Tax: the dated table of rates (rates.py) and what a document owes at each of them (items.py)."""

from billing.core.tax.items import (
    Taxable,
    TaxItem,
    base_and_tax,
    net_shares,
    tax_item_from,
    tax_item_to_dict,
    taxes,
    with_net,
)
from billing.core.tax.rates import MissingTaxPlace, NoTaxRate, TaxRate, percent_text, rate_for

__all__ = [
    "MissingTaxPlace",
    "NoTaxRate",
    "TaxItem",
    "TaxRate",
    "Taxable",
    "base_and_tax",
    "net_shares",
    "percent_text",
    "rate_for",
    "tax_item_from",
    "tax_item_to_dict",
    "taxes",
    "with_net",
]

"""Configuration: isp.toml and plans.toml read once, each error with its path and its fix.

isp.toml describes one internet service provider; plans.toml is the catalogue that a new deployment
imports as price versions. Both travel at the import root, in the function bundles too.
sections.py says what may stand in isp.toml; load.py reads both files.
"""

from billing.config.load import ROOT, BadConfig, load_isp, load_plans
from billing.config.sections import (
    Address,
    BrandingSection,
    CyclesSection,
    Isp,
    IspSection,
    MailSection,
    Nas,
    PaymentsSection,
    Seller,
    Tax,
    UnknownSeller,
    UsageSection,
)

__all__ = [
    "ROOT",
    "Address",
    "BadConfig",
    "BrandingSection",
    "CyclesSection",
    "Isp",
    "IspSection",
    "MailSection",
    "Nas",
    "PaymentsSection",
    "Seller",
    "Tax",
    "UnknownSeller",
    "UsageSection",
    "load_isp",
    "load_plans",
]

"""Explaining discounts."""

from collections.abc import Mapping

from billing.core.explaining.rule import Rule

DISCOUNT_RULES: Mapping[str, Rule] = {}

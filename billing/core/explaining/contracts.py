"""Explaining contracts."""

from collections.abc import Mapping

from billing.core.explaining.rule import Rule

CONTRACT_RULES: Mapping[str, Rule] = {}

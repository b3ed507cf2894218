"""Explaining: a charge in words and figures, from its facts, only when somebody asks.

Each family of rules has a file that knows how to say and to recompute its charges; explanation.py
finds the rule of a charge and renders what it says.
"""

from billing.core.explaining.explanation import (
    RULES,
    Explanation,
    UnknownRule,
    explain,
    recomputed,
    rendered,
)

__all__ = ["RULES", "Explanation", "UnknownRule", "explain", "recomputed", "rendered"]

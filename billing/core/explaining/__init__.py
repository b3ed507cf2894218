"""Explaining: a charge in words and figures, from its facts, only when somebody asks."""

"""Tariffs as they are published, and cases of the same kinds, that read like their bills."""

"""Allowances: which bucket pays what, hour by hour, and what is left."""

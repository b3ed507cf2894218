"""Subscriptions: begin them, change them, end them, and say before what it will cost.

held.py     what an operation sees: the subscription, what hangs from it, the instant it is about
deeds.py    an operation decided: previewed, or saved in one transaction with all that it voids
begin.py    a plan, a bundle with its parts, an add-on
changes.py  what happens to a subscription that runs: one function for each operation
rises.py    a dated rise for everybody on some versions of an offering
meters.py   which bucket of an allowance has how much left, and which paid hour by hour
"""

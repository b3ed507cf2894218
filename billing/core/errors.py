"""The root of every refusal Demarc makes on purpose."""


class BillingError(Exception):
    """A fact that forbids what was asked. Its text is for people: the field and the fix."""

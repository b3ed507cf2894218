"""What is on sale, and new versions of it."""

from collections.abc import Mapping
from typing import Any

from billing.core.catalog import Offering, PriceVersion
from functions.portal_api.operation import Operation


def offerings() -> tuple[Offering, ...]:
    raise NotImplementedError


def offering(offering_id: str) -> Offering:
    raise NotImplementedError


def add_version(op: Operation, offering_id: str, version: Mapping[str, Any]) -> PriceVersion:
    """The next price version, in the published schema. BadPrice names the field and the fix."""
    raise NotImplementedError

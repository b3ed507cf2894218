"""What is on sale, and new versions of it."""

from collections.abc import Mapping
from typing import Any

from billing.core.catalog import Offering, PriceVersion, price_version_from
from billing.store import catalog
from billing.store.timeline import Event
from billing.store.transactions import commit
from functions.portal_api.operation import Operation


def offerings() -> tuple[Offering, ...]:
    """The whole catalogue, by offering id."""
    return tuple(catalog.list_offerings())


def offering(offering_id: str) -> Offering:
    """One offering with all its versions. Raises OfferingNotFound."""
    return catalog.load_offering(offering_id)


def add_version(op: Operation, offering_id: str, version: Mapping[str, Any]) -> PriceVersion:
    """The next price version, in the published schema. BadPrice names the field and the fix.

    The version's number is part of the request, so the same request again is the same version.
    """
    new = price_version_from({**version, "offering_id": offering_id})
    text = f"{new.name}: version {new.version}, valid from {new.valid_from}"
    event = Event("offering.version-added", op.actor, offering_id, text, op.at)
    catalog.put_price_version(new, event)
    commit(op.keep(new))
    return new

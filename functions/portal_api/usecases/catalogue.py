"""What is on sale, and new versions of it."""

from collections.abc import Iterable, Mapping, Sequence
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
    _add(op, new)
    commit(op.keep(new))
    return new


def missing(plans: Iterable[Offering]) -> tuple[PriceVersion, ...]:
    """The versions of plans.toml that the catalogue does not have, in the order to add them.

    What it has under the same number stays as it is, whatever the file says now: a version is never
    edited.
    """
    known = {version.ref for one in offerings() for version in one.versions}
    return tuple(version for one in plans for version in one.versions if version.ref not in known)


def take_over(op: Operation, plans: Sequence[Offering]) -> tuple[PriceVersion, ...]:
    """Add what plans.toml has and the catalogue has not; nothing is changed or removed.

    Each version is added alone: whatever stopped in between is completed by the next try. The
    answer is all that plans.toml names, as it is on sale now, so it is the same every time.
    """
    for version in missing(plans):
        _add(op, version)
    on_sale = catalog.price_versions()
    named = tuple(on_sale(*version.ref) for one in plans for version in one.versions)
    commit(op.keep(named))
    return named


def _add(op: Operation, version: PriceVersion) -> None:
    text = f"{version.name}: version {version.version}, valid from {version.valid_from}"
    event = Event("offering.version-added", op.actor, version.offering_id, text, op.at)
    catalog.put_price_version(version, event)

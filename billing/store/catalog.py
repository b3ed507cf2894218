"""The catalogue: offerings and their price versions, which are put once and never edited."""

import json
from collections.abc import Callable

from billing.core.catalog import (
    Offering,
    PriceVersion,
    price_version_from,
    price_version_to_dict,
)
from billing.core.errors import BillingError
from billing.store import timeline
from billing.store.rows import body_of, find, of_prefix
from billing.store.tables import (
    AccountRow,
    offering_key,
    offers_index,
    price_version_key,
)
from billing.store.timeline import Event
from billing.store.transactions import commit, put_new, put_same

PriceOf = Callable[[str, int], PriceVersion]


class OfferingNotFound(BillingError):
    """There is no such offering."""

    def __init__(self, offering_id: str) -> None:
        super().__init__(f"offering {offering_id} was not found; list the offerings to see the ids")
        self.offering_id = offering_id


class PriceVersionNotFound(BillingError):
    """The offering has no such version."""

    def __init__(self, offering_id: str, version: int) -> None:
        super().__init__(f"offering {offering_id} has no version {version}; see its versions")
        self.offering_id, self.version = offering_id, version


class NotTheNextVersion(BillingError):
    """Versions of a price are 1, 2, 3, …: none is skipped."""

    def __init__(self, offering_id: str, version: int) -> None:
        super().__init__(
            f"version {version} of {offering_id} has no version {version - 1} before it:"
            " number it as the next one"
        )
        self.offering_id, self.version = offering_id, version


def put_price_version(version: PriceVersion, event: Event) -> bool:
    """Add a version. False: the same was put before. Other content under its number: EntryConflict.

    The offering appears with its first version; its name is that of the latest.
    """
    before = price_version_key(version.offering_id, version.version - 1)
    if version.version > 1 and find(before) is None:
        raise NotTheNextVersion(version.offering_id, version.version)
    row = AccountRow(*price_version_key(version.offering_id, version.version))
    row.body = json.dumps(price_version_to_dict(version), sort_keys=True)
    offering = AccountRow(*offering_key(version.offering_id))
    offering.gsi1pk, offering.gsi1sk = offers_index(version.offering_id)
    return commit([put_new(row), put_same(offering), timeline.put_of(None, event)])


def load_offering(offering_id: str) -> Offering:
    """One offering with all its versions, oldest first."""
    rows = AccountRow.query(offering_key(offering_id)[0], consistent_read=True)
    versions = tuple(_version(row) for row in of_prefix(rows, "V#"))
    if not versions:
        raise OfferingNotFound(offering_id)
    return Offering(offering_id, versions[-1].name, versions)


def list_offerings() -> list[Offering]:
    """The whole catalogue, by offering id."""
    candidates = AccountRow.gsi1.query("OFFERS")
    return [load_offering(row.gsi1sk) for row in candidates]


def load_price_version(offering_id: str, version: int) -> PriceVersion:
    """One version. PriceVersionNotFound when there is none."""
    row = find(price_version_key(offering_id, version))
    if row is None:
        raise PriceVersionNotFound(offering_id, version)
    return _version(row)


def price_versions() -> PriceOf:
    """A resolver of price references that reads each version once. Make one for each request."""
    known: dict[tuple[str, int], PriceVersion] = {}

    def price_of(offering_id: str, version: int) -> PriceVersion:
        if (offering_id, version) not in known:
            known[offering_id, version] = load_price_version(offering_id, version)
        return known[offering_id, version]

    return price_of


def _version(row: AccountRow) -> PriceVersion:
    return price_version_from(body_of(row))

"""Prices are versions: put once, never edited."""

import pytest

from billing.store import catalog
from billing.store.catalog import NotTheNextVersion, OfferingNotFound, PriceVersionNotFound
from billing.store.transactions import EntryConflict
from tests.examples import event, fibre


def test_a_catalogue_imported_twice_is_the_same_catalogue(tables):
    assert catalog.put_price_version(fibre(), event())
    assert not catalog.put_price_version(fibre(), event())

    assert [one.name for one in catalog.list_offerings()] == ["Fibre 250"]


def test_a_published_price_is_never_edited(tables):
    catalog.put_price_version(fibre(amount="30.00"), event())

    with pytest.raises(EntryConflict):
        catalog.put_price_version(fibre(amount="31.00"), event())
    assert catalog.load_price_version("ofr_fibre250", 1) == fibre(amount="30.00")


def test_a_new_price_is_the_next_version(tables):
    catalog.put_price_version(fibre(), event())
    catalog.put_price_version(fibre(2, "32.00", "2026-10-01"), event())

    offering = catalog.load_offering("ofr_fibre250")
    assert [version.version for version in offering.versions] == [1, 2]
    with pytest.raises(NotTheNextVersion, match="has no version 3 before it"):
        catalog.put_price_version(fibre(4), event())


def test_a_missing_offering_or_version_is_named(tables):
    with pytest.raises(OfferingNotFound, match="ofr_none"):
        catalog.load_offering("ofr_none")
    with pytest.raises(PriceVersionNotFound, match="ofr_none has no version 3"):
        catalog.price_versions()("ofr_none", 3)

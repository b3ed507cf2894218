"""Staff who write at once: two edits of one account."""

import pytest

from billing.store import account_rows, accounts
from billing.store.access import EVERY_ACCOUNT
from billing.store.transactions import put_same
from tests.functions.bill_cycle.world import new_customer
from tests.pairs.conftest import Explore, Find
from tests.pairs.explorer import Pair
from tests.pairs.house import House, Results, all_of, errors


@pytest.fixture
def ada(house: House) -> str:
    return new_customer("Ada")


def edits(house: House, name: str, language: str):
    """Somebody sets the language of Ada's bills, having seen version 1."""

    def handler() -> int:
        wanted, path = {"language": language}, "/v1/accounts/acc_ada"
        return house.staff("PATCH", path, wanted, name=name, if_match='"1"').status

    return handler


WANTED = {"mira": "de", "noor": "fr"}


def one_is_told(results: Results) -> list[str]:
    """One edit is kept, once. Whoever was told 200 finds it there; the other one was told 412, and
    so is a browser that never heard the first answer and asks again."""
    stored = accounts.load_account("acc_ada", EVERY_ACCOUNT)
    won = [name for name, status in results.items() if status == 200]
    told = set(results.values()) <= {200, 409, 412} and len(won) <= 1
    kept = stored.version == 2 and stored.language in ([WANTED[one] for one in won] or ["de", "fr"])
    return [] if told and kept else [f"told was {results}, stored is {stored.language}"]


def edit_and_edit(house: House) -> Pair:
    both = {name: edits(house, name, to) for name, to in WANTED.items()}
    return Pair("edit/edit", house, both, all_of(errors, one_is_told))


def test_of_two_edits_one_is_kept_and_the_other_one_told(house: House, ada: str, explored: Explore):
    assert explored(edit_and_edit(house)).trouble == ""


@pytest.mark.long
def test_an_edit_saved_without_its_version_would_be_found(
    house: House, ada: str, finds: Find, monkeypatch
):
    def blindly(account):
        return put_same(put(account).row)

    put = account_rows.head_put
    monkeypatch.setattr(account_rows, "head_put", blindly)

    told, *order = finds(edit_and_edit(house)).splitlines()

    assert "'mira': 200" in told
    assert "'noor': 200" in told
    assert [one.split()[0] for one in order[1:]].count("noor") == 5

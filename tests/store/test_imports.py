"""A killed import, sent again, completes: it makes the same customers under the same ids."""

from dataclasses import replace

import pytest

from billing.store import accounts, imports
from billing.store.imports import Import, ImportNotFound, import_id
from tests.examples import at, customer, event

DIGEST = "0123456789abcdef" * 4


def opened(when: str) -> Import:
    new = Import(import_id(DIGEST), DIGEST, 3, at(when), "staff:mira")
    return imports.open_import(new, event("import.opened", new.id, when))


def save_rows(one: Import, rows: int) -> list[bool]:
    made = []
    for n in range(1, rows + 1):
        ada = customer(f"Customer {n}", n, f"OLD-{n}")
        account = replace(ada["account"], id=one.id_of("acc", f"OLD-{n}"))
        plain = {**ada, "account": account, "services": (), "subscriptions": (), "identities": ()}
        made.append(accounts.save_new_customer(**plain))
    return made


def test_the_same_file_sent_again_takes_over_the_first_instant(tables):
    first, again = opened("2026-11-01 10:00"), opened("2026-11-02 10:00")

    assert again == first
    assert again.id_of("acc", "OLD-1") == first.id_of("acc", "OLD-1")


def test_an_import_killed_after_two_rows_completes_when_it_is_sent_again(tables):
    save_rows(opened("2026-11-01 10:00"), 2)

    assert save_rows(opened("2026-11-01 10:05"), 3) == [False, False, True]
    assert len(accounts.due_accounts(1)) == 3


def test_a_finished_import_says_so_once(tables):
    one = opened("2026-11-01 10:00")
    done = imports.save_done(one, 3, event("import.done", one.id))

    assert (done.state, done.made) == ("done", 3)
    assert imports.save_done(one, 3, event("import.done", one.id)) == done
    assert imports.load_import(one.id) == done


def test_an_import_that_is_not_there_is_named(tables):
    with pytest.raises(ImportNotFound, match="imp_none"):
        imports.load_import("imp_none")

"""A customer is saved whole or not at all, edited under versions, and seen only by its owner."""

from dataclasses import replace

import pytest

from billing.core.party import IdentityAlreadyAssigned, IdentityAssignment
from billing.core.period import Span
from billing.core.subscription import change_plan, end
from billing.store import account_rows, accounts, assignments, catalog, customers, logins, timeline
from billing.store.access import EVERY_ACCOUNT, AccountNotFound, only
from billing.store.accounts import ExternalIdTaken, FixedForEver
from billing.store.logins import Login
from billing.store.transactions import EditConflict, commit
from tests.examples import at, customer, eur, event, fibre
from tests.faults import calls_of, deaths, killed


@pytest.fixture
def ada(tables):
    """A customer on Fibre 250."""
    catalog.put_price_version(fibre(), event("offering.added"))
    accounts.save_new_customer(**customer())


def test_a_new_customer_is_found_whole(ada):
    found = customers.load_customer("acc_1", EVERY_ACCOUNT)

    assert found.subject.name == "Ada Lindqvist"
    assert [service.name for service in found.services] == ["Home"]
    assert found.subscriptions[0].current.price.name == "Fibre 250"
    assert [one.identity for one in found.identities_of("svc_1")] == ["user:ada1"]
    assert (found.balance, found.credit, found.open_items) == (eur("0.00"), eur("0.00"), ())


def test_saving_the_same_customer_again_is_a_result(ada):
    assert not accounts.save_new_customer(**customer())
    assert len(timeline.list_events("acc_1", EVERY_ACCOUNT).items) == 1


def test_a_repeated_import_finds_its_customer_even_after_edits(tables):
    accounts.save_new_customer(**customer(external_id="OLD-7"))
    account = accounts.load_account("acc_1", EVERY_ACCOUNT)
    accounts.save_account(replace(account, language="en"), event("account.changed"))
    assignments.save_closed(
        "user:ada1", "acc_1", "svc_1", at("2026-10-01 00:00"), event("identity.closed")
    )

    assert not accounts.save_new_customer(**customer(external_id="OLD-7"))
    assert accounts.load_account("acc_1", EVERY_ACCOUNT).language == "en"


def test_an_external_id_belongs_to_one_account_for_ever(tables):
    accounts.save_new_customer(**customer(external_id="OLD-7"))

    with pytest.raises(ExternalIdTaken, match="'OLD-7' belongs to another account"):
        accounts.save_new_customer(**customer(n=2, external_id="OLD-7"))
    assert accounts.find_external("account", "OLD-7") == "acc_1"
    with pytest.raises(AccountNotFound):
        accounts.load_account("acc_2", EVERY_ACCOUNT)


def test_a_customer_whose_identity_is_taken_is_not_saved_at_all(ada):
    span = Span(at("2026-10-01 00:00"), None)
    taken = IdentityAssignment("user:ada1", "svc_2", "acc_2", span)

    with pytest.raises(IdentityAlreadyAssigned):
        accounts.save_new_customer(**{**customer(n=2), "identities": (taken,)})
    with pytest.raises(AccountNotFound):
        accounts.load_account("acc_2", EVERY_ACCOUNT)


def save_ada() -> bool:
    return accounts.save_new_customer(**customer(external_id="OLD-7"))


def test_a_new_customer_with_one_identity_is_three_calls(tables):
    assert calls_of(save_ada) == 3  # marker, identity, transaction


@pytest.mark.parametrize(("call", "when"), deaths(3))
def test_killed_anywhere_and_started_again_a_customer_is_saved_once(tables, call, when):
    assert killed(save_ada, call, when)
    save_ada()

    assert accounts.load_account("acc_1", EVERY_ACCOUNT).version == 1
    assert len(assignments.who_has("user:ada1")) == 1
    assert len(timeline.list_events("acc_1", EVERY_ACCOUNT).items) == 1


def test_two_editors_of_one_account_do_not_overwrite_each_other(ada):
    read = accounts.load_account("acc_1", EVERY_ACCOUNT)
    accounts.save_account(replace(read, language="en"), event("account.changed", "en"))

    with pytest.raises(EditConflict, match="account acc_1 was changed since you read it"):
        accounts.save_account(replace(read, language="fr"), event("account.changed", "fr"))
    assert accounts.load_account("acc_1", EVERY_ACCOUNT).language == "en"


def test_an_edit_returns_the_next_version_so_that_it_can_be_edited_again(ada):
    read = accounts.load_account("acc_1", EVERY_ACCOUNT)
    once = accounts.save_account(replace(read, language="en"), event("account.changed", "en"))
    twice = accounts.save_account(replace(once, language="fr"), event("account.changed", "fr"))

    assert twice.version == read.version + 2 == 3


def test_the_currency_of_an_account_is_for_ever(ada):
    read = accounts.load_account("acc_1", EVERY_ACCOUNT)

    with pytest.raises(FixedForEver, match="currency: never changes"):
        accounts.save_account(replace(read, currency="USD"), event("account.changed"))


def test_a_changed_plan_is_read_with_the_prices_it_names(ada):
    catalog.put_price_version(fibre(2, "40.00"), event("price.added"))
    read = customers.load_customer("acc_1", EVERY_ACCOUNT).subscriptions[0]
    changed = change_plan(read, fibre(2, "40.00"), at("2026-10-11 22:00"))
    accounts.save_subscription(changed, event("plan.changed", read.id))

    prices = catalog.price_versions()
    stored = accounts.load_subscription("acc_1", "sub_1", EVERY_ACCOUNT, prices)
    assert [segment.price.version for segment in stored.segments] == [1, 2]


def test_a_renamed_customer_is_listed_under_the_new_name_only(ada):
    subject = accounts.load_subject("pty_1")
    commit([account_rows.subject_put(replace(subject, name="Ada Berg"))])

    assert [one.name for one in customers.list_customers("ada b").items] == ["Ada Berg"]
    assert customers.list_customers("ada l").items == ()


@pytest.mark.parametrize("search", ["acc_1", "OLD-7", "ADA", "ada lind", ""])
def test_staff_finds_a_customer_by_account_external_id_or_how_the_name_begins(tables, search):
    catalog.put_price_version(fibre(), event("offering.added"))
    accounts.save_new_customer(**customer(external_id="OLD-7"))

    (found,) = customers.list_customers(search).items
    assert found.name == "Ada Lindqvist"
    assert found.accounts[0].account.id == "acc_1"


def test_a_long_list_comes_in_pages(tables):
    catalog.put_price_version(fibre(), event("offering.added"))
    for n in range(1, 4):
        accounts.save_new_customer(**customer(f"Customer {n}", n))

    first = customers.list_customers(limit=2)
    second = customers.list_customers(limit=2, cursor=first.cursor)
    names = [one.name for one in (*first.items, *second.items)]
    assert names == ["Customer 1", "Customer 2", "Customer 3"]


def test_accounts_are_due_on_their_anchor_until_they_are_closed(ada):
    assert accounts.due_accounts(1) == ["acc_1"]
    assert accounts.due_accounts(2) == []

    read = accounts.load_account("acc_1", EVERY_ACCOUNT)
    accounts.save_account(replace(read, state="closed"), event("account.closed"))
    assert accounts.due_accounts(1) == []


def test_a_customer_never_sees_the_account_of_another(ada):
    accounts.save_new_customer(**customer("Eve", 2))
    eve = only(["acc_2"])

    for look in (
        lambda: accounts.load_account("acc_1", eve),
        lambda: customers.load_customer("acc_1", eve),
        lambda: accounts.load_service("acc_1", "svc_1", eve),
        lambda: timeline.list_events("acc_1", eve),
    ):
        with pytest.raises(AccountNotFound, match="account acc_1 was not found"):
            look()


def test_what_is_not_the_callers_and_what_does_not_exist_look_the_same(ada):
    with pytest.raises(AccountNotFound) as not_ours:
        accounts.load_account("acc_1", only(["acc_2"]))
    with pytest.raises(AccountNotFound) as missing:
        accounts.load_account("acc_9", EVERY_ACCOUNT)

    assert str(not_ours.value).replace("acc_1", "") == str(missing.value).replace("acc_9", "")


def test_every_edit_is_told_on_the_timeline_with_its_actor(ada):
    read = accounts.load_account("acc_1", EVERY_ACCOUNT)
    accounts.save_account(replace(read, language="en"), event("account.changed", "acc_1"))

    events = timeline.list_events("acc_1", EVERY_ACCOUNT).items
    assert [(one.kind, one.actor) for one in events] == [
        ("account.changed", "staff:mira"),
        ("account.opened", "staff:mira"),
    ]


def test_a_login_sees_its_accounts(tables):
    logins.save_login(Login("sub-1", ("acc_1",)), "acc_1", event("login.added"))

    assert logins.load_login("sub-1") == Login("sub-1", ("acc_1",), version=1)
    assert logins.load_login("sub-2") is None
    assert [one.subject for one in logins.logins_of("acc_1")] == ["sub-1"]
    assert logins.logins_of("acc_2") == []


def test_a_name_that_a_service_had_and_has_again_is_two_spans_of_one_row(tables):
    spans = (
        Span(at("2026-09-01 00:00"), at("2026-09-10 00:00")),
        Span(at("2026-09-20 00:00"), None),
    )
    twice = tuple(IdentityAssignment("user:ada1", "svc_1", "acc_1", span) for span in spans)
    accounts.save_new_customer(**{**customer(), "identities": twice})

    assert assignments.who_has("user:ada1") == twice


def test_who_holds_an_offering_is_listed_until_it_has_an_end(ada):
    catalog.put_price_version(replace(fibre(), offering_id="off_500"), event("offering.new"))
    prices = catalog.price_versions()
    read = customers.load_customer("acc_1", EVERY_ACCOUNT).subscriptions[0]
    first, other = read.current.price.offering_id, prices("off_500", 1)

    assert [one.id for one in accounts.list_held(first, prices).items] == ["sub_1"]

    changed = change_plan(read, other, at("2026-11-16 00:00"))
    changed = accounts.save_subscription(changed, event("plan.changed", read.id))
    assert accounts.list_held(first, prices).items == ()
    assert accounts.list_held("off_500", prices).items == (changed,)

    accounts.save_subscription(end(changed, at("2026-12-01 00:00")), event("ended", read.id))
    assert accounts.list_held("off_500", prices).items == ()


def test_subscriptions_that_end_together_are_saved_together_or_not_at_all(ada):
    prices = catalog.price_versions()
    read = customers.load_customer("acc_1", EVERY_ACCOUNT).subscriptions[0]
    part = replace(read, id="sub_2", version=0, parent_id="sub_1")
    accounts.save_subscription(part, event("begun", "sub_2"))

    ended = [end(one, at("2026-12-01 00:00")) for one in (read, part)]
    with pytest.raises(EditConflict):  # the part was saved meanwhile: it is at version 1
        accounts.save_subscriptions(ended, event("ended", "sub_1"))
    stored = accounts.load_subscription("acc_1", "sub_1", EVERY_ACCOUNT, prices)
    assert stored.ended is None

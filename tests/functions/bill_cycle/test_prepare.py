"""*prepare*: from what is stored to a review, any number of times."""

import pytest

from billing.adapters import documents
from billing.core.money import Money
from billing.store import invoices, runs, timeline
from billing.store.transactions import commit
from functions.bill_cycle import compare, draft_partition, open_run
from functions.bill_cycle.open_run import (
    NothingToSupplement,
    PeriodStillRuns,
)
from tests.functions.bill_cycle.world import (
    OCTOBER,
    STAFF,
    Context,
    approve,
    at,
    change_plan_of,
    downloaded,
    issue,
    issued_to,
    new_customer,
    prepare,
    prepare_again,
    set_tax_country,
    whole_cycle,
)

pytestmark = pytest.mark.usefixtures("isp")


def test_three_customers_are_drafted_and_wait_for_review():
    ada, ben, cara = new_customer("Ada", "fibre-100"), new_customer("Ben"), new_customer("Cara")
    downloaded(ada, 1100)

    review = prepare()

    run = runs.load_run(review["run"])
    drafts = {one.account_id: one for one in invoices.list_drafts(run.id, 1)}
    assert (review["state"], review["drafts"], review["parked"]) == ("review", 3, 0)
    assert sorted(drafts) == sorted([ada, ben, cara])
    # October in arrears and November in advance, each 45.00 net.
    assert drafts[ben].net == Money.parse("90.00", "EUR")
    # 500 GB are free, the next 500 cost 0.05, the last 100 cost 0.02.
    assert [line.amount for line in drafts[ada].lines if line.kind == "usage"] == [
        Money.parse("27.00", "EUR")
    ]


def test_a_partition_holds_as_many_accounts_as_the_isp_says():
    for name in ("Ada", "Ben", "Cara", "Dan", "Eve"):
        new_customer(name)

    plan = open_run.lambda_handler(OCTOBER, Context())

    partitions = documents.get_list(plan["partitions"])
    assert plan["accounts"] == 5
    assert [len(one["accounts"]) for one in partitions] == [2, 2, 1]
    assert {one["run"] for one in partitions} == {plan["run"]}


def test_only_what_is_not_drafted_yet_is_planned_again():
    for name in ("Ada", "Ben", "Cara"):
        new_customer(name)
    first = documents.get_list(open_run.lambda_handler(OCTOBER, Context())["partitions"])
    draft_partition.lambda_handler(first[0], Context())

    again = documents.get_list(open_run.lambda_handler(OCTOBER, Context())["partitions"])

    assert [one["accounts"] for one in again] == [["acc_cara"]]


def test_a_cycle_without_accounts_is_a_run_without_bills():
    review = prepare()

    assert (review["state"], review["drafts"], review["parked"]) == ("review", 0, 0)


def test_an_account_that_cannot_be_billed_is_parked_with_a_sentence_and_the_run_goes_on():
    new_customer("Ada")
    new_customer("Cara", country="")

    review = prepare()

    (parked,) = runs.list_parked(review["run"], 1)
    assert (review["drafts"], review["parked"]) == (1, 1)
    assert (parked.account_id, parked.reason) == ("acc_cara", "MissingTaxPlace")
    assert "set the tax country" in parked.text


def test_an_account_with_nothing_to_bill_has_no_draft():
    new_customer("Ada")
    new_customer("Late", since="2026-12-05")

    review = prepare()

    assert (review["drafts"], review["parked"]) == (1, 0)


def test_an_account_of_another_cycle_is_not_billed():
    new_customer("Ada", anchor=15)

    assert prepare()["drafts"] == 0


def test_prepared_again_in_review_is_the_next_revision_with_the_same_bills():
    new_customer("Ada")

    first, second = prepare(), prepare_again()

    assert (first["run"], first["revision"]) == (second["run"], 1)
    assert second["revision"] == 2
    one, two = (invoices.load_draft(first["run"], revision, "acc_ada") for revision in (1, 2))
    assert (one.id, one.lines, one.total) == (two.id, two.lines, two.total)


def test_a_mistake_seen_in_review_is_mended_and_prepared_again():
    new_customer("Ada")
    new_customer("Cara", country="")
    before = prepare()
    set_tax_country("acc_cara", "IE")

    after = prepare_again()

    assert (before["drafts"], before["parked"]) == (1, 1)
    assert (after["drafts"], after["parked"]) == (2, 0)
    assert after["digest"] != before["digest"]


def test_an_approval_names_what_was_seen_and_refuses_another():
    new_customer("Ada")
    seen = prepare()
    prepare_again()

    with pytest.raises(runs.DigestChanged, match="look at the review again"):
        approve(seen)


def test_a_period_that_still_runs_is_not_billed():
    with pytest.raises(PeriodStillRuns, match="2026-11-01 ends on 2026-12-01"):
        open_run.lambda_handler(
            {**OCTOBER, "cycle": {"anchor": 1, "period": "2026-11-01"}}, Context()
        )


def test_an_execution_that_comes_after_the_approval_ends_quietly_and_changes_nothing():
    new_customer("Ada")
    review = prepare()
    approve(review)
    new_customer("Ben")

    late = prepare()

    assert late == {**review, "state": "approved"}
    assert [one.account_id for one in invoices.list_drafts(review["run"], 1)] == ["acc_ada"]


def test_an_execution_that_comes_when_the_run_is_in_review_joins_that_review():
    new_customer("Ada")
    review = prepare()
    new_customer("Ben")

    assert prepare() == review


def test_a_late_partition_of_a_run_in_review_writes_nothing():
    new_customer("Ada")
    plan = open_run.lambda_handler(OCTOBER, Context())
    review = prepare()
    (late,) = documents.get_list(plan["partitions"])

    assert draft_partition.lambda_handler(late, Context())["drafts"] == 0
    assert runs.load_run(review["run"]).digest == review["digest"]


def test_an_execution_whose_revision_was_left_meanwhile_ends_as_superseded():
    new_customer("Ada")
    plan = open_run.lambda_handler(OCTOBER, Context())
    run = runs.load_run(plan["run"])
    commit(runs.void_puts(run, STAFF, "dated before", at("2026-11-02 10:00")))

    for item in documents.get_list(plan["partitions"]):
        draft_partition.lambda_handler(item, Context())
    ended = compare.lambda_handler(plan, Context())

    assert (ended["state"], ended["revision"]) == ("superseded", 2)
    assert list(invoices.list_drafts(plan["run"], 2)) == []
    assert prepare()["state"] == "review"


def test_the_review_names_who_is_new_who_is_gone_and_why_a_bill_changed():
    new_customer("Ada")
    new_customer("Ben")
    new_customer("Cara", country="")
    september = {**OCTOBER, "cycle": {"anchor": 1, "period": "2026-09-01"}}
    whole_cycle(september)
    new_customer("Dan", "business-1000")
    change_plan_of("acc_ben", "business-1000", "2026-10-11")
    set_tax_country("acc_cara", "IE")

    review = prepare()

    found = {one.account_id: one for one in runs.list_differences(review["run"], 1).items}
    assert {account: one.kind for account, one in found.items()} == {
        "acc_ben": "changed",
        "acc_cara": "new",
        "acc_dan": "new",
    }
    assert [cause.name for cause in found["acc_ben"].causes] == ["plan", "proration"]
    assert runs.load_review(review["run"], 1).differences == {"changed": 1, "new": 2}


def test_a_parked_account_comes_in_a_supplementary_run():
    new_customer("Ada")
    new_customer("Cara", country="")
    whole_cycle()
    set_tax_country("acc_cara", "IE")

    review = prepare({**OCTOBER, "supplementary": True})
    approve(review)
    closed = issue(review)

    assert review["drafts"] == 1
    assert closed["count"] == 1
    (invoice,) = issued_to("acc_cara")
    assert invoice.number == "MF-2026-000002"


def test_a_supplementary_run_can_name_the_run_it_adds_to():
    new_customer("Cara", country="")
    closed = whole_cycle()
    set_tax_country("acc_cara", "IE")

    review = prepare({**OCTOBER, "supplement_of": closed["run"]})

    assert runs.load_run(review["run"]).supplement_of == closed["run"]
    assert review["drafts"] == 1


def test_there_is_nothing_to_supplement_before_the_run_is_approved():
    new_customer("Ada")
    prepare()

    with pytest.raises(NothingToSupplement, match="not approved yet"):
        prepare({**OCTOBER, "supplementary": True})


def test_the_timeline_of_the_isp_tells_who_prepared_what():
    prepare()

    kinds = {(one.kind, one.actor) for one in timeline.list_isp_events().items}
    assert {("bill-run.opened", STAFF), ("bill-run.review", STAFF)} <= kinds

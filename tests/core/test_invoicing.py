"""A document is a function of its facts; review sees what changed and why."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from billing.core.invoicing import (
    Cause,
    Difference,
    Parked,
    canonical,
    compare,
    digest,
    draft_digest,
    from_canonical,
    totals,
    validate,
)
from billing.core.tax import TaxRate, taxes
from tests.examples import SELLER, charge, draft, eur, invoice

PARKED = Parked("acc_9", "MissingTaxPlace", "tax place: the country is missing")


def test_a_bill_adds_up_from_its_lines():
    bill = draft(charge("30.00"), charge("12.50", "usage"))

    assert (bill.net, bill.tax, bill.total) == (eur("42.50"), eur("8.08"), eur("50.58"))
    assert validate(bill) == ()


def test_the_same_facts_give_the_same_bytes():
    assert canonical(draft()) == canonical(draft())
    assert digest(canonical(draft())) != digest(canonical(draft(charge("30.01"))))


def test_a_draft_has_the_same_id_in_every_revision_and_another_in_another_run():
    assert draft(revision=2).id == draft(revision=1).id
    assert draft(run_id="run_2").id != draft().id


def test_documents_come_back_from_their_bytes_as_they_went():
    assert from_canonical(canonical(draft())) == draft()
    assert from_canonical(canonical(invoice())) == invoice()


@pytest.mark.parametrize(
    ("party", "change", "field", "text"),
    [
        ("seller", {"name": ""}, "seller.name", "the seller's name is missing"),
        ("seller", {"vat_id": ""}, "seller.vat_id", "set it in isp.toml"),
        ("buyer", {"name": ""}, "buyer.name", "complete the customer's name"),
        ("buyer", {"address": None}, "buyer.address.street", "billing address"),
    ],
)
def test_a_draft_without_a_mandatory_field_names_the_field_and_the_fix(party, change, field, text):
    bill = draft()
    refusals = validate(replace(bill, **{party: {**getattr(bill, party), **change}}))

    assert refusals[0].field == field
    assert text in refusals[0].text


def test_a_draft_whose_sums_are_wrong_never_gets_a_number():
    bill = replace(draft(), total=eur("35.71"))

    assert [refusal.text for refusal in validate(bill)] == [
        "total: net and tax add up to 35.70 EUR, not 35.71 EUR; draft it again"
    ]


def test_a_draft_whose_tax_is_not_the_rate_of_its_base_never_gets_a_number():
    bill = draft()
    (item,) = bill.taxes
    wrong = replace(
        bill, taxes=(replace(item, amount=eur("5.69")),), tax=eur("5.69"), total=eur("35.69")
    )

    assert [refusal.field for refusal in validate(wrong)] == ["taxes"]


def test_a_document_that_charges_nothing_is_left_out():
    empty = replace(
        draft(), lines=(), taxes=(), net=eur("0.00"), tax=eur("0.00"), total=eur("0.00")
    )

    assert [refusal.field for refusal in validate(empty)] == ["lines"]


def test_a_run_comes_to_the_sum_of_its_drafts():
    (total,) = totals([draft(n=1), draft(charge("10.00", n=2), n=2)])

    assert (total.documents, total.net, total.tax, total.total) == (
        2,
        eur("40.00"),
        eur("7.60"),
        eur("47.60"),
    )


def test_the_digest_names_every_draft_and_who_is_parked_in_any_order():
    one, two = draft(n=1), draft(n=2)

    assert draft_digest([one, two], [PARKED]) == draft_digest([two, one], [PARKED])
    assert draft_digest([one, two], [PARKED]) != draft_digest([one], [PARKED])
    assert draft_digest([one, two], [PARKED]) != draft_digest([one, two], [])


def test_new_and_gone_accounts_are_told_with_their_amounts():
    differences = compare([draft(n=1)], {"acc_2": invoice(n=2)})

    assert differences == [
        Difference("acc_1", "new", None, eur("35.70")),
        Difference("acc_2", "gone", eur("35.70"), None),
    ]


def test_a_bill_that_did_not_change_is_not_worth_a_look():
    assert compare([draft()], {"acc_1": invoice()}) == []


@pytest.mark.parametrize(
    ("before", "after", "causes"),
    [
        ([charge("30.00")], [charge("40.00", version=2)], (Cause("plan", eur("10.00")),)),
        ([charge("30.00")], [charge("20.00")], (Cause("proration", eur("-10.00")),)),
        (
            [charge("30.00")],
            [charge("30.00"), charge("-5.00", "credit")],
            (Cause("proration", eur("-5.00")),),
        ),
        (
            [charge("30.00"), charge("2.00", "usage")],
            [charge("30.00"), charge("9.00", "usage")],
            (Cause("usage", eur("7.00")),),
        ),
        (
            [charge("30.00")],
            [charge("40.00", version=2), charge("50.00", "usage")],
            (Cause("usage", eur("50.00")), Cause("plan", eur("10.00"))),
        ),
        (
            [charge("30.00")],
            [charge("30.00"), charge("-3.00", "discount")],
            (Cause("discount", eur("-3.00")),),
        ),
    ],
)
def test_a_change_names_its_cause(before, after, causes):
    (difference,) = compare([draft(*after)], {"acc_1": invoice(*before)})

    assert difference.kind == "changed"
    assert difference.causes == causes


def test_a_new_tax_rate_is_a_cause_of_its_own():
    bill = draft()
    rates = [TaxRate("DE", "internet", Fraction(21), date(2020, 1, 1))]
    items = taxes(bill.lines, "DE", date(2026, 11, 1), rates)
    after = replace(bill, taxes=items, tax=eur("6.30"), total=eur("36.30"))

    (difference,) = compare([after], {"acc_1": invoice()})
    assert difference.causes == (Cause("tax", eur("0.60")),)


def test_a_seller_is_copied_as_it_was():
    assert draft().seller["name"] == SELLER["name"]

"""A bill outside of a cycle: its number comes from the same series, without gap or clash."""

from dataclasses import replace
from datetime import date

import pytest

from billing.adapters.issuing import CannotBeIssued, OperationDiffers, ad_hoc_invoice
from billing.config import load_isp
from billing.core.charging import Charge
from billing.core.invoicing import Invoice
from billing.core.money import Money
from billing.core.tax import MissingTaxPlace
from billing.store import ledger
from billing.store.access import EVERY_ACCOUNT
from functions.bill_cycle import freeze, number
from functions.bill_cycle.shared import office, token_secret
from functions.runtime import clock
from tests import faults
from tests.examples import entered
from tests.functions.bill_cycle.world import (
    STAFF,
    Context,
    approve,
    everything,
    issue,
    issued_to,
    new_customer,
    outcome,
    pdf_of,
    prepare,
    put_back,
    write_calls,
)

pytestmark = pytest.mark.usefixtures("isp")


def a_visit(account_id: str, amount: str = "80.00") -> Charge:
    key = account_id.removeprefix("acc_")
    return Charge(
        f"sub_{key}",
        f"svc_{key}",
        "visit",
        "recurring",
        "Visit of a technician",
        ("visit", 1),
        (date(2026, 11, 2), date(2026, 11, 3)),
        "1",
        "visit",
        Money.parse(amount, "EUR"),
        "standard",
        f"visit/{account_id}/1",
        entered(Money.parse(amount, "EUR")),
    )


def bill_visit(account_id: str, amount: str = "80.00", operation: str = "visit-1") -> Invoice:
    return ad_hoc_invoice(
        account_id,
        [a_visit(account_id, amount)],
        operation,
        actor=STAFF,
        now=clock(),
        isp=load_isp(),
        office=office(),
        token_secret=token_secret(),
    )


def test_a_single_bill_is_numbered_owed_and_drawn():
    new_customer("Ada")

    invoice = bill_visit("acc_ada")

    assert invoice.number == "MF-2026-000001"
    assert str(ledger.balance("acc_ada", EVERY_ACCOUNT)) == "98.40 EUR"
    assert pdf_of(invoice).startswith(b"%PDF-")


def test_a_bill_between_review_and_issue_takes_its_number_without_gap_or_clash():
    for name in ("Ada", "Ben", "Cara"):
        new_customer(name)
    review = prepare()
    approve(review)

    single = bill_visit("acc_ben")
    issue(review)

    assert single.number == "MF-2026-000001"
    everybody = ("acc_ada", "acc_ben", "acc_cara")
    numbers = [one.number for account in everybody for one in issued_to(account)]
    assert sorted(numbers) == [f"MF-2026-00000{n}" for n in range(1, 5)]


def test_a_bill_between_numbering_and_issuing_takes_the_number_after_the_run():
    for name in ("Ada", "Ben", "Cara"):
        new_customer(name)
    review = prepare()
    approve(review)
    start = {"run": review["run"], "revision": 1, "actor": STAFF}
    number.lambda_handler(freeze.lambda_handler(start, Context()), Context())

    single = bill_visit("acc_ben")
    closed = issue(review)

    assert single.number == "MF-2026-000004"
    assert (closed["state"], closed["count"]) == ("closed", 3)


def test_an_operation_billed_twice_is_one_bill():
    new_customer("Ada")

    assert bill_visit("acc_ada") == bill_visit("acc_ada")
    assert len(issued_to("acc_ada")) == 1


def test_an_operation_cannot_be_billed_with_other_charges_later():
    new_customer("Ada")
    bill_visit("acc_ada", "80.00")

    with pytest.raises(OperationDiffers, match="visit-1 was billed with other charges"):
        bill_visit("acc_ada", "90.00")


def test_a_single_bill_killed_at_any_write_and_asked_for_again_is_the_same():
    new_customer("Ada")
    before = everything()
    places = write_calls(lambda: bill_visit("acc_ada"))
    expected = outcome(["acc_ada"])

    for call in places:
        for when in ("before", "after"):
            put_back(before)
            assert faults.killed(lambda: bill_visit("acc_ada"), call, when)
            bill_visit("acc_ada")
            assert outcome(["acc_ada"]) == expected


def test_what_cannot_be_issued_takes_no_number():
    new_customer("Cara", country="")
    new_customer("Ada")

    with pytest.raises(MissingTaxPlace):
        bill_visit("acc_cara")
    with pytest.raises(CannotBeIssued, match="a line must say what it is for"):
        ad_hoc_invoice(
            "acc_ada",
            [replace(a_visit("acc_ada"), description="")],
            "visit-2",
            actor=STAFF,
            now=clock(),
            isp=load_isp(),
            office=office(),
            token_secret=token_secret(),
        )
    assert bill_visit("acc_ada").number == "MF-2026-000001"

"""A bill that staff write by hand: once for its Idempotency-Key, however often it is sent."""

from datetime import timedelta

import time_machine

from billing.store import invoices
from billing.store.access import EVERY_ACCOUNT
from tests import faults
from tests.functions.portal_api.world import NOW, open_customer

NAMED = {"idempotency-key": "visit-1"}


def visit(account_id: str, amount: str = "80.00") -> dict:
    line = {"text": "Visit of a technician", "amount": {"value": amount, "unit": "EUR"}}
    return {"accountId": account_id, "lines": [line]}


def numbers(account_id: str) -> list[str]:
    return [one.number for one in invoices.list_invoices(account_id, EVERY_ACCOUNT).items]


def calls_of_one(billing, account_id: str) -> int:
    """AWS calls of one bill by a warm function; two are issued, MF-2026-000001 and 2."""
    billing.post("/v1/invoices", visit(account_id, "1.00"))
    return faults.calls_of(lambda: billing.post("/v1/invoices", visit(account_id, "1.00")))


def test_a_bill_sent_twice_at_the_same_time_is_issued_once(billing):
    account = open_customer(billing, "Ada")
    answers = []

    def again() -> None:
        with time_machine.travel(NOW + timedelta(seconds=2), tick=False):
            answers.append(billing.post("/v1/invoices", visit(account), headers=NAMED))

    calls = calls_of_one(billing, account)
    with faults.meanwhile(calls, again):
        answers.append(billing.post("/v1/invoices", visit(account), headers=NAMED))

    assert [one.status for one in answers] == [201, 201]
    assert answers[0].json["number"] == answers[1].json["number"] == "MF-2026-000003"
    assert "MF-2026-000003" in numbers(account)
    assert len(numbers(account)) == 3


def test_a_bill_whose_answer_was_never_kept_is_found_when_it_is_sent_again(billing):
    account = open_customer(billing, "Ada")
    calls = calls_of_one(billing, account)
    assert faults.killed(
        lambda: billing.post("/v1/invoices", visit(account), headers=NAMED), calls, "before"
    )
    assert len(numbers(account)) == 3

    with time_machine.travel(NOW + timedelta(minutes=3), tick=False):
        again = billing.post("/v1/invoices", visit(account), headers=NAMED)

    assert (again.status, again.json["number"]) == (201, "MF-2026-000003")
    assert len(numbers(account)) == 3

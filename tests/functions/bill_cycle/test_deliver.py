"""The outbox: every message at least once, marked when it is gone, kept with its reason if not."""

import email
import email.policy
from types import SimpleNamespace

import pytest
import time_machine
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from billing.adapters import aws, documents
from billing.config import load_isp
from billing.store import outbox
from billing.store.outbox import Message
from billing.store.transactions import commit
from functions.bill_cycle import deliver
from functions.bill_cycle.shared import office
from tests import faults
from tests.functions.bill_cycle.world import (
    BUCKET,
    Context,
    at,
    everything,
    files,
    issued_to,
    new_customer,
    pdf_of,
    put_back,
    whole_cycle,
    write_calls,
)

pytestmark = pytest.mark.usefixtures("isp")
SCHEDULED = {"version": "0", "detail-type": "Scheduled Event", "detail": {}}
LATER = at("2026-11-02 23:00")


def delivered(context: Context | None = None) -> dict:
    return deliver.lambda_handler(dict(SCHEDULED), context or Context())


def sent() -> list:
    return ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages


def copies() -> list[str]:
    return [key for key in files() if key.startswith("mail/")]


def test_bills_are_mailed_with_their_pdf_and_marked():
    new_customer("Ada")
    new_customer("Ben")
    whole_cycle()

    first, second = delivered(), delivered()

    assert (first, second) == ({"sent": 2, "failed": 0}, {"sent": 0, "failed": 0})
    assert outbox.due(LATER) == []
    assert sorted(one.destinations[0] for one in sent()) == ["ada@example.net", "ben@example.net"]
    (invoice,) = issued_to("acc_ada")
    (key,) = [one for one in copies() if invoice.id in one]
    letter = email.message_from_bytes(documents.get(BUCKET, key), policy=email.policy.default)
    (attached,) = letter.iter_attachments()
    assert attached.get_content() == pdf_of(invoice)
    assert f"http://127.0.0.1:8080/pay/{invoice.pay_token}" in letter.get_body().get_content()


@pytest.mark.long
def test_a_delivery_killed_at_any_write_still_sends_the_bill_and_keeps_one_copy():
    new_customer("Ada")
    whole_cycle()
    before = everything()
    places = write_calls(delivered)

    for call in places:
        for when in ("before", "after"):
            put_back(before)
            sent().clear()
            assert faults.killed(delivered, call, when)
            delivered()
            assert outbox.due(LATER) == []
            assert {one.destinations[0] for one in sent()} == {"ada@example.net"}
            assert len(copies()) == 1


def test_a_customer_without_an_address_is_left_for_a_person_and_the_others_get_their_bills():
    new_customer("Ada", email="")
    new_customer("Ben")
    whole_cycle()
    (message,) = [one for one in outbox.due(LATER) if one.account_id == "acc_ada"]

    assert delivered() == {"sent": 1, "failed": 1}

    failed = outbox.load(message.id, message.at)
    assert failed.state == "failed"
    assert "has no email address; add one" in failed.last_error


def test_a_mail_that_was_refused_stays_due_with_its_reason_and_gives_up_in_the_end():
    new_customer("Ada", email="not an address")
    whole_cycle()

    delivered()
    (waiting,) = outbox.due(LATER)
    for _ in range(deliver.ATTEMPTS_MAX):
        delivered()

    assert (waiting.state, waiting.attempts) == ("pending", 1)
    assert "is not an address" in waiting.last_error
    assert outbox.load(waiting.id, waiting.at).state == "failed"
    assert outbox.due(LATER) == []


def test_a_busy_mail_service_costs_nobody_his_bill():
    new_customer("Ada")
    whole_cycle()
    busy = {"Code": "TooManyRequestsException", "Message": "Maximum sending rate exceeded."}

    def refuse(**_):
        return SimpleNamespace(status_code=429), {"Error": busy}

    events = aws.client("sesv2").meta.events
    events.register("before-call.sesv2.SendEmail", refuse)
    try:
        for _ in range(deliver.ATTEMPTS_MAX + 1):
            assert delivered() == {"sent": 0, "failed": 1}
    finally:
        events.unregister("before-call.sesv2.SendEmail", refuse)

    assert delivered() == {"sent": 1, "failed": 0}


def test_a_message_somebody_else_is_sending_is_left_alone():
    new_customer("Ada")
    whole_cycle()
    (message,) = outbox.due(LATER)
    deliver.claim(message, LATER)

    assert outbox.load(message.id, message.at).attempts == 1
    assert deliver.deliver(message, load_isp(), office()) is False
    assert sent() == []


def test_a_message_nobody_wrote_a_letter_for_is_left_for_a_person():
    new_customer("Ada")
    unknown = Message("mail:x", "service.moved", "acc_ada", at("2026-11-02 08:00"))
    commit([outbox.put_of(unknown)])

    assert delivered() == {"sent": 0, "failed": 1}
    assert (
        "no letter for messages of kind service.moved"
        in outbox.load("mail:x", unknown.at).last_error
    )


def test_delivery_stops_before_its_time_is_over():
    new_customer("Ada")
    whole_cycle()

    assert delivered(Context(milliseconds=10_000)) == {"sent": 0, "failed": 0}


def test_a_receipt_names_the_amount_that_arrived():
    new_customer("Ada")
    receipt = Message(
        "mail:pmt_1",
        "payment.received",
        "acc_ada",
        at("2026-11-02 08:00"),
        {"payment_id": "pmt_1", "amount": {"value": "19.96", "unit": "EUR"}},
    )
    commit([outbox.put_of(receipt)])
    delivered()

    (key,) = copies()
    letter = email.message_from_bytes(documents.get(BUCKET, key), policy=email.policy.default)
    assert "€19.96" in letter.get_body(("plain",)).get_content()


def test_a_letter_of_yesterday_keeps_its_date():
    new_customer("Ada")
    whole_cycle()

    with time_machine.travel(at("2026-11-03 09:00")):
        delivered()

    assert copies()[0].startswith("mail/2026-11-02/")

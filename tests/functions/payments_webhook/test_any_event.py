"""Whatever the processor tells us about, no event crashes a door and none is booked by itself."""

import json
from pathlib import Path

import pytest

from billing.adapters.processor import reading_of
from billing.core.payment import Event
from billing.store import payments
from tests.functions.payments_webhook.world import World, books, issue_invoice

# Objects as the processor publishes them for its API's tests (github.com/stripe/openapi, MIT).
OBJECTS = json.loads(Path(__file__).with_name("stripe_objects.json").read_text())
ABOUT = ["checkout.session", "payment_intent"]


def event_of(kind: str) -> dict:
    return {
        "id": f"evt_{kind.replace('.', '_')}",
        "object": "event",
        "created": 1795348800,
        "livemode": False,
        "type": f"{kind}.updated",
        "data": {"object": OBJECTS[kind]},
    }


@pytest.mark.parametrize("kind", [kind for kind in OBJECTS if kind not in ABOUT])
def test_an_event_about_anything_else_is_taken_and_books_nothing(world: World, kind: str):
    issue_invoice("30.00")
    before = books()
    assert world.post_webhook(event_of(kind))["statusCode"] == 200
    assert world.work() == []
    assert books() == before
    assert payments.list_held().items == ()


@pytest.mark.parametrize("kind", ABOUT)
def test_an_event_about_an_object_we_cannot_read_waits(world: World, kind: str):
    assert world.post_webhook(event_of(kind))["statusCode"] == 200
    assert len(world.work()) == 1


def test_an_intent_as_the_processor_publishes_it_is_read():
    reading = reading_of(OBJECTS["payment_intent"])
    assert (reading.event, str(reading.amount)) == (Event.DECLINED, "10.99 USD")
    assert (reading.invoice_id, reading.attempt_id, reading.reason) == ("", "", "")


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("requires_confirmation", Event.OPENED),
        ("requires_action", Event.OPENED),
        ("requires_capture", Event.OPENED),
        ("processing", Event.PROCESSING),
        ("succeeded", Event.PAID),
        ("canceled", Event.CANCELLED),
    ],
)
def test_each_status_of_an_intent_has_its_meaning(status: str, event: Event):
    intent = {**OBJECTS["payment_intent"], "status": status, "last_payment_error": None}
    assert reading_of(intent).event is event


def test_a_paid_intent_is_read_with_what_was_received_and_when_it_was_charged():
    charge = {**OBJECTS["charge"], "created": 1795348800}
    intent = {
        **OBJECTS["payment_intent"],
        "status": "succeeded",
        "amount_received": 1099,
        "latest_charge": charge,
        "last_payment_error": None,
    }
    reading = reading_of(intent)
    assert (str(reading.amount), int(reading.at.timestamp())) == ("10.99 USD", 1795348800)
    assert int(reading.created_at.timestamp()) == 1234567890

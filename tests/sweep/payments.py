"""Payments: the webhook, the worker, the janitor, and the click that opens a payment page."""

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
import time_machine

from billing.adapters import processor
from billing.adapters.processor import ProcessorUnreachable
from billing.core.invoicing import Invoice
from billing.core.money import Money
from functions.payments_webhook import janitor, receive, worker
from local.processor import Standin
from local.processor import objects as standin_objects
from local.processor.webhooks import signature
from tests.cloud import Cloud
from tests.direct import client_of
from tests.functions.bill_cycle import world as cycle
from tests.functions.payments_webhook.world import (
    WEBHOOK_SECRET,
    Context,
    World,
    api_event,
    sqs_event,
)
from tests.sweep.account import QUEUES
from tests.sweep.cycle import billed
from tests.sweep.scenario import Holding, Place, Redeliver, Scenario

YESTERDAY = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Processor:
    """The payment processor's stand-in as a value: what it knows, and the ids it gives."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.given = 0  # ids so far: the same ones again from the same state

    def token_hex(self, octets: int) -> str:
        self.given += 1
        return f"{self.given:0{2 * octets}x}"

    def state(self) -> Any:
        objects = self.standin.objects
        kept = objects.things, objects.intent_facts, self.standin.answered
        return self.given, copy.deepcopy(kept)

    def put_back(self, state: Any) -> None:
        self.given, kept = state
        objects = self.standin.objects
        objects.things, objects.intent_facts, self.standin.answered = copy.deepcopy(kept)

    def holding(self) -> Holding:
        return {id: dict(thing) for id, thing in self.standin.objects.things.items()}


@contextmanager
def furnished(aws: Cloud) -> Iterator[Place]:
    """The account with a processor beside it, which our functions ask without a network."""
    with pytest.MonkeyPatch.context() as patch, Standin(delay_seconds=3600) as standin:
        beside = Processor(standin)
        patch.setattr(standin_objects, "secrets", beside)
        patch.setenv("PROCESSOR_API_BASE", standin.url)
        patch.setattr(stripe, "RequestsClient", client_of(standin))
        processor.connected.cache_clear()
        yield Place(aws, {"processor": beside})
        processor.connected.cache_clear()


def an_event_of_the_processor(place: Place) -> Scenario:
    """A signed event at our door; the processor sends it again until it hears 200."""
    world = _world(place)
    world.pay(_bill())
    body = json.dumps(world.events()[-1]).encode()
    event = api_event(body, signature(body, WEBHOOK_SECRET))

    def delivered() -> Any:
        answer = receive.lambda_handler(event, Context())
        if answer["statusCode"] != 200:
            raise Redeliver(answer)
        return answer

    return Scenario(
        "functions.payments_webhook.receive.lambda_handler",
        "an event of the processor",
        delivered,
        visible={QUEUED_TWICE: queued_twice},
    )


def events_that_were_queued(outcome: str) -> Callable[[Place], Scenario]:
    """A batch of the queue that tells of a payment, and how it ended."""

    def given(place: Place) -> Scenario:
        world, bill = _world(place), _bill()
        if outcome == "nobodys":
            world.pay_directly(bill.total)
        elif outcome == "foreign":
            world.pay_directly(Money(3000, "USD"), invoice_id=bill.id)
        else:
            world.pay(bill, outcome)
        hints = [json.dumps(hint.to_dict()) for hint in world.hints()]
        batch = sqs_event(
            [
                {"MessageId": f"{n}", "ReceiptHandle": "1", "Body": one}
                for n, one in enumerate(hints)
            ]
        )

        def delivered() -> None:
            if worker.lambda_handler(batch, Context())["batchItemFailures"]:
                raise Redeliver

        return Scenario(
            "functions.payments_webhook.worker.lambda_handler", f"a payment, {outcome}", delivered
        )

    given.__name__ = f"a_payment_{outcome.replace(' ', '_')}"
    return given


def events_that_were_lost(place: Place) -> Scenario:
    """A page that was paid yesterday, one that expired, and one whose address never reached us."""
    world, (paid, expired, unheard) = _world(place), (_bill(n) for n in range(3))
    with time_machine.travel(YESTERDAY, tick=False):
        world.pay(paid)
        world.click_pay(expired)
        _click_unheard(world, unheard)
    return Scenario(
        "functions.payments_webhook.janitor.lambda_handler",
        "events that were lost",
        lambda: janitor.lambda_handler({}, Context()) and None,
        scheduled=True,
    )


SCENARIOS: tuple[Callable[[Place], Scenario], ...] = (
    an_event_of_the_processor,
    *(
        events_that_were_queued(outcome)
        for outcome in ("succeed", "decline", "delayed", "nobodys", "foreign")
    ),
    events_that_were_lost,
)

QUEUED_TWICE = "killed after the queue took it, a hint is queued again; the worker settles it once"


def queued_twice(held: Holding) -> None:
    for key in [key for key in held if key.startswith("sqs ")]:
        held[key] = sorted(set(held[key]))


def _world(place: Place) -> World:
    return World(place.others["processor"].standin, QUEUES + "payments")


def _bill(n: int = 0) -> Invoice:
    names = ("Ada", "Ben", "Cleo")
    return billed(cycle.new_customer(names[n]), "30.00")


def _click_unheard(world: World, bill: Invoice) -> None:
    """A click whose answer from the processor was lost on the way."""
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(ProcessorUnreachable):
        patch.setattr(processor, "RETRIES_MAX", 0)
        processor.connected.cache_clear()
        world.standin.replies_to_lose = 1
        world.click_pay(bill)
    processor.connected.cache_clear()

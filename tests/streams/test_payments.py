"""Payment events through their queue as Lambda reads it, with the settings of the template.

Events ten at a time in any order, some twice, faults at any call, outages, and messages that are no
event: each payment is posted once, and what cannot be read waits among the dead letters.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities import parameters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.adapters import processor, secrets
from billing.store import ledger
from local.processor import Standin
from tests import faults
from tests.cloud import Cloud
from tests.functions.payments_webhook.world import (
    ACCOUNT,
    SECRET_NAME,
    WEBHOOK_SECRET,
    World,
    issue_invoice,
    open_account,
    postings,
)
from tests.invariants import broken
from tests.streams.mappings import Mapping
from tests.streams.poller import QueueMapping
from tests.streams.test_usage import FAULTS, Fault, Function

WORKER = "functions.payments_webhook.worker.lambda_handler"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/payments"
PAID = ["30.00", "12.50", "7.00"]


@dataclass(frozen=True)
class Queue:
    """An account in which three bills were paid at the processor, and the messages about it."""

    begin: Callable[[], Cloud]
    bodies: list[str]
    made_up: frozenset[str]  # what is odd about the bills themselves, which no run has issued


@pytest.fixture
def queue(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    with Standin(delay_seconds=3600) as standin:
        monkeypatch.setenv("PROCESSOR_SECRET", SECRET_NAME)
        monkeypatch.setenv("PROCESSOR_API_BASE", standin.url)
        monkeypatch.setenv("PAYMENTS_QUEUE_URL", QUEUE)
        forget()
        keys = {"api_key": "sk_test_local", "webhook_secrets": [WEBHOOK_SECRET]}
        cloud.secrets.texts[SECRET_NAME] = json.dumps(keys)
        world = World(standin, QUEUE)
        open_account()
        for month, total in enumerate(PAID, start=8):
            world.pay(issue_invoice(total, month))
        for event in world.events():
            assert world.post_webhook(event)["statusCode"] == 200
        before = cloud.state()

        def begin() -> Cloud:
            cloud.put_back(before)
            return cloud

        yield Queue(begin, cloud.sqs.sent[QUEUE], frozenset(broken(cloud)))
    forget()


def forget() -> None:
    parameters.clear_caches()
    processor.connected.cache_clear()
    secrets._fetched_at.clear()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("poll"), st.permutations(range(10)), st.none() | FAULTS),
        st.tuples(st.just("again"), st.integers(0, 99), st.none()),
        st.tuples(st.just("outage"), st.integers(1, 12), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1, 360, 3600]), st.none()),
        st.tuples(st.just("redrive"), st.none(), st.none()),
    ),
    max_size=15,
)


class Worked:
    """The queue of events, as a script moves it."""

    def __init__(self, queue: Queue, mapping: Mapping) -> None:
        self.bodies, self.function, self.now = queue.bodies, Function(mapping), 0.0
        self.mapping = QueueMapping(mapping.queue_settings, self.function)
        for body in queue.bodies:
            self.mapping.send(body, self.now)

    def poll(self, order: list[int], fault: Fault | None) -> None:
        self.function.fault = fault
        self.mapping.poll(self.now, lambda found: sorted(found, key=lambda m: order[m.nth % 10]))
        self.function.fault = None

    def again(self, which: int, _: None) -> None:
        self.mapping.send(self.bodies[which % len(self.bodies)], self.now)

    def outage(self, invocations: int, _: None) -> None:
        self.function.outage = invocations

    def wait(self, seconds: int, _: None) -> None:
        self.now += seconds

    def redrive(self, *_: None) -> None:
        self.mapping.redrive(self.now)

    def read_to_the_end(self) -> None:
        """Nothing fails any more."""
        self.function.outage = 0
        for _ in range(20):
            self.now += 360
            while self.mapping.poll(self.now):
                pass
        assert self.mapping.messages == []


def assert_each_is_posted_once(aws: Cloud, queue: Queue) -> None:
    assert set(broken(aws)) <= queue.made_up
    assert sorted(amount for account, amount in postings() if account == "cash:stripe") == sorted(
        f"{total} EUR" for total in PAID
    )
    assert ledger.position(ACCOUNT).open_items == ()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_every_payment_is_posted_once_however_its_messages_come(
    queue: Queue, mappings: dict[str, Mapping], steps: list[Any]
):
    aws = queue.begin()
    worked = Worked(queue, mappings[WORKER])

    for verb, what, how in steps:
        getattr(worked, verb)(what, how)
    worked.read_to_the_end()
    worked.redrive()
    worked.read_to_the_end()

    assert_each_is_posted_once(aws, queue)
    assert worked.mapping.dead == []


def test_a_message_that_is_no_event_waits_among_the_dead_letters_and_stops_nobody(
    queue: Queue, mappings: dict[str, Mapping]
):
    aws = queue.begin()
    worked = Worked(queue, mappings[WORKER])
    worked.mapping.send("{ no event", worked.now)
    worked.mapping.send('{"event_id": "evt_1"}', worked.now)

    worked.read_to_the_end()

    assert_each_is_posted_once(aws, queue)
    assert [one.body for one in worked.mapping.dead] == ["{ no event", '{"event_id": "evt_1"}']


def test_an_outage_longer_than_five_deliveries_is_made_good_by_sending_the_dead_letters_back(
    queue: Queue, mappings: dict[str, Mapping]
):
    aws = queue.begin()
    worked = Worked(queue, mappings[WORKER])
    worked.outage(1000, None)
    for _ in range(20):
        worked.mapping.poll(worked.now)
        worked.wait(360, None)

    assert len(worked.mapping.dead) == len(queue.bodies)
    assert postings() == []
    worked.outage(0, None)
    worked.redrive()
    worked.read_to_the_end()
    assert_each_is_posted_once(aws, queue)


def test_a_mapping_that_does_not_read_what_the_function_gives_back_would_lose_it(
    queue: Queue, mappings: dict[str, Mapping]
):
    queue.begin()
    worked = Worked(queue, mappings[WORKER])
    worked.mapping.settings = replace(worked.mapping.settings, partial_responses=False)
    worked.mapping.send("{ no event", worked.now)

    worked.read_to_the_end()

    assert worked.mapping.dead == []


def test_a_death_at_any_call_of_a_delivery_posts_each_payment_once(
    queue: Queue, mappings: dict[str, Mapping]
):
    queue.begin()
    calls = faults.calls_of(lambda: Worked(queue, mappings[WORKER]).mapping.poll(0))

    for call, kind in faults.strikes(calls, ("after",)):  # so far, and no further
        aws = queue.begin()
        worked = Worked(queue, mappings[WORKER])
        worked.poll(list(range(10)), (call, kind))
        worked.read_to_the_end()
        assert_each_is_posted_once(aws, queue)

"""The ISP that handlers meet in: its account, its doors, and the payment processor in memory."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import stripe

from functions.portal_api import staff
from local.processor import Standin
from tests.cloud import Cloud
from tests.direct import client_of
from tests.functions.portal_api.world import Answer, Context, answered, event, token
from tests.invariants import broken
from tests.pairs.calls import Call
from tests.pairs.scheduler import reach

Results = Mapping[str, Any]


class Processor:
    """The stand-in for the processor, without a network: each request to it is one call."""

    def __init__(self, standin: Standin) -> None:
        self.standin, self.objects = standin, standin.objects

    def state(self) -> Any:
        return copy.deepcopy(
            (self.objects.things, self.objects.intent_facts, self.standin.answered)
        )

    def put_back(self, state: Any) -> None:
        things, facts, answered = copy.deepcopy(state)
        self.objects.things, self.objects.intent_facts = things, facts
        self.standin.answered = answered

    def pages(self) -> list[Mapping[str, Any]]:
        """The hosted pages on which somebody could pay now."""
        found = self.objects.list("cs", {"limit": 100})["data"]
        return [page for page in found if page["status"] == "open"]

    def events(self) -> list[Mapping[str, Any]]:
        """What it has told, oldest first."""
        found = self.objects.list("evt", {"limit": 100})["data"]
        return [json.loads(json.dumps(one)) for one in reversed(found)]

    def client(self) -> type[stripe.HTTPClient]:
        """A client for Stripe's library that asks the stand-in directly."""
        place = frozenset({"processor"})
        return client_of(self.standin, lambda what: reach(Call(what, "", place, place)))


@dataclass
class House:
    """The ISP: all that its handlers change, as one value."""

    aws: Cloud
    processor: Processor
    stale: bool = False  # indexes tell what they knew before the handlers began

    def state(self) -> Any:
        return self.aws.state(), self.processor.state()

    def put_back(self, state: Any) -> None:
        account, processor = state
        self.aws.put_back(account)
        self.processor.put_back(processor)
        if self.stale:
            self.aws.dynamodb.lag_indexes()

    def broken(self, *, at_rest: bool = True) -> list[str]:
        """What is wrong with the books, indexes being settled again."""
        self.aws.dynamodb.settle_indexes()
        return broken(self.aws, at_rest=at_rest)

    def staff(
        self, method: str, path: str, body: Any = None, *, name: str = "mira", **headers: str
    ) -> Answer:
        """What the console's door answers to somebody of the billing staff."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        sent["authorization"] = f"Bearer {token('staff', name, 'billing')}"
        made = event(method, path, body=body, headers=sent)
        return answered(staff.lambda_handler(made, Context()))


def all_of(*laws: Callable[[Results], list[str]]) -> Callable[[Results], list[str]]:
    """The law that each of these holds."""
    return lambda results: [one for law in laws for one in law(results)]


def errors(results: Results) -> list[str]:
    """Whoever ended with an error, which no handler may."""
    return [
        f"{who} raised {type(one).__name__}: {one}"
        for who, one in results.items()
        if isinstance(one, Exception)
    ]

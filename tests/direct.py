"""The processor's stand-in asked without a network: thirty milliseconds less for each request."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import stripe

from local.processor import Standin


def client_of(
    standin: Standin, told: Callable[[str], None] = lambda _: None
) -> type[stripe.HTTPClient]:
    """A client for Stripe's library that hands each request to the stand-in.

    told  what hears of a request before it is made: "POST /v1/checkout/sessions"
    """

    class Direct(stripe.HTTPClient):
        name = "direct"

        def __init__(self, timeout: float) -> None:
            super().__init__()

        def request(
            self, method: str, url: str, headers: Any, post_data: Any = None
        ) -> tuple[str, int, Mapping[str, str]]:
            target = url.removeprefix(standin.url)
            told(f"{method.upper()} {target}")
            body = (post_data or "").encode()
            status, answer = standin.answer(method.upper(), target, headers, body)
            return json.dumps(answer), status, {}

    return Direct

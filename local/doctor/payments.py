"""What the payment processor lets the stored key do: enough, and no more than that.

Each question is one that changes nothing: a list of one, or a request that lacks what it needs.
Restricted keys and their permissions: docs.stripe.com/keys, "Restricted API keys".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import stripe

from billing.adapters.processor import API_VERSION, TIMEOUT_SECONDS
from local.doctor.finding import Finding, fine, fix, look

# What our webhook needs to hear; anything else it is told changes nothing.
EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
)
KEYS_PAGE = "the processor's dashboard, API keys"

Answer = Literal["may", "may not", "key refused"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A permission of a restricted key, as the dashboard names it, and how to ask for it."""

    name: str
    method: Literal["get", "post"]
    path: str
    needed: bool


SCOPES = (
    Scope("Checkout Sessions: write", "post", "/v1/checkout/sessions", needed=True),
    Scope("PaymentIntents: read", "get", "/v1/payment_intents?limit=1", needed=True),
    Scope("Charges: read", "get", "/v1/charges?limit=1", needed=True),
    Scope("Balance: read", "get", "/v1/balance", needed=False),
    Scope("Payouts: read", "get", "/v1/payouts?limit=1", needed=False),
    Scope("Refunds: write", "post", "/v1/refunds", needed=False),
)


def findings(
    secret: Mapping[str, Any], stage: str, http: stripe.HTTPClient | None = None
) -> list[Finding]:
    """secret  {"api_key": …, "webhook_secrets": […]} as it is stored"""
    key = str(secret.get("api_key") or "")
    return [*_key(key, stage, http), webhook_secrets(secret, stage)]


def _key(key: str, stage: str, http: stripe.HTTPClient | None) -> Iterator[Finding]:
    if not key:
        yield fix(
            "No API key of the payment processor is stored",
            f"make a restricted key ({KEYS_PAGE}) and store it: docs/operate.md, Payments",
        )
        return
    if not key.startswith("rk_"):
        yield fix(
            "The API key may do everything",
            f"make a restricted one ({KEYS_PAGE}) with {_names(needed=True)} and nothing else",
        )
    if "_test_" in key:
        yield look(f"Stage {stage} takes test payments only", "store a live key to take money")
    yield scopes(key, http)


def scopes(key: str, http: stripe.HTTPClient | None = None) -> Finding:
    """Whether the key may do what Demarc does, and not more."""
    client = stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        http_client=http or stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )
    try:
        answers = {scope: _may(client, scope) for scope in SCOPES}
    except stripe.StripeError as error:
        why = type(error).__name__
        return look(f"No answer from the payment processor ({why})", "check the network")
    if "key refused" in answers.values():
        return fix("The payment processor does not know the stored key", f"store one: {KEYS_PAGE}")
    lacking = [one.name for one, answer in answers.items() if one.needed and answer == "may not"]
    if lacking:
        return fix(f"The key lacks {', '.join(lacking)}", f"add it: {KEYS_PAGE}")
    spare = [one.name for one, answer in answers.items() if not one.needed and answer == "may"]
    if spare:
        return fix(
            f"The key may do more than it needs: {', '.join(spare)}", f"take it: {KEYS_PAGE}"
        )
    return fine("The payment processor's key may do what is needed and no more")


def webhook_secrets(secret: Mapping[str, Any], stage: str) -> Finding:
    found = secret.get("webhook_secrets") or []
    if not found:
        return fix(
            f"No webhook secret is stored: payments at stage {stage} would arrive unheard",
            f"make an endpoint for {len(EVENTS)} events, as docs/operate.md lists them",
        )
    return fine(f"{len(found)} webhook secret{'s' if len(found) > 1 else ''} stored")


def _may(client: stripe.StripeClient, scope: Scope) -> Answer:
    ask: Callable[..., Any] = client.raw_request
    try:
        ask(scope.method, scope.path)
    except stripe.PermissionError:
        return "may not"
    except stripe.AuthenticationError:
        return "key refused"
    except stripe.InvalidRequestError:
        return "may"  # it got as far as to miss the parameters that we left out
    return "may"


def _names(*, needed: bool) -> str:
    return ", ".join(scope.name for scope in SCOPES if scope.needed is needed)

"""The payment processor: a port of four calls, and Stripe behind it.

Owns      how attempts become hosted pages, how the processor's objects become readings
Not       what a reading does to our books (core/payment), webhooks (functions/payments_webhook)
Repeats   opening is repeated under the attempt's id; everything else reads or closes
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from billing.adapters.secrets import load_processor_secret
from billing.core.errors import BillingError
from billing.core.payment import Attempt, Event, Reading, from_processor, to_processor

if TYPE_CHECKING:  # stripe costs 140 ms to import: only a call to it pays that
    import stripe
    from stripe.checkout import Session
    from stripe.params.checkout import SessionCreateParams

API_VERSION = "2026-10-28.endive"
RETRIES_MAX = 2  # by the library, under one idempotency key
TIMEOUT_SECONDS = 8.0  # three of them end before API Gateway gives a page up (30 s)

T = TypeVar("T")

# docs.stripe.com/payments/paymentintents/lifecycle. We never authorise without capturing, so
# requires_capture can only be somebody else's doing: money that has not moved.
EVENTS_BY_STATUS = {
    "requires_payment_method": Event.OPENED,
    "requires_confirmation": Event.OPENED,
    "requires_action": Event.OPENED,
    "requires_capture": Event.OPENED,
    "processing": Event.PROCESSING,
    "succeeded": Event.PAID,
    "canceled": Event.CANCELLED,
}


class ProcessorUnreachable(BillingError):
    """No answer, or one that promises nothing: whether it was done is not known."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the payment processor gave no clear answer to {what}; try again")


class ProcessorRefused(BillingError):
    """The processor understood and said no: nothing was done."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"the payment processor refused {what}: {why}")
        self.why = why


class UnknownObject(BillingError):
    """The processor does not know this id, or not yet: its parts learn of objects in turn."""

    def __init__(self, object_id: str) -> None:
        super().__init__(f"the payment processor does not know {object_id}; read it again later")
        self.object_id = object_id


@dataclass(frozen=True, slots=True)
class CheckoutSession:
    """One hosted payment page as the processor has it now."""

    id: str
    url: str  # "" once nobody can pay there any more
    expires_at: datetime
    status: str  # open, complete or expired
    payment_id: str  # "" until a payer tried
    attempt_id: str  # "" if we did not open it


class Processor(Protocol):
    """What Demarc needs of whoever collects its money online."""

    def open_checkout(self, attempt: Attempt) -> CheckoutSession: ...
    def expire_checkout(self, session_id: str) -> CheckoutSession: ...
    def load_session(self, session_id: str) -> CheckoutSession: ...
    def load_payment(self, payment_id: str) -> Reading: ...


@cache
def connected() -> Processor:
    """The processor that the environment names: PROCESSOR_SECRET and, if it is not Stripe's own
    address, PROCESSOR_API_BASE."""
    return StripeProcessor(
        lambda fresh: load_processor_secret(fresh).api_key,
        os.environ.get("PROCESSOR_API_BASE") or None,
    )


class StripeProcessor:
    """Stripe, one API version. A key that is refused is read anew once: it may have been rolled."""

    def __init__(self, key: Callable[[bool], str], api_base: str | None) -> None:
        self._key, self._api_base = key, api_base
        self._client: stripe.StripeClient | None = None

    def open_checkout(self, attempt: Attempt) -> CheckoutSession:
        """Open the hosted page of an attempt; the same attempt always gets the same page."""
        params = _session_params(attempt)
        session = self._call(
            f"the payment page of {attempt.id}",
            lambda client: client.v1.checkout.sessions.create(
                params=params, options={"idempotency_key": attempt.id}
            ),
        )
        return _session_of(session)

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close a page that nobody has paid yet; ProcessorRefused if somebody has."""
        return _session_of(
            self._call(session_id, lambda client: client.v1.checkout.sessions.expire(session_id))
        )

    def load_session(self, session_id: str) -> CheckoutSession:
        return _session_of(
            self._call(session_id, lambda client: client.v1.checkout.sessions.retrieve(session_id))
        )

    def load_payment(self, payment_id: str) -> Reading:
        """What the processor says of a payment now. Never believe an event: ask."""
        intent = self._call(
            payment_id,
            lambda client: client.v1.payment_intents.retrieve(
                payment_id, params={"expand": ["latest_charge"]}
            ),
        )
        return reading_of(intent.to_dict())

    def _call(self, what: str, ask: "Callable[[stripe.StripeClient], T]") -> T:
        import stripe

        try:
            try:
                return ask(self._client or self._connect(fresh=False))
            except (stripe.AuthenticationError, stripe.PermissionError):
                return ask(self._connect(fresh=True))
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                raise UnknownObject(what) from error
            raise ProcessorRefused(what, _why(error)) from error
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            raise ProcessorRefused(what, "the stored API key is not accepted") from error
        except stripe.StripeError as error:  # no connection, too many requests, their fault
            raise ProcessorUnreachable(what) from error

    def _connect(self, fresh: bool) -> "stripe.StripeClient":
        import stripe

        self._client = stripe.StripeClient(
            self._key(fresh),
            stripe_version=API_VERSION,
            max_network_retries=RETRIES_MAX,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            base_addresses={"api": self._api_base} if self._api_base else {},
        )
        return self._client


def reading_of(intent: Mapping[str, Any]) -> Reading:
    """A payment intent, with its latest charge expanded, in our words."""
    event = EVENTS_BY_STATUS[intent["status"]]
    problem: Mapping[str, Any] = intent.get("last_payment_error") or {}
    if event is Event.OPENED and problem:
        event = Event.DECLINED
    charge: Mapping[str, Any] = intent.get("latest_charge") or {}
    currency = str(intent["currency"])
    paid = event is Event.PAID
    metadata: Mapping[str, str] = intent.get("metadata") or {}
    return Reading(
        payment_id=intent["id"],
        event=event,
        amount=from_processor(intent["amount_received" if paid else "amount"], currency),
        created_at=_instant(intent["created"]),
        at=_instant(charge["created"] if paid and charge else intent["created"]),
        invoice_id=metadata.get("invoice_id", ""),
        attempt_id=metadata.get("attempt_id", ""),
        reason=str(problem.get("decline_code") or problem.get("code") or ""),
    )


def _session_params(attempt: Attempt) -> "SessionCreateParams":
    """What opens the page of an attempt: the same attempt gives the same parameters, for ever.

    Our ids are written on the session and on its payment intent, so that either leads back to the
    invoice. No payment method is named: the ISP chooses them at the processor.
    """
    metadata = {
        "account_id": attempt.account_id,
        "invoice_id": attempt.invoice_id,
        "invoice_number": attempt.number,
        "attempt_id": attempt.id,
    }
    return {
        "mode": "payment",
        "client_reference_id": attempt.invoice_id,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": attempt.amount.currency.lower(),
                    "unit_amount": to_processor(attempt.amount),
                    "product_data": {"name": f"Invoice {attempt.number}"},
                },
            }
        ],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": f"Invoice {attempt.number}"},
        "adaptive_pricing": {"enabled": False},  # an account has one currency for ever
        "expires_at": int(attempt.expires_at.timestamp()),
        "success_url": attempt.success_url,
        "cancel_url": attempt.cancel_url,
    }


def _session_of(session: "Session") -> CheckoutSession:
    found = session.to_dict()
    metadata: Mapping[str, str] = found.get("metadata") or {}
    return CheckoutSession(
        id=found["id"],
        url=found.get("url") or "",
        expires_at=_instant(found["expires_at"]),
        status=found["status"],
        payment_id=found.get("payment_intent") or "",
        attempt_id=metadata.get("attempt_id", ""),
    )


def _why(error: "stripe.StripeError") -> str:
    return error.user_message or "no reason given"


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

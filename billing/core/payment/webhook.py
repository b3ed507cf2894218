"""Is a webhook real, fresh and ours? What is left of it afterwards is a hint where to look.

Scheme: docs.stripe.com/webhooks, "Verify webhook signatures manually": the header holds `t=<unix
seconds>,v1=<hex>` (more `v1` while a secret rolls), the signature is HMAC-SHA256 over `<t>.<body>`.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from billing.core.errors import BillingError
from billing.core.period import instant_from, rfc3339

AGE_MAX = timedelta(seconds=300)  # the processor's own default; we apply it to the future as well
HEADER_LENGTH_MAX = 2_000
SIGNATURES_MAX = 10

_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9_.]{1,100}", re.ASCII)


class WebhookRefused(BillingError):
    """A webhook that changes nothing here. The text tells the sender why, and no secret."""


class ForgedWebhook(WebhookRefused):
    """No secret of ours made this signature."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Stripe-Signature: {why};"
            " send the body unchanged and sign it with the endpoint's secret"
        )


class StaleWebhook(WebhookRefused):
    """Rightly signed, at another time: a replay, or a clock that is wrong."""

    def __init__(self, age: timedelta) -> None:
        seconds = int(abs(age).total_seconds())
        direction = "old" if age >= timedelta(0) else "ahead of our clock"
        super().__init__(
            f"Stripe-Signature: the timestamp is {seconds} s {direction}, at most"
            f" {int(AGE_MAX.total_seconds())} s are accepted; sign again when sending again"
        )
        self.age = age


class MalformedWebhook(WebhookRefused):
    """Rightly signed, and not an event."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(
            f"{field}: {why}; send an event object as the processor's API describes it"
        )
        self.field = field


class WrongModeWebhook(WebhookRefused):
    """A test event at the live endpoint, or a live event at a test one."""

    def __init__(self, livemode: bool) -> None:
        ours, theirs = ("test", "live") if livemode else ("live", "test")
        super().__init__(
            f"livemode: this endpoint takes {ours} events and this is a {theirs} one;"
            " register the endpoint in the other mode with its own secret"
        )


class ForeignWebhook(WebhookRefused):
    """An event of another merchant's account, which ours is connected with."""

    def __init__(self) -> None:
        super().__init__(
            "account: the event is of a connected account and nothing of it is booked here;"
            " register the endpoint for events of your own account alone"
        )


class NoWebhookSecret(BillingError):
    """Nobody gave this endpoint a secret, so it can tell no webhook from a forgery."""

    def __init__(self) -> None:
        super().__init__(
            "webhook_secrets: none is set; put the endpoint's secret into the secret store"
        )


@dataclass(frozen=True, slots=True)
class Hint:
    """What an event tells us to read again. Nothing in it is ever booked.

    object_id   the object the event is about, "" where it has none (balance.available)
    payment_id  the payment intent that object belongs to, "" if it names none
    created_at  when the processor made the event, by its clock
    """

    event_id: str
    type: str
    object_id: str
    payment_id: str
    created_at: datetime

    def to_dict(self) -> dict[str, str]:
        return {
            "event_id": self.event_id,
            "type": self.type,
            "object_id": self.object_id,
            "payment_id": self.payment_id,
            "created_at": rfc3339(self.created_at),
        }


def hint_from(data: Mapping[str, str]) -> Hint:
    return Hint(
        data["event_id"],
        data["type"],
        data["object_id"],
        data["payment_id"],
        instant_from(data["created_at"]),
    )


def verified(
    body: bytes, header: str, secrets: Sequence[str], now: datetime, livemode: bool
) -> Hint:
    """The hint of a webhook that a secret of ours signed within five minutes of now, in our mode.

    The signature is judged before anything else, so a forger learns nothing from the answer, and
    the body is parsed only once it is known to be the processor's.
    """
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise NoWebhookSecret
    seconds, signatures = _parsed_header(header)
    signed = seconds.encode() + b"." + body
    if not _signed_by_any(signed, signatures, usable):
        raise ForgedWebhook("no signature matches")
    age = timedelta(seconds=int(now.timestamp()) - int(seconds))
    if abs(age) > AGE_MAX:
        raise StaleWebhook(age)
    event = _parsed_body(body)
    theirs = event.get("livemode")
    if not isinstance(theirs, bool):
        raise MalformedWebhook("livemode", "it is not true or false")
    if theirs is not livemode:
        raise WrongModeWebhook(theirs)
    if event.get("account") is not None:
        raise ForeignWebhook
    return _hint_of(event)


def _parsed_header(header: str) -> tuple[str, list[str]]:
    """The timestamp as it was written (it is part of what was signed) and the v1 signatures."""
    if len(header) > HEADER_LENGTH_MAX:
        raise ForgedWebhook(f"longer than {HEADER_LENGTH_MAX} characters")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    timestamps = [value for key, _, value in pairs if key == "t"]
    signatures = [value for key, _, value in pairs if key == "v1"]
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise ForgedWebhook("exactly one timestamp t=<unix seconds> is needed")
    if not 1 <= len(signatures) <= SIGNATURES_MAX:
        raise ForgedWebhook(f"between one and {SIGNATURES_MAX} signatures v1=<hex> are needed")
    if not all(_SIGNATURE.fullmatch(signature) for signature in signatures):
        raise ForgedWebhook("a v1 signature is 64 lower-case hexadecimal digits")
    return timestamps[0], signatures


def _signed_by_any(signed: bytes, signatures: Sequence[str], secrets: Sequence[str]) -> bool:
    """Whether any pair matches; every pair is compared, so that the time taken tells nothing."""
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    matches = [hmac.compare_digest(e, s) for e in expected for s in signatures]
    return any(matches)


def _parsed_body(body: bytes) -> dict[str, Any]:
    """Strict JSON (RFC 8259 §8.1: UTF-8 without a mark), so that no two readers differ over it."""
    try:
        event = json.loads(
            body.decode("utf-8"), object_pairs_hook=_named_once, parse_constant=_no_number
        )
    except (ValueError, RecursionError):  # ValueError: not UTF-8, not JSON, or a number too long
        raise MalformedWebhook("body", "it is not JSON") from None
    if not isinstance(event, dict):
        raise MalformedWebhook("body", "it is not an object")
    return cast(dict[str, Any], event)


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _hint_of(event: Mapping[str, Any]) -> Hint:
    if event.get("object") != "event":
        raise MalformedWebhook("object", "it is not an event")
    event_id, kind = event.get("id"), event.get("type")
    if not isinstance(event_id, str) or not _IDENTIFIER.fullmatch(event_id):
        raise MalformedWebhook("id", "it is not an event id")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise MalformedWebhook("type", "it is not an event type")
    data = event.get("data")
    thing = cast(dict[str, Any], data).get("object") if isinstance(data, dict) else None
    if not isinstance(thing, dict):
        raise MalformedWebhook("data.object", "it is missing")
    subject = cast(dict[str, Any], thing)
    object_id = _identifier(subject.get("id"))
    is_payment = subject.get("object") == "payment_intent"
    payment_id = object_id if is_payment else _identifier(subject.get("payment_intent"))
    return Hint(event_id, kind, object_id, payment_id, _created(event.get("created")))


def _created(seconds: object) -> datetime:
    # A bool is an int to Python; neither it nor a number beyond the year 9999 is a time.
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 2**37:
        raise MalformedWebhook("created", "it is not a time in unix seconds")
    return datetime.fromtimestamp(seconds, UTC)


def _identifier(value: object) -> str:
    """The id in a field that holds an id, the expanded object, or nothing of use."""
    if isinstance(value, dict):
        value = cast(dict[str, Any], value).get("id")
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else ""

"""Payments, decided: states, the processor's amounts, and whether a webhook is real."""

from billing.core.payment.amounts import AmountNotChargeable, from_processor, to_processor
from billing.core.payment.states import TRANSITIONS, Event, State, next_state
from billing.core.payment.webhook import (
    ForgedWebhook,
    Hint,
    MalformedWebhook,
    NoWebhookSecret,
    StaleWebhook,
    WebhookRefused,
    WrongModeWebhook,
    hint_from,
    verified,
)

__all__ = [
    "TRANSITIONS",
    "AmountNotChargeable",
    "Event",
    "ForgedWebhook",
    "Hint",
    "MalformedWebhook",
    "NoWebhookSecret",
    "StaleWebhook",
    "State",
    "WebhookRefused",
    "WrongModeWebhook",
    "from_processor",
    "hint_from",
    "next_state",
    "to_processor",
    "verified",
]

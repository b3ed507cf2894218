"""What the processor refuses, and the words it refuses it with."""

import time
from collections.abc import Mapping
from typing import Any

SESSION_SECONDS_MIN, SESSION_SECONDS_MAX = 30 * 60, 24 * 60 * 60
SESSION_PARAMETERS = {
    "adaptive_pricing",
    "allowed_payment_method_types",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_email",
    "excluded_payment_method_types",
    "expires_at",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "submit_type",
    "success_url",
}


class Refused(Exception):
    """An answer of the API that is not a success, with the body the real one would give."""

    def __init__(self, status: int, message: str, code: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        error = {"type": "invalid_request_error", "message": message, "code": code, **more}
        self.body = {"error": {key: value for key, value in error.items() if value is not None}}


def priced_session(given: Mapping[str, Any]) -> tuple[int, str, str]:
    """Total, currency and first line's name of a session that may be opened; refused otherwise."""
    _check_session(given)
    return _priced(given["line_items"])


def types_refused() -> Refused:
    code = "payment_method_types_no_longer_supported"
    return Refused(400, "payment_method_types is gone.", code, param="payment_method_types")


def _check_session(given: Mapping[str, Any]) -> None:
    if "payment_method_types" in given:
        raise types_refused()
    for name in sorted(set(given) - SESSION_PARAMETERS):
        raise Refused(400, f"Received unknown parameter: {name}", "parameter_unknown", param=name)
    for name in ("mode", "line_items", "success_url"):
        if name not in given:
            raise Refused(400, f"Missing required param: {name}.", "parameter_missing", param=name)
    if given["mode"] != "payment":
        raise Refused(400, "This stand-in knows only mode=payment.", param="mode")
    seconds = int(given.get("expires_at", time.time() + SESSION_SECONDS_MAX)) - time.time()
    if not SESSION_SECONDS_MIN - 1 <= seconds <= SESSION_SECONDS_MAX + 1:
        message = "`expires_at` must be between 30 minutes and 24 hours from now."
        raise Refused(400, message, param="expires_at")


def _priced(line_items: Mapping[str, Any]) -> tuple[int, str, str]:
    """Total in the processor's integers, currency and first name of a session's lines."""
    lines = list(line_items.values())
    currencies = {line["price_data"]["currency"].lower() for line in lines}
    if len(currencies) != 1:
        raise Refused(400, "All line items must be of one currency.", param="line_items")
    total = sum(int(i["price_data"]["unit_amount"]) * int(i.get("quantity", 1)) for i in lines)
    return total, currencies.pop(), lines[0]["price_data"]["product_data"]["name"]

"""POST /webhooks/stripe: a real, fresh event of our mode is kept and queued; all else is refused.

Nothing is decided here, so the answer is fast; what arrives twice is queued twice and settled once.
"""

import base64
import binascii
import hmac
import json
import os
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters import queues
from billing.adapters.secrets import load_processor_secret, load_secret, refreshed_processor_secret
from billing.core.payment import ForgedWebhook, Hint, MalformedWebhook, WebhookRefused, verified
from billing.store import payments
from functions.runtime import clock, logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    now = clock()
    try:
        if not _through_front_door(event):
            raise ForgedWebhook("this address takes requests only through its front door")
        hint = _hint(event, now)
    except WebhookRefused as error:
        logger.warning("webhook refused", extra={"reason": type(error).__name__})
        metrics.add_metric("WebhooksRefused", MetricUnit.Count, 1)
        return _problem(error)

    payments.put_event(hint, now)
    # Also when it was kept before: that delivery may have died before it came to the queue.
    queues.send(os.environ["PAYMENTS_QUEUE_URL"], hint.to_dict())
    metrics.add_metric("WebhooksAccepted", MetricUnit.Count, 1)
    logger.info("webhook accepted", extra={"event_id": hint.event_id, "event_type": hint.type})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": "{}"}


def _hint(event: dict[str, Any], now: datetime) -> Hint:
    """The verified hint; a signature that fails is tried once more with secrets read anew."""
    body, header = _raw_body(event), _header(event, "stripe-signature")
    secret = load_processor_secret()
    try:
        return verified(body, header, secret.webhook_secrets, now, secret.livemode)
    except ForgedWebhook:
        fresh = refreshed_processor_secret(now)
        if fresh is None or fresh == secret:
            raise
        return verified(body, header, fresh.webhook_secrets, now, fresh.livemode)


def _raw_body(event: dict[str, Any]) -> bytes:
    """The octets that were signed, as API Gateway hands them over (payload format 2.0)."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedWebhook("body", "it is not base64") from None


def _through_front_door(event: dict[str, Any]) -> bool:
    """Whether CloudFront sent it, which shows its secret; locally there is none in front."""
    name = os.environ.get("ORIGIN_SECRET", "")
    sent = _header(event, "x-origin-secret").encode("utf-8", "surrogatepass")
    return not name or hmac.compare_digest(sent, load_secret(name).encode())


def _header(event: dict[str, Any], name: str) -> str:
    headers = event.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _problem(error: WebhookRefused) -> dict[str, Any]:
    """RFC 9457. Stripe shows it beside the failed delivery."""
    problem = {"title": type(error).__name__, "status": 400, "detail": str(error)}
    return {
        "statusCode": 400,
        "headers": {"content-type": "application/problem+json", "cache-control": "no-store"},
        "body": json.dumps(problem),
    }

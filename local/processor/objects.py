"""The processor's objects and how they change. One lock, one dictionary, no network."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from local.processor.checks import SESSION_SECONDS_MAX, Refused, priced_session, types_refused

API_VERSION = "2026-10-28.endive"

Thing = dict[str, Any]

DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
}
DEBIT_RETURNED = {
    "type": "card_error",
    "code": "payment_intent_payment_attempt_failed",
    "message": "The bank returned the debit: insufficient funds.",
}


class Objects:
    """Everything the processor knows. `emit` is told of every event, in the order they happen."""

    def __init__(
        self, emit: Callable[[Thing], None], page_url: str, delay_seconds: float = 5.0
    ) -> None:
        self.lock = threading.RLock()
        self.emit, self.page_url, self.delay_seconds = emit, page_url, delay_seconds
        self.things: dict[str, Thing] = {}
        self.intent_facts: dict[str, Thing] = {}  # by session: what its payment intent will carry

    # What every object shares

    def new(self, prefix: str, kind: str, **fields: Any) -> Thing:
        mark = "test_" if prefix == "cs" else ""
        thing = {
            "id": f"{prefix}_{mark}{secrets.token_hex(12)}",
            "object": kind,
            "created": int(time.time()),
            "livemode": False,
            **fields,
        }
        self.things[thing["id"]] = thing
        return thing

    def load(self, prefix: str, id: str, query: Mapping[str, Any]) -> Thing:
        thing = self.things.get(id)
        if thing is None or not id.startswith(prefix + "_"):
            raise Refused(404, f"No such object: '{id}'", "resource_missing", param="id")
        self._expire_if_due(thing)
        expanded = set(query.get("expand", {}).values())
        return {key: self.things[value] if key in expanded and value else value
                for key, value in thing.items()}  # fmt: skip

    def list(self, prefix: str, query: Mapping[str, Any]) -> Thing:
        """Newest first, paged by `limit` and `starting_after`, like every list of the API."""
        found = [t for id, t in reversed(self.things.items()) if id.startswith(prefix + "_")]
        for field in ("payment_intent", "customer", "type"):
            found = [t for t in found if field not in query or t.get(field) == query[field]]
        since = int(query.get("created", {}).get("gte", 0))
        found = [t for t in found if t["created"] >= since]
        ids = [t["id"] for t in found]
        if query.get("starting_after") in ids:
            found = found[ids.index(query["starting_after"]) + 1 :]
        limit = int(query.get("limit", 10))
        return {"object": "list", "data": found[:limit], "has_more": len(found) > limit}

    def happened(self, kind: str, thing: Thing) -> None:
        event = self.new(
            "evt",
            "event",
            type=kind,
            api_version=API_VERSION,
            data={"object": dict(thing)},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        self.emit(event)

    # Checkout sessions

    def open_session(self, given: Mapping[str, Any]) -> Thing:
        total, currency, name = priced_session(given)
        intent = given.get("payment_intent_data", {})
        session = self.new(
            "cs",
            "checkout.session",
            mode="payment",
            amount_subtotal=total,
            amount_total=total,
            currency=currency,
            client_reference_id=given.get("client_reference_id"),
            customer=given.get("customer"),
            customer_email=given.get("customer_email"),
            expires_at=int(given.get("expires_at", time.time() + SESSION_SECONDS_MAX)),
            locale=given.get("locale"),
            metadata=dict(given.get("metadata", {})),
            payment_intent=None,
            payment_method_types=["card", "sepa_debit"],
            payment_status="unpaid",
            status="open",
            success_url=given["success_url"],
            cancel_url=given.get("cancel_url"),
        )
        session["url"] = f"{self.page_url}/pay/{session['id']}"
        self.intent_facts[session["id"]] = {
            "metadata": dict(intent.get("metadata", {})),
            "description": intent.get("description") or name,
        }
        return session

    def expire_session(self, id: str) -> Thing:
        session = self.load("cs", id, {})
        if session["status"] != "open":
            raise Refused(400, "Only Checkout Sessions with a status in [open] can be expired.")
        self._expire(self.things[id])
        return self.things[id]

    def pay(self, id: str, outcome: str) -> Thing:
        """What a payer does on the hosted page: succeed, decline, delayed or delayed-failure."""
        session = self.things[self.load("cs", id, {})["id"]]
        if session["status"] != "open":
            raise Refused(400, f"This payment page is {session['status']}.")
        intent = self._intent_of(session)
        if outcome == "decline":
            self._fail(intent, DECLINED)
        elif outcome == "succeed":
            session.update(status="complete", payment_status="paid", url=None)
            self._succeed(intent)
            self.happened("checkout.session.completed", session)
        elif outcome in ("delayed", "delayed-failure"):
            intent.update(status="processing", last_payment_error=None)
            session.update(status="complete", url=None)
            self.happened("payment_intent.processing", intent)
            self.happened("checkout.session.completed", session)
            later = threading.Timer(self.delay_seconds, self.settle, (id, outcome == "delayed"))
            later.daemon = True
            later.start()
        else:
            raise Refused(400, f"There is no outcome called {outcome}.", param="outcome")
        return session

    def settle(self, id: str, paid: bool) -> None:
        """What the bank says of a delayed payment, days later in life and seconds later here."""
        with self.lock:
            session = self.things[id]
            intent = self.things[session["payment_intent"]]
            if intent["status"] != "processing":
                return
            if paid:
                session.update(payment_status="paid")
                self._succeed(intent)
                self.happened("checkout.session.async_payment_succeeded", session)
            else:
                self._fail(intent, DEBIT_RETURNED)
                self.happened("checkout.session.async_payment_failed", session)

    # Payment intents, refunds, customers

    def new_intent(self, given: Mapping[str, Any]) -> Thing:
        if "payment_method_types" in given:
            raise types_refused()
        intent = self.new(
            "pi",
            "payment_intent",
            amount=int(given["amount"]),
            amount_received=0,
            currency=str(given["currency"]).lower(),
            customer=given.get("customer"),
            description=given.get("description"),
            last_payment_error=None,
            latest_charge=None,
            metadata=dict(given.get("metadata", {})),
            status="requires_payment_method",
        )
        self.happened("payment_intent.created", intent)
        if given.get("confirm") == "true":
            if "decline" in given.get("payment_method", ""):
                self._fail(intent, DECLINED)
                raise Refused(402, **DECLINED, payment_intent=intent)
            self._succeed(intent)
        return intent

    def refund(self, given: Mapping[str, Any]) -> Thing:
        intent = self.load("pi", given.get("payment_intent", ""), {})
        charge = self.things[intent["latest_charge"]]
        left = charge["amount"] - charge["amount_refunded"]
        amount = int(given.get("amount", left))
        if amount > left:
            message = "Refund amount is greater than unrefunded amount on charge"
            raise Refused(400, message, "amount_too_large", param="amount")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        refund = self.new(
            "re",
            "refund",
            amount=amount,
            charge=charge["id"],
            currency=charge["currency"],
            metadata=dict(given.get("metadata", {})),
            payment_intent=intent["id"],
            status="succeeded",
        )
        self.happened("refund.created", refund)
        self.happened("charge.refunded", charge)
        return refund

    def new_customer(self, given: Mapping[str, Any]) -> Thing:
        known = {key: given.get(key) for key in ("email", "name", "phone")}
        return self.new("cus", "customer", metadata=dict(given.get("metadata", {})), **known)

    # How objects move

    def _intent_of(self, session: Thing) -> Thing:
        """The session's payment intent; it comes into being with the payer's first attempt."""
        if session["payment_intent"] is None:
            facts = self.intent_facts[session["id"]]
            given = {"amount": session["amount_total"], "currency": session["currency"], **facts}
            session["payment_intent"] = self.new_intent(given)["id"]
        return self.things[session["payment_intent"]]

    def _succeed(self, intent: Thing) -> None:
        charge = self.new(
            "ch",
            "charge",
            amount=intent["amount"],
            amount_refunded=0,
            currency=intent["currency"],
            disputed=False,
            metadata=intent["metadata"],
            paid=True,
            payment_intent=intent["id"],
            refunded=False,
            status="succeeded",
        )
        intent.update(status="succeeded", last_payment_error=None, latest_charge=charge["id"])
        intent.update(amount_received=intent["amount"])
        self.happened("charge.succeeded", charge)
        self.happened("payment_intent.succeeded", intent)

    def _fail(self, intent: Thing, why: Thing) -> None:
        intent.update(status="requires_payment_method", last_payment_error=dict(why))
        self.happened("payment_intent.payment_failed", intent)

    def _expire_if_due(self, thing: Thing) -> None:
        due = thing["object"] == "checkout.session" and thing["expires_at"] <= time.time()
        if due and thing["status"] == "open":
            self._expire(thing)

    def _expire(self, session: Thing) -> None:
        session.update(status="expired", url=None)
        if session["payment_intent"]:
            intent = self.things[session["payment_intent"]]
            intent.update(status="canceled", cancellation_reason="automatic")
            self.happened("payment_intent.canceled", intent)
        self.happened("checkout.session.expired", session)

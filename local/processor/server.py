"""The HTTP side of the stand-in: the API with its keys and idempotency, and the hosted page."""

import json
import re
import secrets
import threading
from collections.abc import Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.processor.checks import Refused
from local.processor.objects import Objects
from local.processor.page import missing_page, payment_page
from local.processor.webhooks import Deliveries

PREFIXES = {
    "checkout/sessions": "cs",
    "payment_intents": "pi",
    "charges": "ch",
    "customers": "cus",
    "refunds": "re",
    "events": "evt",
}
BODY_OCTETS_MAX = 1_000_000
LIST_OR_ONE = re.compile(r"/v1/(" + "|".join(PREFIXES) + r")(?:/([A-Za-z0-9_]+))?(?:/(expire))?")


class Standin:
    """A running stand-in. Port 0 takes a free one; `url` says which."""

    def __init__(
        self,
        port: int = 0,
        webhook: str | None = None,
        secret: str = "whsec_local",
        key: str = "sk_test_local",
        delay_seconds: float = 5.0,
        page_url: str | None = None,
    ) -> None:
        self.key = key
        self.replies_to_lose = 0  # for tests: do what was asked and hang up without an answer
        self.requests: list[tuple[str, str]] = []
        self.answered: dict[str, tuple[tuple[str, bytes], tuple[int, Any]]] = {}
        self.deliveries = Deliveries(webhook, secret)
        self.server = ThreadingHTTPServer(("127.0.0.1", port), _handler_for(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.objects = Objects(self.deliveries.add, page_url or self.url, delay_seconds)

    def start(self) -> "Standin":
        serve = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        serve.start()
        return self

    def stop(self) -> None:
        self.deliveries.close()
        self.server.shutdown()
        self.server.server_close()

    def forget(self) -> None:
        """Begin again with nothing."""
        with self.objects.lock:
            self.objects.things.clear()
            self.objects.intent_facts.clear()
            self.answered.clear()
            self.requests.clear()
            self.replies_to_lose = 0

    def __enter__(self) -> "Standin":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # The API

    def answer(self, method: str, target: str, headers: Message, body: bytes) -> tuple[int, Any]:
        """Status and body of a call; a repeated Idempotency-Key gets the first answer again."""
        with self.objects.lock:
            self.requests.append((method, target))
            if headers.get("Authorization") != f"Bearer {self.key}":
                return 401, Refused(401, "Invalid API Key provided").body
            key = headers.get("Idempotency-Key") if method == "POST" else None
            if key in self.answered:
                asked, answer = self.answered[key]
                return answer if asked == (target, body) else _other_parameters()
            try:
                answer = 200, self._route(method, target, body)
            except Refused as refused:
                answer = refused.status, refused.body
            if key and answer[0] != 400:  # a request refused before it began is not remembered
                frozen = json.loads(json.dumps(answer[1]))
                self.answered[key] = (target, body), (answer[0], frozen)
            return answer

    def _route(self, method: str, target: str, body: bytes) -> Any:
        parts = urlsplit(target)
        match = LIST_OR_ONE.fullmatch(parts.path)
        if not match:
            raise Refused(404, f"Unrecognized request URL ({method}: {parts.path}).")
        kind, id, verb = match.groups()
        if method == "GET" and not verb:
            query = unflattened(parts.query)
            prefix = PREFIXES[kind]
            return self.objects.load(prefix, id, query) if id else self.objects.list(prefix, query)
        given = unflattened(body.decode())
        match kind, id, verb:
            case "checkout/sessions", None, None:
                return self.objects.open_session(given)
            case "checkout/sessions", str(), "expire":
                return self.objects.expire_session(id)
            case "payment_intents", None, None:
                return self.objects.new_intent(given)
            case "refunds", None, None:
                return self.objects.refund(given)
            case "customers", None, None:
                return self.objects.new_customer(given)
        raise Refused(404, f"Unrecognized request URL ({method}: {parts.path}).")

    # The hosted page

    def show(self, id: str, problem: str = "") -> tuple[int, str]:
        with self.objects.lock:
            try:
                session = self.objects.load("cs", id, {})
            except Refused:
                return 404, missing_page()
            return 200, payment_page(session, self.objects.intent_facts[id]["description"], problem)

    def pay(self, id: str, outcome: str) -> tuple[int, str]:
        """303 and where to go next, or 200 and the page with what went wrong."""
        with self.objects.lock:
            try:
                session = self.objects.pay(id, outcome)
            except Refused as refused:
                return self.show(id, str(refused))
            if session["status"] == "open":
                return self.show(id, "Your card was declined. Nothing was taken.")
            return 303, session["success_url"].replace("{CHECKOUT_SESSION_ID}", id)


def unflattened(encoded: str) -> dict[str, Any]:
    """`line_items[0][quantity]=1` as nested dictionaries, the way the API reads a form."""
    result: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", key)
        place = result
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return result


def _other_parameters() -> tuple[int, Any]:
    message = "Keys for idempotent requests can only be used with the same parameters."
    return 400, Refused(400, message, type="idempotency_error").body


def _handler_for(standin: Standin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: what was asked is in `Standin.requests`."""

        def do_GET(self) -> None:
            if self.path.startswith("/pay/"):
                self._html(*standin.show(urlsplit(self.path).path.removeprefix("/pay/")))
            else:
                self._json(*standin.answer("GET", self.path, self.headers, b""))

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, BODY_OCTETS_MAX))
            if self.path.startswith("/pay/"):
                outcome = dict(parse_qsl(body.decode())).get("outcome", "")
                status, answer = standin.pay(self.path.removeprefix("/pay/"), outcome)
                self._redirect(answer) if status == 303 else self._html(status, answer)
                return
            answer = standin.answer("POST", self.path, self.headers, body)
            if standin.replies_to_lose > 0:
                standin.replies_to_lose -= 1
                self.close_connection = True
                return
            self._json(*answer)

        def _json(self, status: int, answer: Any) -> None:
            self._send(status, "application/json", json.dumps(answer).encode())

        def _html(self, status: int, page: str) -> None:
            self._send(status, "text/html; charset=utf-8", page.encode())

        def _redirect(self, where: str) -> None:
            self._send(303, "text/plain", b"", {"Location": where})

        def _send(
            self, status: int, kind: str, body: bytes, more: Mapping[str, str] | None = None
        ) -> None:
            self.send_response(status)
            own = {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                "Cache-Control": "no-store",
            }
            own["Request-Id"] = f"req_{secrets.token_hex(7)}"
            for name, value in {**own, **(more or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler

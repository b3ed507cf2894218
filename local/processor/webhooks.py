"""Signing webhooks and bringing them to the endpoint: at least once, in no promised order."""

import hashlib
import heapq
import hmac
import http.client
import itertools
import json
import random
import threading
import time
import urllib.error
import urllib.request
from typing import Any

RETRY_SECONDS = (0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)
TIMEOUT_SECONDS = 15


def signature(body: bytes, secret: str, at: float | None = None) -> str:
    """The Stripe-Signature header of a body, made now unless told otherwise."""
    timestamp = str(int(time.time() if at is None else at))
    signed = timestamp.encode() + b"." + body
    return f"t={timestamp},v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class Deliveries:
    """One thread that posts events, retries what is not answered 2xx, and repeats what it is told.

    duplicates      how many times more than once each event is sent
    spread_seconds  each delivery is delayed by a random share of this, so that siblings overtake
    """

    def __init__(self, url: str | None, secret: str) -> None:
        self.url, self.secret = url, secret
        self.duplicates, self.spread_seconds = 0, 0.0
        self.sent: list[tuple[str, str, int]] = []  # event id, type, status (0: no answer)
        self._due: list[tuple[float, int, int, dict[str, Any]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._run, daemon=True, name="webhooks").start()

    def add(self, event: dict[str, Any]) -> None:
        if self.url is None:
            return
        with self._changed:
            for _ in range(1 + self.duplicates):
                self._push(random.random() * self.spread_seconds, 0, event)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _push(self, seconds: float, attempt: int, event: dict[str, Any]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), attempt, event))
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not self._is_due():
                    wait = self._due[0][0] - time.monotonic() if self._due else None
                    self._changed.wait(wait)
                if self._closed:
                    return
                _, _, attempt, event = heapq.heappop(self._due)
            status = self._post(event)
            with self._changed:
                self.sent.append((event["id"], event["type"], status))
                if not 200 <= status < 300 and attempt < len(RETRY_SECONDS):
                    self._push(RETRY_SECONDS[attempt], attempt + 1, event)

    def _is_due(self) -> bool:
        return bool(self._due) and self._due[0][0] <= time.monotonic()

    def _post(self, event: dict[str, Any]) -> int:
        body = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, self.secret),  # signed anew for every attempt
            "User-Agent": "Demarc processor stand-in",
        }
        request = urllib.request.Request(self.url or "", data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, http.client.HTTPException):
            return 0

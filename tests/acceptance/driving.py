"""Asking a running system from outside: its doors, its workflows, its processor; and killing it."""

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from local.context import PROCESSOR_KEY, WEBHOOK_SECRET, Context
from local.processor.webhooks import signature

PATIENCE_SECONDS = 90
FORM = {"content-type": "application/x-www-form-urlencoded"}


def asked(
    port: int, method: str, path: str, body: str | bytes | None = None, headers: Any = None
) -> tuple[int, str, bytes]:
    """Status, where it leads, and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("location") or "", answer.read()
    finally:
        connection.close()


def at_once(*asks: Callable[[], Any]) -> list[Any]:
    """All of them begin in the same moment; their results in the order given."""
    gate = threading.Barrier(len(asks))

    def begin(ask: Callable[[], Any]) -> Any:
        gate.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as threads:
        return list(threads.map(begin, asks))


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(1)


def start(system: Context, machine: str, given: dict[str, Any]) -> None:
    """One more execution, under a name of its own."""
    arn, name = system.outputs[machine], f"again-{uuid4().hex[:8]}"
    client = system.client("stepfunctions")
    client.start_execution(stateMachineArn=arn, name=name, input=json.dumps(given))


def wait_for_executions(system: Context, machine: str) -> None:
    client = system.client("stepfunctions")
    running = {"stateMachineArn": system.outputs[machine], "statusFilter": "RUNNING"}
    eventually(lambda: not client.list_executions(**running)["executions"])


@contextmanager
def killing(
    system: Context, functions: Sequence[str], kills: int, chance: Random
) -> Iterator[list[str]]:
    """Within, so many workers of these functions die without a word, each a while into its work."""
    ours, over = f"{system.directory}/tmp/ministack-lambda", threading.Event()
    killed: list[str] = []

    def kill() -> None:
        while len(killed) < kills and not over.is_set():
            found = [
                (pid, name)
                for pid, line in processes()
                for name in functions
                if ours in line and name in line
            ]
            if not found:
                time.sleep(0.02)
                continue
            pid, name = chance.choice(found)
            time.sleep(chance.random() * 0.5)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed.append(name)
            time.sleep(0.3)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def processes() -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append((int(place.parent.name), place.read_bytes().decode(errors="replace")))
        except OSError:  # it ended meanwhile
            continue
    return found


def click(system: Context, token: str) -> str:
    """The address of the hosted page that the button of a pay link leads to."""
    headers = FORM | {"origin": system.portal_url}
    status, page, _ = asked(system.ports.portal, "POST", f"/pay/{token}", "", headers)
    assert status == 303
    return page


def pay(system: Context, page: str) -> list[dict[str, Any]]:
    """Pay on a hosted page; the events that a processor may send about it."""
    port, session = system.ports.processor, page.rpartition("/")[2]
    asked(port, "POST", f"/pay/{session}", "outcome=succeed", FORM)
    bearer = {"authorization": f"Bearer {PROCESSOR_KEY}"}

    def load(path: str) -> dict[str, Any]:
        return json.loads(asked(port, "GET", path, None, bearer)[2])

    checkout = load(f"/v1/checkout/sessions/{session}")
    intent = load(f"/v1/payment_intents/{checkout['payment_intent']}")
    return [
        an_event("payment_intent.created", intent),
        an_event("payment_intent.succeeded", intent),
        an_event("checkout.session.completed", checkout),
    ]


def an_event(kind: str, thing: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "type": kind,
        "data": {"object": thing},
    }


def deliver(system: Context, event: dict[str, Any]) -> int:
    """Bring an event to the webhook, signed; the status of the answer."""
    body = json.dumps(event).encode()
    headers = {"stripe-signature": signature(body, WEBHOOK_SECRET)}
    return asked(system.ports.portal, "POST", "/webhooks/stripe", body, headers)[0]

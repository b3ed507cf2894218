"""The pay link, the processor's page, its webhooks, and the books after them."""

import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.context import PROCESSOR_KEY, WEBHOOK_SECRET
from local.demo.api import Answer, send, send_form
from local.demo.world import World
from local.processor.webhooks import signature

AGAIN = 10
STALE_SECONDS = 3600


def pay(world: World) -> None:
    """Look at the bill, be declined once, then pay."""
    journal = world.journal
    journal.step("The customer pays by the link")
    page = send("GET", world.pay_url, {"Accept": "text/html"})
    bill = send("GET", world.pay_url, {"Accept": "application/json"}).json
    journal.must(
        page.status == 200 and bill["number"] in page.text,
        f"the link shows {bill['number']}, {bill['open']['value']} {bill['open']['unit']} open",
    )
    opened = send_form(world.pay_url, {})
    hosted = opened.headers.get("location", "")
    journal.must(opened.status == 303 and hosted, f"its button leads to {urlsplit(hosted).netloc}")
    journal.must(
        send_form(world.pay_url, {}).headers["location"] == hosted, "pressed twice: the same page"
    )
    declined = _press(hosted, "decline")
    journal.must("declined" in declined.text, "a declined card: the page says so, nothing is taken")
    journal.soon(lambda: "payment.failed" in _kinds(world), "the timeline tells of the decline")
    paid = _press(hosted, "succeed")
    back = paid.headers.get("location", "")
    journal.must(paid.status == 303, f"paid; back to {urlsplit(back).path[:8]}…")
    settled = journal.soon(lambda: _settled(world), "the invoice is settled")
    journal.must(
        settled["balance"]["value"] == "0.00", "webhook, queue, ledger: the balance is zero"
    )
    journal.must(send("GET", back).status == 200, "the page it leads back to thanks")
    (payment,) = world.staff.everything("/v1/payments", accountId=world.account_id)
    journal.fact(f"payment {payment['id']}: {payment['state']}, {payment['amount']['value']} EUR")
    for event in reversed(_timeline(world)):
        journal.fact(f"  {event['at'][:19]} {event['kind']:22} {event['text']}")


def repeat_webhooks(world: World) -> None:
    """Every event ten times more; then a forged and a stale one."""
    journal, context = world.journal, world.context
    journal.step("Webhooks come again, and some are not the processor's")
    before = _timeline(world), _books(world)
    events = _events(world)
    for _ in range(AGAIN):
        for event in events:
            body = json.dumps(event).encode()
            answer = _deliver(world, body, signature(body, WEBHOOK_SECRET))
            if answer.status != 200:
                journal.wrong(f"a webhook that came before is accepted, not {answer.status}")
    queue = context.client("sqs")

    def drained() -> bool:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = queue.get_queue_attributes(
            QueueUrl=context.outputs["PaymentsQueue"], AttributeNames=list(names)
        )["Attributes"]
        return all(int(found[name]) == 0 for name in names)

    journal.soon(drained, "the queue of payments is empty")
    journal.must(
        (_timeline(world), _books(world)) == before,
        f"{len(events)} events {AGAIN} times more: one posting, one timeline",
    )
    body = json.dumps(events[0]).encode()
    forged = _deliver(world, body, signature(body, "whsec_somebody_else"))
    stale = _deliver(world, body, signature(body, WEBHOOK_SECRET, time.time() - STALE_SECONDS))
    journal.must(
        (forged.status, stale.status) == (400, 400),
        f"forged and stale ones: refused (400), {forged.json['detail']}",
    )


def _press(page: str, outcome: str) -> Answer:
    return send_form(page, {"outcome": outcome})


def _settled(world: World) -> Any:
    invoice = world.staff.get(f"/v1/invoices/{world.invoice_id}")
    if invoice["state"] != "settled":
        return None
    return world.staff.get(f"/v1/accounts/{world.account_id}")


def _timeline(world: World) -> list[Any]:
    return world.staff.everything(f"/v1/accounts/{world.account_id}/timeline", limit="100")


def _kinds(world: World) -> set[str]:
    return {event["kind"] for event in _timeline(world)}


def _books(world: World) -> Any:
    account = world.staff.get(f"/v1/accounts/{world.account_id}")
    return account["balance"], account["credit"], account["openItems"]


def _events(world: World) -> list[Any]:
    """What the processor told about this payment, as its API lists it."""
    headers = {"Authorization": f"Bearer {PROCESSOR_KEY}"}
    query = urlencode({"limit": 100})
    listed = send("GET", f"{world.context.processor_url}/v1/events?{query}", headers).json["data"]
    return [one for one in listed if world.invoice_id in json.dumps(one)]


def _deliver(world: World, body: bytes, signed: str) -> Answer:
    headers = {"Content-Type": "application/json", "Stripe-Signature": signed}
    return send("POST", f"{world.context.portal_url}/webhooks/stripe", headers, body)

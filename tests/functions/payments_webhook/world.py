"""A customer with bills, the processor's stand-in, and our doors between them, in one process."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
from moto.backends import get_backend

from billing.adapters.checkout import PageUrls, open_checkout_for
from billing.core.charging import Charge
from billing.core.invoicing import Invoice, draft, number
from billing.core.money import Money
from billing.core.party import Account
from billing.core.payment import Hint, to_processor, verified
from billing.core.period import Period
from billing.store import accounts, invoices, ledger, outbox, payments, timeline
from billing.store.access import EVERY_ACCOUNT
from billing.store.timeline import Event
from functions.payments_webhook import receive, worker
from local.processor import Standin
from local.processor.webhooks import signature

ACCOUNT = "acc_01kb0000000000000000000001"
SECRET_NAME = "demarc/test/processor"
WEBHOOK_SECRET = "whsec_test"
URLS = PageUrls("http://127.0.0.1:9/paid", "http://127.0.0.1:9/bill")


class Context:
    """What Lambda tells a handler about its invocation."""

    function_name = "payments"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:payments"
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    milliseconds_left = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds_left


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def open_account(currency: str = "EUR", id: str = ACCOUNT) -> str:
    account = Account(id, f"pty{id[3:]}", "harbour", currency, "en", 1, date(2026, 1, 1))
    accounts.save_new_account(account, Event("account.opened", "staff:t", id, "opened", now()))
    return id


def issue_invoice(total: str, month: int = 10, account_id: str = ACCOUNT) -> Invoice:
    """An invoice over a total without tax, due in the middle of the month after."""
    period = Period(date(2026, month, 1), date(2026, month + 1, 1), "Europe/Dublin")
    amount = Money.parse(total, ledger.position(account_id).balance.currency)
    line = Charge(
        subscription_id="sub_1",
        service_id="svc_1",
        code="access",
        kind="recurring",
        description="Fibre 100",
        price_ref=("fibre-100", 1),
        span=(period.start, period.end),
        quantity="1",
        unit="month",
        amount=amount,
        tax_category="none",
        key=f"{month}",
        facts={"rule": "entered", "by": "staff:t", "amount": amount.to_wire()},
    )
    made = draft(
        account_id=account_id,
        run_id=f"run_{month:02d}",
        revision=1,
        period=period,
        currency=amount.currency,
        language="en",
        seller={"id": "harbour"},
        buyer={"name": "Zoë"},
        charges=[line],
        taxes=[],
        counted=[],
        pay_token=f"token-{account_id}-{month}",
    )
    issued = number(
        made, f"HW-{account_id[-2:]}-{month:02d}", period.end, period.end.replace(day=15)
    )
    invoices.issue(issued, Event("invoice.issued", "system:t", issued.id, "issued", now()))
    return issued


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class World:
    standin: Standin
    queue_url: str

    # The payer

    def click_pay(self, invoice: Invoice) -> str:
        return open_checkout_for(invoice, now(), URLS)

    def choose(self, url: str, outcome: str) -> None:
        """Press a button on the hosted page."""
        self.standin.pay(urllib.parse.urlsplit(url).path.removeprefix("/pay/"), outcome)

    def pay(self, invoice: Invoice, outcome: str = "succeed") -> None:
        self.choose(self.click_pay(invoice), outcome)

    def pay_directly(self, amount: Money, **metadata: str) -> str:
        """Money that arrives without one of our pages; the id of the payment intent."""
        given = {"amount": str(to_processor(amount)), "currency": amount.currency}
        paid = self.standin.objects.new_intent({**given, "metadata": metadata, "confirm": "true"})
        return paid["id"]

    def bank_decides(self, invoice: Invoice, paid: bool) -> None:
        """What becomes of a delayed payment."""
        attempt = payments.latest_attempt(invoice.id)
        assert attempt is not None
        self.standin.objects.settle(attempt.session_id, paid)

    # What the processor tells us

    def events(self) -> list[dict[str, Any]]:
        """Every event so far, oldest first."""
        found = self.standin.objects.list("evt", {"limit": 100})["data"]
        return [json.loads(json.dumps(event)) for event in reversed(found)]

    def post_webhook(
        self, event: dict[str, Any] | bytes, header: str | None = None, *, as_base64: bool = False
    ) -> dict[str, Any]:
        """POST /webhooks/stripe as API Gateway hands it over (payload format 2.0)."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        header = signature(body, WEBHOOK_SECRET) if header is None else header
        return receive.lambda_handler(api_event(body, header, as_base64), Context())

    def hints(self) -> list[Hint]:
        """The events as the worker meets them, verified."""
        bodies = [json.dumps(event).encode() for event in self.events()]
        signed = [(body, signature(body, WEBHOOK_SECRET)) for body in bodies]
        return [verified(body, header, [WEBHOOK_SECRET], now(), False) for body, header in signed]

    def intent(self) -> dict[str, Any]:
        """The one payment intent at the processor."""
        (found,) = self.standin.objects.list("pi", {})["data"]
        return found

    def deliver(self, events: Iterable[dict[str, Any]]) -> None:
        """Each event through our door, then everything in the queue through the worker."""
        for event in events:
            assert self.post_webhook(event)["statusCode"] == 200
        assert self.work() == []

    def deliver_all(self) -> None:
        self.deliver(self.events())

    def work(self) -> list[str]:
        """Empty the queue through the worker; the ids of messages that it gives back."""
        messages = self.take_messages()
        if not messages:
            return []
        answer = worker.lambda_handler(sqs_event(messages), Context())
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def take_messages(self) -> list[dict[str, Any]]:
        sqs, found = boto3.client("sqs"), []
        while batch := sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in batch:
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
            found += batch
        return found


def api_event(body: bytes, header: str, as_base64: bool = False) -> dict[str, Any]:
    text = base64.b64encode(body).decode() if as_base64 else body.decode("utf-8", "replace")
    return {
        "version": "2.0",
        "routeKey": "POST /webhooks/stripe",
        "rawPath": "/webhooks/stripe",
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "stripe-signature": header},
        "requestContext": {"http": {"method": "POST", "path": "/webhooks/stripe"}},
        "body": text,
        "isBase64Encoded": as_base64,
    }


def sqs_event(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:payments",
                "awsRegion": "eu-west-1",
            }
            for message in messages
        ]
    }


# What stands in our books


def postings(account_id: str = ACCOUNT) -> list[tuple[str, str]]:
    """Kind and amount of every payment posting, oldest first."""
    found = ledger.list_transactions(account_id, EVERY_ACCOUNT, limit=100).items
    return [
        (entry.account, str(entry.amount))
        for transaction in reversed(found)
        for entry in transaction.entries
        if transaction.kind == "payment"
    ]


def told(account_id: str = ACCOUNT) -> list[str]:
    """The payments' part of the account's timeline, oldest first."""
    events = timeline.list_events(account_id, EVERY_ACCOUNT, limit=100).items
    return [event.kind for event in reversed(events) if event.kind.startswith("payment.")]


def receipts(account_id: str = ACCOUNT) -> list[str]:
    """Receipts that wait to be sent."""
    due = outbox.due(now() + timedelta(days=1), limit=1000)
    return [one.kind for one in due if one.account_id == account_id]


def books(account_id: str = ACCOUNT) -> dict[str, Any]:
    """Everything a payment may change, as one value to compare."""
    position = ledger.position(account_id)
    return {
        "balance": str(position.balance),
        "credit": str(position.credit),
        "open": [(item.number, str(item.open)) for item in position.items],
        "postings": postings(account_id),
        "told": told(account_id),
        "receipts": receipts(account_id),
        "payments": [
            (one.object_id, str(one.state))
            for one in payments.list_payments(account_id, EVERY_ACCOUNT).items
        ],
    }


def begin_again(world: "World") -> None:
    """Empty tables with the account opened anew, and a processor that knows nothing."""
    for table in get_backend("dynamodb")["123456789012"]["eu-west-1"].tables.values():
        table.items.clear()
    world.standin.forget()
    open_account()


def put_secret(**fields: Any) -> None:
    text = json.dumps({"api_key": "sk_test_local", "webhook_secrets": [WEBHOOK_SECRET], **fields})
    client = boto3.client("secretsmanager")
    try:
        client.create_secret(Name=SECRET_NAME, SecretString=text)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=SECRET_NAME, SecretString=text)


def make_queue() -> str:
    return boto3.client("sqs").create_queue(QueueName="payments")["QueueUrl"]

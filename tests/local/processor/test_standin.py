"""The stand-in, asked by the processor's own library over loopback."""

import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import stripe

from local.processor import Standin

SECRET = "whsec_test"


class Endpoint:
    """Our side of the webhooks: verified by the processor's own library, answered as told."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.answers: list[int] = []  # statuses to give before 200
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = endpoint.answers.pop(0) if endpoint.answers else 200
                if status == 200:
                    event = stripe.Webhook.construct_event(
                        body, self.headers["Stripe-Signature"], SECRET
                    )
                    endpoint.events.append(event)
                self.send_response(status)
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/stripe"
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def wait_for(self, count: int) -> list[str]:
        until = time.monotonic() + 10
        while len(self.events) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.types()


@pytest.fixture
def endpoint():
    found = Endpoint()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def standin(endpoint):
    with Standin(webhook=endpoint.url, secret=SECRET, delay_seconds=0.05) as running:
        yield running


def client_of(standin: Standin, key: str = "sk_test_local", retries: int = 0):
    return stripe.StripeClient(
        key, base_addresses={"api": standin.url}, max_network_retries=retries
    )


def session_params(**changes):
    return {
        "mode": "payment",
        "success_url": "http://127.0.0.1:9/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/bill",
        "client_reference_id": "inv_1",
        "metadata": {"invoice_id": "inv_1"},
        "payment_intent_data": {"metadata": {"invoice_id": "inv_1"}, "description": "Invoice 7"},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": 1234,
                    "product_data": {"name": "Invoice 7"},
                },
            }
        ],
        **changes,
    }


def opened(standin: Standin, **changes):
    return client_of(standin).v1.checkout.sessions.create(params=session_params(**changes))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def choose(session, outcome: str) -> tuple[int, str]:
    """Press a button of the hosted page: status, and where it leads or what it shows."""
    form = urllib.parse.urlencode({"outcome": outcome}).encode()
    request = urllib.request.Request(session.url, data=form, method="POST")
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", "")


def shown(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def test_a_session_takes_currency_and_amount_from_its_price(standin):
    session = opened(standin)
    assert (session.currency, session.amount_total) == ("eur", 1234)
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert session.payment_intent is None  # it comes with the payer's first try


def test_paying_completes_the_session_and_tells_so_signed(standin, endpoint):
    session = opened(standin)
    status, leads_to = choose(session, "succeed")
    assert (status, leads_to) == (303, f"http://127.0.0.1:9/done?session={session.id}")
    assert endpoint.wait_for(4) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    session = client_of(standin).v1.checkout.sessions.retrieve(session.id)
    intent = client_of(standin).v1.payment_intents.retrieve(
        session.payment_intent, params={"expand": ["latest_charge"]}
    )
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert (intent.status, intent.amount_received) == ("succeeded", 1234)
    assert intent.latest_charge.payment_intent == intent.id
    assert intent.metadata["invoice_id"] == "inv_1"


def test_a_declined_card_may_be_tried_again_on_the_same_page(standin):
    session = opened(standin)
    status, page = choose(session, "decline")
    assert status == 200
    assert "Your card was declined" in page
    first = client_of(standin).v1.checkout.sessions.retrieve(session.id)
    intent = client_of(standin).v1.payment_intents.retrieve(first.payment_intent)
    assert (first.status, intent.last_payment_error.code) == ("open", "card_declined")

    assert choose(session, "succeed")[0] == 303
    second = client_of(standin).v1.checkout.sessions.retrieve(session.id)
    assert (second.payment_intent, second.status) == (first.payment_intent, "complete")


@pytest.mark.parametrize(
    ("outcome", "told", "payment_status"),
    [
        ("delayed", "checkout.session.async_payment_succeeded", "paid"),
        ("delayed-failure", "checkout.session.async_payment_failed", "unpaid"),
    ],
)
def test_a_delayed_payment_completes_unpaid_and_is_decided_later(
    standin, endpoint, outcome, told, payment_status
):
    session = opened(standin)
    choose(session, outcome)
    types = endpoint.wait_for(5 + (outcome == "delayed"))
    assert types.index("checkout.session.completed") < types.index(told)
    session = client_of(standin).v1.checkout.sessions.retrieve(session.id)
    assert (session.status, session.payment_status) == ("complete", payment_status)


def test_an_expired_session_cannot_be_paid(standin, endpoint):
    session = opened(standin)
    expired = client_of(standin).v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    assert endpoint.wait_for(1) == ["checkout.session.expired"]
    assert "expired" in choose(session, "succeed")[1]
    with pytest.raises(stripe.InvalidRequestError, match="status in"):
        client_of(standin).v1.checkout.sessions.expire(session.id)


def test_the_same_key_gets_the_same_session_and_other_parameters_are_refused(standin):
    def create(**changes):
        return client_of(standin).v1.checkout.sessions.create(
            params=session_params(**changes), options={"idempotency_key": "inv_1:checkout:1"}
        )

    assert create().id == create().id
    with pytest.raises(stripe.IdempotencyError):
        create(client_reference_id="inv_2")


def test_a_lost_reply_is_asked_for_again_under_its_key(standin):
    standin.replies_to_lose = 1
    created = client_of(standin, retries=2).v1.checkout.sessions.create(params=session_params())
    listed = client_of(standin).v1.checkout.sessions.list()
    assert [session.id for session in listed.data] == [created.id]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported"),
        ({"invented": "1"}, "parameter_unknown"),
        ({"line_items": None}, "parameter_missing"),
        ({"expires_at": 1}, None),
        ({"mode": "subscription"}, None),
    ],
)
def test_what_the_processor_would_refuse_is_refused(standin, changes, code):
    params = {k: v for k, v in session_params(**changes).items() if v is not None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client_of(standin).v1.checkout.sessions.create(params=params)
    assert (refused.value.http_status, refused.value.code) == (400, code)


def test_another_key_opens_nothing(standin):
    with pytest.raises(stripe.AuthenticationError):
        client_of(standin, key="sk_test_other").v1.checkout.sessions.list()


def test_an_unknown_object_is_missing(standin):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client_of(standin).v1.payment_intents.retrieve("pi_unknown")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_a_refund_is_never_above_what_was_charged(standin):
    session = opened(standin)
    choose(session, "succeed")
    paid = client_of(standin).v1.checkout.sessions.retrieve(session.id).payment_intent
    client = client_of(standin)
    assert client.v1.refunds.create(params={"payment_intent": paid, "amount": 1000}).amount == 1000
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create(params={"payment_intent": paid, "amount": 235})


def test_a_direct_payment_intent_may_be_confirmed_or_declined(standin):
    client = client_of(standin)
    asked = {"amount": 500, "currency": "eur", "confirm": True}
    paid = client.v1.payment_intents.create(params={**asked, "payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"
    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.create(params={**asked, "payment_method": "pm_card_decline"})
    assert (declined.value.http_status, declined.value.code) == (402, "card_declined")


def test_a_customer_is_remembered(standin):
    made = client_of(standin).v1.customers.create(params={"email": "a@example.org"})
    assert client_of(standin).v1.customers.retrieve(made.id).email == "a@example.org"


def test_events_are_listed_newest_first_and_paged(standin):
    choose(opened(standin), "succeed")
    client = client_of(standin)
    first = client.v1.events.list(params={"limit": 3})
    assert (len(first.data), first.has_more) == (3, True)
    rest = client.v1.events.list(params={"limit": 3, "starting_after": first.data[-1].id})
    assert [e.type for e in (*first.data, *rest.data)][-1] == "payment_intent.created"
    assert client.v1.events.retrieve(first.data[0].id).type == "checkout.session.completed"


def test_an_endpoint_that_fails_is_tried_again_with_a_new_signature(standin, endpoint, monkeypatch):
    monkeypatch.setattr("local.processor.webhooks.RETRY_SECONDS", (0.01, 0.01))
    endpoint.answers = [500, 503]
    client_of(standin).v1.checkout.sessions.expire(opened(standin).id)
    assert endpoint.wait_for(1) == ["checkout.session.expired"]
    until = time.monotonic() + 5
    while len(standin.deliveries.sent) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert [status for _, _, status in standin.deliveries.sent] == [500, 503, 200]


def test_on_request_events_come_twice_and_overtake_each_other(standin, endpoint):
    standin.deliveries.duplicates, standin.deliveries.spread_seconds = 2, 0.3
    choose(opened(standin), "succeed")
    types = endpoint.wait_for(12)
    assert sorted(types) == sorted(
        3
        * [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.succeeded",
            "checkout.session.completed",
        ]
    )
    assert len({event.id for event in endpoint.events}) == 4


def test_the_page_says_that_it_is_a_test_and_loads_nothing_from_elsewhere(standin):
    page = shown(opened(standin).url)
    assert "Test payment page" in page
    assert "12.34 EUR" in page
    assert "Invoice 7" in page
    assert "http://127.0.0.1:9/bill" in page
    assert not any(foreign in page for foreign in ("<script", "<link", "<img", "@import", "https:"))


def test_the_page_writes_names_as_text(standin):
    intent = {"description": "<script>alert(1)</script>"}
    page = shown(opened(standin, payment_intent_data=intent).url)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_page_that_is_not_there_says_so(standin):
    with pytest.raises(urllib.error.HTTPError) as missing:
        shown(f"{standin.url}/pay/cs_test_unknown")
    assert missing.value.code == 404


def test_it_listens_on_loopback_only(standin):
    assert standin.server.server_address[0] == "127.0.0.1"

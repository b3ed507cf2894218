"""The stored key: enough to take money, and no more. The answers are recorded, as the API gives."""

import json

import pytest
import stripe

from local.doctor import payments
from local.doctor.finding import State

STORED = {"api_key": "rk_live_1", "webhook_secrets": ["whsec_1"]}
FORBIDDEN = 403, {"error": {"type": "invalid_request_error", "message": "does not have access"}}
UNKNOWN_KEY = 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}
MISSING = 400, {"error": {"type": "invalid_request_error", "code": "parameter_missing"}}
LIST = 200, {"object": "list", "data": [], "has_more": False}
RIGHT = {
    "/v1/checkout/sessions": MISSING,
    "/v1/payment_intents": LIST,
    "/v1/charges": LIST,
    "/v1/balance": FORBIDDEN,
    "/v1/payouts": FORBIDDEN,
    "/v1/refunds": FORBIDDEN,
}


class Recorded(stripe.HTTPClient):
    """The processor's answers by path; what was asked is kept."""

    name = "recorded"

    def __init__(self, answers):
        super().__init__()
        self.answers, self.asked = answers, []

    def request(self, method, url, headers, post_data=None):
        path = url.partition("api.stripe.com")[2].partition("?")[0]
        self.asked.append((method, path, post_data))
        status, body = self.answers[path]
        return json.dumps(body), status, {}


def found(answers=RIGHT, stored=STORED):
    return payments.findings(stored, "prod", Recorded(answers))


def test_a_restricted_key_with_just_what_is_needed_is_fine():
    assert {one.state for one in found()} == {State.FINE}


def test_every_question_is_one_that_changes_nothing():
    asked = Recorded(RIGHT)
    payments.findings(STORED, "prod", asked)

    assert [body for method, _, body in asked.asked if method == "post" and body] == []


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/v1/checkout/sessions", FORBIDDEN, "The key lacks Checkout Sessions: write"),
        ("/v1/payment_intents", FORBIDDEN, "The key lacks PaymentIntents: read"),
        ("/v1/charges", FORBIDDEN, "The key lacks Charges: read"),
        ("/v1/refunds", MISSING, "The key may do more than it needs: Refunds: write"),
        ("/v1/balance", LIST, "The key may do more than it needs: Balance: read"),
    ],
)
def test_too_little_and_too_much_are_named(path, answer, said):
    assert [one.said for one in found({**RIGHT, path: answer}) if one.state is State.FIX] == [said]


def test_a_key_that_was_rolled_is_not_known_any_more():
    answers = dict.fromkeys(RIGHT, UNKNOWN_KEY)

    assert "does not know" in found(answers)[0].said


def test_a_key_that_may_do_everything_is_to_be_replaced():
    assert "may do everything" in found(stored={**STORED, "api_key": "sk_live_1"})[0].said


def test_a_test_key_takes_no_money_and_that_is_said():
    states = {one.state for one in found(stored={**STORED, "api_key": "rk_test_1"})}
    assert states == {State.FINE, State.LOOK}


def test_nothing_stored_is_two_things_to_fix():
    nothing = found(stored={"api_key": "", "webhook_secrets": []})
    assert [one.state for one in nothing] == [State.FIX, State.FIX]

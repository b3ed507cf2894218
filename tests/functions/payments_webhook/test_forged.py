"""Webhooks that are forged, stale, of another mode or malformed, each through the real door.

None is accepted, none is a 500, none leaves a row or a message. What changes nothing that was
signed is no forgery: it is accepted, and has one effect however often it comes.
"""

import base64
import gzip
import hashlib
import hmac
import json
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from moto.backends import get_backend

from billing.core.payment import WebhookRefused, verified
from functions.payments_webhook import receive
from local.processor.webhooks import signature
from tests.functions.payments_webhook.world import (
    ACCOUNT,
    WEBHOOK_SECRET,
    Context,
    World,
    books,
    issue_invoice,
    put_secret,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PREVIOUS, RETIRED, OTHER_ENDPOINTS = "whsec_previous", "whsec_retired", "whsec_other_endpoint"
EVENT = {
    "id": "evt_1",
    "object": "event",
    "created": int(NOW.timestamp()),
    "livemode": False,
    "type": "payment_intent.succeeded",
    "data": {"object": {"id": "pi_1", "object": "payment_intent", "amount": 5000}},
}
BODY = json.dumps(EVENT).encode()
T = str(int(NOW.timestamp()))


def mac(body: bytes, t: str = T, secret: str = WEBHOOK_SECRET, digest: Any = hashlib.sha256) -> str:
    return hmac.new(secret.encode(), t.encode() + b"." + body, digest).hexdigest()


GOOD = mac(BODY)
HEADER = f"t={T},v1={GOOD}"


@dataclass(frozen=True)
class Forgery:
    """One request. Of the body's octets and the header, all but what is named is as it should be.

    title  of the problem it is answered with
    """

    why: str
    title: str = "ForgedWebhook"
    header: str | None = HEADER
    body: bytes = BODY
    as_sent: tuple[str | None, bool] | None = None  # text and isBase64Encoded, where they lie
    name: str = "stripe-signature"

    def event(self) -> dict[str, Any]:
        text, in_base64 = self.as_sent or (base64.b64encode(self.body).decode(), True)
        headers = {"content-type": "application/json; charset=utf-8", "user-agent": "Stripe/1.0"}
        if self.header is not None:
            headers[self.name] = self.header
        return gateway_event(headers, text, in_base64)


def gateway_event(headers: Any, body: str | None, in_base64: bool, method: str = "POST") -> Any:
    """As API Gateway's HTTP API hands it over, payload format 2.0."""
    http = {
        "method": method,
        "path": "/webhooks/stripe",
        "protocol": "HTTP/1.1",
        "sourceIp": "192.0.2.7",
        "userAgent": "Stripe/1.0",
    }
    return {
        "version": "2.0",
        "routeKey": "POST /webhooks/stripe",
        "rawPath": "/webhooks/stripe",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "hooks",
            "domainName": "hooks.execute-api.eu-west-1.amazonaws.com",
            "http": http,
            "requestId": "id",
            "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": int(NOW.timestamp() * 1000),
        },
        "body": body,
        "isBase64Encoded": in_base64,
    }


def at(seconds: int, why: str) -> Forgery:
    """Rightly signed, so many seconds from now."""
    t = str(int(T) + seconds)
    return Forgery(why, "StaleWebhook", f"t={t},v1={mac(BODY, t)}")


def signed(body: bytes, why: str, title: str = "MalformedWebhook") -> Forgery:
    """Rightly signed and fresh: only what was signed is wrong."""
    return Forgery(why, title, f"t={T},v1={mac(body)}", body)


def said(why: str, title: str = "MalformedWebhook", **changes: Any) -> Forgery:
    """Rightly signed, with fields of the event changed; None leaves one out."""
    event = {name: value for name, value in {**EVENT, **changes}.items() if value is not None}
    return signed(json.dumps(event).encode(), why, title)


FORGERIES = {
    # the header
    "no header": Forgery("anybody can post", header=None),
    "empty header": Forgery("nothing is proven", header=""),
    "blank header": Forgery("nothing is proven", header=" \t "),
    "only a time": Forgery("nothing is signed", header=f"t={T}"),
    "only a signature": Forgery("no time to be fresh at", header=f"v1={GOOD}"),
    "an empty signature": Forgery("nothing is signed", header=f"t={T},v1="),
    "an empty time": Forgery("no time to be fresh at", header=f"t=,v1={GOOD}"),
    "scheme v0": Forgery("v0 is for the processor's tests", header=f"t={T},v0={GOOD}"),
    "scheme v2": Forgery("a scheme that does not exist", header=f"t={T},v2={GOOD}"),
    "scheme V1": Forgery("names are written in small letters", header=f"t={T},V1={GOOD}"),
    "name of another header": Forgery("not where it belongs", name="signature"),
    "name with a space": Forgery("not the header's name", name="stripe-signature "),
    "semicolons": Forgery("not the separator", header=f"t={T};v1={GOOD}"),
    "a space around =": Forgery("not how it is written", header=f"t = {T},v1 = {GOOD}"),
    "quotes": Forgery("not how it is written", header=f't="{T}",v1="{GOOD}"'),
    "JSON": Forgery("not the form", header=json.dumps({"t": T, "v1": GOOD})),
    "base64": Forgery("not the form", header=base64.b64encode(HEADER.encode()).decode()),
    "percent-encoded": Forgery("not the form", header=HEADER.replace("=", "%3D")),
    "a line break": Forgery("header injection", header=f"t={T}\r\n,v1={GOOD}\r\nx: y"),
    "a NUL": Forgery("what C would cut", header=f"t={T}\x00,v1={GOOD}\x00"),
    "half of a surrogate pair": Forgery("no character", header=f"t={T},v1={GOOD[:-1]}\ud800"),
    "full-width digits": Forgery(
        "int() would read them",
        header=f"t={T.translate({48 + n: 0xFF10 + n for n in range(10)})},v1={GOOD}",
    ),
    "an underscore in the time": Forgery("int() reads it", header=f"t={T[:4]}_{T[4:]},v1={GOOD}"),
    "+ before the time": Forgery("int() would read it", header=f"t=+{T},v1={GOOD}"),
    "a zero before the time": Forgery("not what was signed", header=f"t=0{T},v1={GOOD}"),
    "a time of another second": Forgery("the time is signed", header=f"t={int(T) + 1},v1={GOOD}"),
    "a negative time": Forgery("no time", header=f"t=-{T},v1={mac(BODY, '-' + T)}"),
    "a time with a fraction": Forgery("no time", header=f"t={T}.0,v1={mac(BODY, T + '.0')}"),
    "a time with an exponent": Forgery("no time", header=f"t=1e9,v1={mac(BODY, '1e9')}"),
    "time NaN": Forgery("no time", header=f"t=nan,v1={mac(BODY, 'nan')}"),
    "time Infinity": Forgery("no time", header=f"t=Infinity,v1={mac(BODY, 'Infinity')}"),
    "time 10**40": Forgery("overflows", header=f"t={10**40},v1={mac(BODY, str(10**40))}"),
    "two times, the first right": Forgery("which?", header=f"t={T},t=1,v1={GOOD}"),
    "two times, the last right": Forgery("which?", header=f"t=1,t={T},v1={GOOD}"),
    "the right time twice": Forgery("which?", header=f"t={T},{HEADER}"),
    "two headers joined": Forgery("API Gateway joins repetitions", header=f"{HEADER},{HEADER}"),
    "two headers joined, one foreign": Forgery(
        "a right signature beside a foreign time",
        header=f"t=1,v1={mac(BODY, '1', OTHER_ENDPOINTS)},{HEADER}",
    ),
    "two signatures, one right for another time": Forgery(
        "a signature is of its time",
        header=f"t={int(T) + 5},v1={GOOD},v1={mac(BODY, T, OTHER_ENDPOINTS)}",
    ),
    "eleven signatures": Forgery("no guessing in bulk", header=f"t={T}" + f",v1={GOOD}" * 11),
    "a header of 3 kB": Forgery("no header is that long", header=HEADER + "," + "x" * 3000),
    "a signature in capitals": Forgery("hexdigest is small", header=f"t={T},v1={GOOD.upper()}"),
    "a signature cut short": Forgery("a prefix proves nothing", header=f"t={T},v1={GOOD[:-2]}"),
    "a signature too long": Forgery("not this digest", header=f"t={T},v1={GOOD}00"),
    "a digit changed": Forgery(
        "one digit is enough", header=f"t={T},v1={GOOD[:-1]}{'10'[GOOD[-1] == '1']}"
    ),
    # the key
    "a secret of nobody": Forgery("a guess", header=f"t={T},v1={mac(BODY, secret='whsec_guess')}"),
    "the secret of another endpoint": Forgery(
        "real, but not ours", header=f"t={T},v1={mac(BODY, secret=OTHER_ENDPOINTS)}"
    ),
    "a secret rotated out": Forgery(
        "it has leaked", header=f"t={T},v1={mac(BODY, secret=RETIRED)}"
    ),
    "the empty secret": Forgery("what is unset", header=f"t={T},v1={mac(BODY, secret='')}"),
    "the secret without whsec_": Forgery(
        "not how it keys", header=f"t={T},v1={mac(BODY, secret='test')}"
    ),
    "the publishable key": Forgery(
        "known to all", header=f"t={T},v1={mac(BODY, secret='pk_test')}"
    ),
    "signed by SHA-1": Forgery("a weaker digest", header=f"t={T},v1={mac(BODY, digest='sha1')}"),
    "signed by SHA-512": Forgery("another digest", header=f"t={T},v1={mac(BODY, digest='sha512')}"),
    "a digest without a key": Forgery(
        "anybody can make it", header=f"t={T},v1={hashlib.sha256(BODY).hexdigest()}"
    ),
    "signed without the time": Forgery(
        "it would be fresh for ever",
        header=f"t={T},v1={hmac.new(WEBHOOK_SECRET.encode(), BODY, 'sha256').hexdigest()}",
    ),
    # the time, rightly signed
    "301 s old": at(-301, "a second beyond what is accepted"),
    "a day old": at(-86_400, "a replay"),
    "of 1970": Forgery("a replay", "StaleWebhook", f"t=0,v1={mac(BODY, '0')}"),
    "301 s ahead": at(301, "it would be good for twice as long"),
    "a year ahead": at(31_536_000, "it would be good for a year"),
    "of the year 33658": Forgery(
        "beyond any calendar", "StaleWebhook", f"t={'9' * 12},v1={mac(BODY, '9' * 12)}"
    ),
    # the body, changed after it was signed
    "one byte changed": Forgery("another payment", body=BODY.replace(b"pi_1", b"pi_2")),
    "another amount": Forgery("more money", body=BODY.replace(b"5000", b"9000")),
    "one byte more": Forgery("a line end is signed too", body=BODY + b"\n"),
    "one byte less": Forgery("cut on the way", body=BODY[:-1]),
    "no body": Forgery("nothing was signed", body=b""),
    "the body twice": Forgery("appended", body=BODY + BODY),
    "serialised again": Forgery(
        "same JSON, other bytes", body=json.dumps(EVENT, indent=1).encode()
    ),
    "keys sorted": Forgery(
        "same JSON, other bytes", body=json.dumps(EVENT, sort_keys=True).encode()
    ),
    "a byte order mark": Forgery("an editor put it there", body=b"\xef\xbb\xbf" + BODY),
    "in UTF-16": Forgery("decoded and written again", body=BODY.decode().encode("utf-16")),
    "compressed": Forgery("a proxy did it", body=gzip.compress(BODY, mtime=0)),
    "a NUL behind": Forgery("what C would cut", body=BODY + b"\x00"),
    # the envelope of API Gateway
    "body null": Forgery("no body", as_sent=(None, False)),
    "said to be base64": Forgery("it lies", "MalformedWebhook", as_sent=(BODY.decode(), True)),
    "not said to be base64": Forgery("it lies", as_sent=(base64.b64encode(BODY).decode(), False)),
    "base64 twice": Forgery("decoded once", body=base64.b64encode(BODY)),
    "base64 cut short": Forgery(
        "no base64", "MalformedWebhook", as_sent=(base64.b64encode(BODY).decode()[:-3], True)
    ),
    "base64 with line breaks": Forgery(
        "not how it is sent", "MalformedWebhook", as_sent=(base64.encodebytes(BODY).decode(), True)
    ),
    "base64 not ASCII": Forgery("no base64", "MalformedWebhook", as_sent=("é" * 8, True)),
    "text with half a surrogate pair": Forgery("no character", as_sent=("\ud800", False)),
    # rightly signed, and no event
    "an empty body": signed(b"", "no JSON"),
    "a form": signed(b"id=evt_1&type=payment_intent.succeeded", "no JSON"),
    "XML": signed(b"<event/>", "no JSON"),
    "JSON cut short": signed(BODY[:-1], "no JSON"),
    "JSON and more": signed(BODY + b"{}", "two texts"),
    "signed with a byte order mark": signed(b"\xef\xbb\xbf" + BODY, "RFC 8259 forbids it"),
    "signed in UTF-16": signed(BODY.decode().encode("utf-16"), "RFC 8259 forbids it"),
    "signed in Latin-1": signed(
        json.dumps(EVENT | {"x": "é"}, ensure_ascii=False).encode("latin-1"), "no UTF-8"
    ),
    "signed compressed": signed(gzip.compress(BODY, mtime=0), "no JSON"),
    "a NUL within": signed(BODY.replace(b"pi_1", b"pi\x001"), "JSON has no raw controls"),
    "a list": signed(json.dumps([EVENT]).encode(), "no object"),
    "a number": signed(b"7", "no object"),
    "a text": signed(b'"evt_1"', "no object"),
    "null": signed(b"null", "no object"),
    "nested 100,000 deep": signed(b"[" * 100_000 + b"]" * 100_000, "beyond reading"),
    "objects nested 50,000 deep": signed(
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "beyond reading"
    ),
    "5 MB": signed(b'{"id": "' + b"a" * 5_000_000 + b'"}', "no event is that long"),
    "a number of 10,000 digits": signed(b'{"created": ' + b"9" * 10_000 + b"}", "beyond reading"),
    "NaN": signed(BODY.replace(b"5000", b"NaN"), "no JSON"),
    "Infinity": signed(BODY.replace(b"5000", b"-Infinity"), "no JSON"),
    "a name twice": signed(BODY[:-1] + b', "livemode": false}', "two readers, two meanings"),
    "a name twice within": signed(
        BODY.replace(b'"id": "pi_1"', b'"id": "pi_2", "id": "pi_1"'), "two meanings"
    ),
    "no id": said("no event", id=None),
    "id a number": said("no id", id=7),
    "id a list": said("no id", id=["evt_1"]),
    "id empty": said("no id", id=""),
    "id with a line break": said("breaks log lines", id="evt_1\n"),
    "id with an escape": said("controls a terminal", id="evt_\x1b[2J"),
    "id with a NUL": said("no id", id="evt_1\x00"),
    "id with a key separator": said("another row's key", id="evt_1#EVENT"),
    "id of 300 letters": said("no id", id="evt_" + "a" * 300),
    "id in Cyrillic": said("looks alike", id="еvt_1"),
    "no object": said("no event", object=None),
    "object another": said("no event", object="payment_intent"),
    "object a list": said("no event", object=["event"]),
    "a thin event": said("of another API", object="v2.core.event"),
    "no type": said("no event", type=None),
    "type a number": said("no type", type=7),
    "type in capitals": said("no type", type="Payment Intent Succeeded"),
    "type with a line break": said("breaks log lines", type="payment_intent.succeeded\n"),
    "no created": said("no event", created=None),
    "created in words": said("no time", created="now"),
    "created true": said("int to Python", created=True),
    "created a fraction": said("no time", created=1.5),
    "created 1e309": signed(BODY.replace(T.encode(), b"1e309"), "infinite"),
    "created negative": said("no time", created=-1),
    "created 10**40": said("beyond any calendar", created=10**40),
    "no data": said("no event", data=None),
    "data a list": said("no event", data=[EVENT["data"]]),
    "data.object a text": said("no event", data={"object": "pi_1"}),
    "no livemode": said("which mode?", livemode=None),
    "livemode in words": said("which mode?", livemode="false"),
    "livemode 0": said("which mode?", livemode=0),
    # rightly signed, and not ours
    "a live event": said("we take test events", "WrongModeWebhook", livemode=True),
    "a connected account's": said(
        "not our money", "ForeignWebhook", account="acct_1032D82eZvKYlo2C"
    ),
    "a connected account's, odd": said("not our money", "ForeignWebhook", account=["acct_1"]),
}


@pytest.fixture
def at_noon(world: World):
    put_secret(webhook_secrets=[WEBHOOK_SECRET, PREVIOUS])
    with time_machine.travel(NOW, tick=False):
        yield world


def everything_kept() -> str:
    """Every row of every table, as one text."""
    tables = get_backend("dynamodb")["123456789012"]["eu-west-1"].tables.values()
    return repr([[row.to_json() for row in table.all_items()] for table in tables])


def test_the_corpus_is_large_enough():
    assert len(FORGERIES) >= 60


def test_each_forgery_is_refused_by_its_name_and_changes_nothing(at_noon: World):
    wrong = {}
    for name, forgery in FORGERIES.items():
        before = everything_kept()
        answer = receive.lambda_handler(forgery.event(), Context())

        problem = json.loads(answer["body"])
        told = "Traceback" in answer["body"] or WEBHOOK_SECRET in answer["body"]
        found = (answer["statusCode"], problem.get("title"), told, everything_kept() == before)
        if found != (400, forgery.title, False, True):
            wrong[name, forgery.why] = found
    assert wrong == {}
    assert at_noon.take_messages() == []


def test_with_a_live_key_a_test_event_is_of_the_wrong_mode(at_noon: World):
    put_secret(api_key="sk_live_x", webhook_secrets=[WEBHOOK_SECRET])
    answer = receive.lambda_handler(Forgery("").event(), Context())
    assert json.loads(answer["body"])["title"] == "WrongModeWebhook"
    assert at_noon.take_messages() == []


def test_without_a_body_no_method_is_taken(at_noon: World):
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        event = gateway_event({"stripe-signature": HEADER}, None, False, method)
        assert receive.lambda_handler(event, Context())["statusCode"] == 400
    assert at_noon.take_messages() == []


ACCEPTED = {
    "as it is": Forgery(""),
    "300 s old": replace(at(-300, ""), title=""),
    "300 s ahead": replace(at(300, ""), title=""),
    "by the secret that rolls out": Forgery("", header=f"t={T},v1={mac(BODY, secret=PREVIOUS)}"),
    "the signature first": Forgery("", header=f"v1={GOOD},t={T}"),
    "spaces after commas": Forgery("", header=f"t={T}, v1={GOOD} "),
    "a scheme more": Forgery("", header=f"t={T},v1={GOOD},v0={'0' * 64}"),
    "a foreign signature beside": Forgery("", header=f"t={T},v1={'0' * 64},v1={GOOD}"),
    "the header in capitals": Forgery("", name="STRIPE-SIGNATURE"),
    "as text": Forgery("", as_sent=(BODY.decode(), False)),
    "an unknown type": said("", type="radar.early_fraud_warning.created"),
    "an unknown object": said("", data={"object": {"id": "xx_1", "object": "new_thing"}}),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_leaves_the_signed_bytes_alone_is_no_forgery(at_noon: World, name: str):
    assert receive.lambda_handler(ACCEPTED[name].event(), Context())["statusCode"] == 200
    assert len(at_noon.take_messages()) == 1


def test_an_object_id_that_is_a_path_or_a_key_is_left_out_of_the_hint(at_noon: World):
    for bad in ("../../v1/refunds", "pi_1/cancel", "pi_1?expand=x", "HOOK#evt_1", "pi_1\r\nx: y"):
        thing = {"object": {"id": bad, "object": "payment_intent"}}
        event = said("", id="evt_path", data=thing).event()
        assert receive.lambda_handler(event, Context())["statusCode"] == 200
        (message,) = at_noon.take_messages()
        hint = json.loads(message["Body"])
        assert (hint["object_id"], hint["payment_id"]) == ("", "")


def test_a_valid_event_again_is_accepted_and_has_no_second_effect(world: World):
    issue_invoice("50.00")
    invoice = issue_invoice("20.00", 9)
    world.pay(invoice)
    world.deliver_all()
    settled = books(ACCOUNT)

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=5)):
        world.deliver_all()
        world.deliver_all()

    assert books(ACCOUNT) == settled


def test_of_five_thousand_flipped_bits_none_passes_unless_what_was_signed_is_unchanged():
    draw = random.Random(5000)
    header, refused, passed = HEADER.encode(), 0, 0
    for _ in range(5_000):
        delivery = bytearray(header + BODY)
        for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
            delivery[draw.randrange(len(delivery))] ^= 1 << draw.randrange(8)
        # API Gateway hands a header over as text: each octet is a character.
        sent, body = delivery[: len(header)].decode("latin-1"), bytes(delivery[len(header) :])
        try:
            verified(body, sent, [WEBHOOK_SECRET], NOW, False)
        except WebhookRefused:
            refused += 1
        else:
            passed += 1
            parts = [part.strip() for part in sent.split(",")]
            assert (f"t={T}" in parts, f"v1={GOOD}" in parts, body == BODY) == (True, True, True)
    assert refused + passed == 5_000
    assert refused > 4_900


def test_flipped_bits_are_refused_by_the_door_as_well(at_noon: World):
    before, draw = everything_kept(), random.Random(500)
    for _ in range(500):
        body = bytearray(BODY)
        body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
        answer = receive.lambda_handler(Forgery("", body=bytes(body)).event(), Context())
        assert answer["statusCode"] == 400
    assert everything_kept() == before
    assert at_noon.take_messages() == []


def test_the_stand_in_signs_as_the_corpus_does():
    assert signature(BODY, WEBHOOK_SECRET, NOW.timestamp()) == HEADER

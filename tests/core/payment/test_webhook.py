"""Webhooks that are ours, and a corpus of those that are not."""

import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.payment import (
    ForgedWebhook,
    Hint,
    MalformedWebhook,
    NoWebhookSecret,
    StaleWebhook,
    WebhookRefused,
    WrongModeWebhook,
    hint_from,
    verified,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET, PREVIOUS, STRANGERS = "whsec_current", "whsec_previous", "whsec_of_somebody_else"
EVENT = {
    "id": "evt_1Pgc76B7WZ01zgkWwyRHS12y",
    "object": "event",
    "api_version": "2026-10-28.endive",
    "created": int(NOW.timestamp()),
    "livemode": False,
    "type": "checkout.session.completed",
    "data": {
        "object": {"id": "cs_test_a1", "object": "checkout.session", "payment_intent": "pi_1"}
    },
}
BODY = json.dumps(EVENT).encode()


def mac(body: bytes, secret: str, timestamp: str) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(body: bytes = BODY, secret: str = SECRET, at: datetime = NOW) -> str:
    timestamp = str(int(at.timestamp()))
    return f"t={timestamp},v1={mac(body, secret, timestamp)}"


def judge(body: bytes, header: str, secrets=(SECRET, PREVIOUS), now=NOW, livemode=False) -> Hint:
    return verified(body, header, secrets, now, livemode)


def event(**changes) -> bytes:
    return json.dumps({**EVENT, **changes}).encode()


T = str(int(NOW.timestamp()))
ARABIC = T.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
GOOD = mac(BODY, SECRET, T)
STRANGE = mac(BODY, STRANGERS, T)

FORGED_HEADERS = {
    "no header": "",
    "blank": "   ",
    "only a timestamp": f"t={T}",
    "only a signature": f"v1={GOOD}",
    "empty signature": f"t={T},v1=",
    "empty timestamp": f"t=,v1={GOOD}",
    "signed by a stranger": f"t={T},v1={STRANGE}",
    "scheme v0 is for tests": f"t={T},v0={GOOD}",
    "scheme v2 is unknown": f"t={T},v2={GOOD}",
    "signature cut short": f"t={T},v1={GOOD[:-1]}",
    "signature too long": f"t={T},v1={GOOD}0",
    "signature in capitals": f"t={T},v1={GOOD.upper()}",
    "signature not hexadecimal": f"t={T},v1={'g' * 64}",
    "signature not ASCII": f"t={T},v1={'é' * 64}",
    "last digit changed": f"t={T},v1={GOOD[:-1]}{'0' if GOOD[-1] != '0' else '1'}",
    "timestamp moved by a second": f"t={int(T) + 1},v1={GOOD}",
    "timestamp padded": f"t=0{T},v1={GOOD}",
    "timestamp signed": f"t=+{T},v1={GOOD}",
    "timestamp negative": f"t=-{T},v1={GOOD}",
    "timestamp with a fraction": f"t={T}.0,v1={GOOD}",
    "timestamp in words": f"t=now,v1={GOOD}",
    "timestamp in Arabic digits": f"t={ARABIC},v1={GOOD}",
    "timestamp beyond any calendar": f"t={'9' * 40},v1={GOOD}",
    "two timestamps": f"t={T},t={int(T) - 9999},v1={GOOD}",
    "no separators": f"t{T}v1{GOOD}",
    "semicolons": f"t={T};v1={GOOD}",
    "JSON": json.dumps({"t": T, "v1": GOOD}),
    "eleven signatures": f"t={T}" + f",v1={GOOD}" * 11,
    "endless": f"t={T},v1={GOOD}," + "x" * 5000,
    "the bare digest of the body": f"t={T},v1={hashlib.sha256(BODY).hexdigest()}",
    "signature of the body alone": "t=" + T + ",v1="
    + hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest(),
    "signed with no secret": f"t={T},v1={mac(BODY, '', T)}",
    "signed by SHA-1": "t=" + T + ",v1="
    + hmac.new(SECRET.encode(), T.encode() + b"." + BODY, hashlib.sha1).hexdigest(),
}  # fmt: skip

CHANGED_BODIES = {
    "another amount": BODY.replace(b"cs_test_a1", b"cs_test_a2"),
    "another type": BODY.replace(b"completed", b"async_payment_succeeded"),
    "a space more": BODY + b" ",
    "a byte order mark": b"\xef\xbb\xbf" + BODY,
    "sorted again": json.dumps(EVENT, sort_keys=True).encode(),
    "indented": json.dumps(EVENT, indent=2).encode(),
    "empty": b"",
    "doubled": BODY + BODY,
}

MALFORMED_BODIES = {
    "nothing": b"",
    "not JSON": b"id=evt_1&type=x",
    "cut short": BODY[:-1],
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "nested beyond reading": b"[" * 200_000,
    "a number beyond reading": b'{"id": ' + b"9" * 10_000 + b"}",
    "a list": json.dumps([EVENT]).encode(),
    "a string": b'"evt_1"',
    "null": b"null",
    "true": b"true",
}

MALFORMED_EVENTS = {
    "no id": {"id": None},
    "id a number": {"id": 7},
    "id empty": {"id": ""},
    "id with a key separator": {"id": "evt_1#EVENT"},
    "id endless": {"id": "evt_" + "a" * 300},
    "no event": {"object": "payment_intent"},
    "no mode": {"livemode": None},
    "mode in words": {"livemode": "false"},
    "mode a number": {"livemode": 0},
    "no type": {"type": None},
    "type a list": {"type": ["checkout.session.completed"]},
    "type in capitals and spaces": {"type": "Checkout Session"},
    "no time": {"created": None},
    "time in words": {"created": "now"},
    "time true": {"created": True},
    "time beyond any calendar": {"created": 10**15},
    "no data": {"data": None},
    "data a list": {"data": []},
    "no object": {"data": {}},
    "object a string": {"data": {"object": "cs_test_a1"}},
}


def test_a_signed_fresh_event_is_a_hint_where_to_look():
    assert judge(BODY, signed()) == Hint(
        "evt_1Pgc76B7WZ01zgkWwyRHS12y", "checkout.session.completed", "cs_test_a1", "pi_1", NOW
    )


def test_the_hint_of_a_payment_intent_names_itself():
    body = event(data={"object": {"id": "pi_9", "object": "payment_intent"}})
    assert judge(body, signed(body)).payment_id == "pi_9"


@pytest.mark.parametrize("expanded", [{"id": "pi_5"}, "pi_5"])
def test_an_expanded_payment_intent_is_found_like_a_plain_one(expanded):
    body = event(data={"object": {"id": "ch_1", "object": "charge", "payment_intent": expanded}})
    assert judge(body, signed(body)).payment_id == "pi_5"


def test_an_event_about_something_without_an_id_is_still_a_hint():
    body = event(type="balance.available", data={"object": {"object": "balance"}})
    assert judge(body, signed(body)).object_id == ""


def test_a_hint_survives_the_queue():
    hint = judge(BODY, signed())
    assert hint_from(json.loads(json.dumps(hint.to_dict()))) == hint


def test_while_a_secret_rolls_both_are_good():
    assert judge(BODY, signed(secret=PREVIOUS)) == judge(BODY, signed(secret=SECRET))


def test_one_good_signature_among_several_is_enough():
    assert judge(BODY, f"t={T},v1={STRANGE},v1={GOOD},v0=abc")


def test_white_space_between_the_parts_is_harmless():
    assert judge(BODY, f"t={T}, v1={GOOD}")


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_five_minutes_either_way_are_fresh(seconds):
    assert judge(BODY, signed(at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("seconds", [301, 3600, 86_400 * 365])
def test_an_old_webhook_sent_again_is_stale(seconds):
    with pytest.raises(StaleWebhook, match="s old, at most 300 s"):
        judge(BODY, signed(at=NOW - timedelta(seconds=seconds)))


@pytest.mark.parametrize("seconds", [301, 3600, 86_400 * 365])
def test_a_webhook_of_the_future_is_refused_too(seconds):
    with pytest.raises(StaleWebhook, match="ahead of our clock"):
        judge(BODY, signed(at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("header", FORGED_HEADERS.values(), ids=FORGED_HEADERS.keys())
def test_a_forged_signature_is_refused(header):
    with pytest.raises(ForgedWebhook, match="Stripe-Signature"):
        judge(BODY, header)


@pytest.mark.parametrize("body", CHANGED_BODIES.values(), ids=CHANGED_BODIES.keys())
def test_a_body_changed_after_signing_is_refused(body):
    with pytest.raises(ForgedWebhook):
        judge(body, signed(BODY))


@pytest.mark.parametrize("body", MALFORMED_BODIES.values(), ids=MALFORMED_BODIES.keys())
def test_a_signed_body_that_is_no_event_is_refused(body):
    with pytest.raises(MalformedWebhook, match="body"):
        judge(body, signed(body))


@pytest.mark.parametrize("changes", MALFORMED_EVENTS.values(), ids=MALFORMED_EVENTS.keys())
def test_a_signed_event_without_its_parts_is_refused(changes):
    body = event(**changes)
    with pytest.raises(MalformedWebhook):
        judge(body, signed(body))


def test_an_event_of_the_other_mode_is_refused():
    body = event(livemode=True)
    with pytest.raises(WrongModeWebhook):
        judge(body, signed(body))


def test_a_test_event_is_refused_where_real_money_moves():
    with pytest.raises(WrongModeWebhook, match="takes live events and this is a test one"):
        judge(BODY, signed(), livemode=True)


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_without_a_secret_nothing_is_believed(secrets):
    with pytest.raises(NoWebhookSecret, match="webhook_secrets"):
        judge(BODY, f"t={T},v1={mac(BODY, '', T)}", secrets=secrets)


def test_a_retired_secret_is_not_believed():
    with pytest.raises(ForgedWebhook):
        judge(BODY, signed(secret=PREVIOUS), secrets=(SECRET,))


def test_no_refusal_repeats_a_secret_or_a_signature():
    with pytest.raises(ForgedWebhook) as refused:
        judge(BODY, f"t={T},v1={STRANGE}")
    assert not any(part in str(refused.value) for part in (SECRET, PREVIOUS, STRANGE, GOOD))


@given(st.integers(0, len(BODY) * 8 - 1))
def test_any_bit_flipped_in_the_body_is_noticed(bit):
    flipped = bytearray(BODY)
    flipped[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(ForgedWebhook):
        judge(bytes(flipped), signed())


@given(st.integers(0, len(signed()) * 7 - 1))
def test_any_bit_flipped_in_the_header_is_noticed_or_changes_nothing(bit):
    flipped = bytearray(signed().encode())
    flipped[bit // 7] ^= 1 << (bit % 7)
    with contextlib.suppress(WebhookRefused):
        assert judge(BODY, flipped.decode()) == judge(BODY, signed())


@given(st.binary(max_size=200), st.text(max_size=200))
def test_whatever_is_sent_is_a_hint_or_a_refusal(body, header):
    with pytest.raises(WebhookRefused):
        judge(body, header)

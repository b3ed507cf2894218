"""The core's parsers meet hostile input: usage, webhooks, money, instants, periods, prices."""

import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st

from billing.core.catalog import (
    BadPrice,
    price_from,
    price_to_dict,
    price_version_from,
    price_version_to_dict,
)
from billing.core.errors import BillingError
from billing.core.money import BadAmount, Money, UnknownCurrency, major_text, minor_units
from billing.core.payment import Hint, WebhookRefused, hint_from, verified
from billing.core.period import instant_from, period_containing, rfc3339
from billing.core.usage import (
    Pack,
    Suspended,
    mediate,
    open_pack,
    pack_from,
    sealed,
    unpack_sessions,
)
from billing.store import collectors, suspense
from billing.store.tables import UsageRow
from billing.store.usage_rows import item_row, seen_row, segment_row
from tests.core.usage.facts import ARRIVED, KEY, KEYS, MB, SETTINGS, at, record
from tests.fuzz.mutations import (
    TEXTS,
    bent,
    bent_fields,
    bent_json,
    bent_octets,
    bent_text,
    each,
    survives,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RECORDS = [
    record(at("10-02 10:00"), 7 * MB, at("10-02 09:00"), **changes)
    for changes in (
        {},
        {"type": "start", "class": "aa"},
        {"type": "stop", "terminate_cause": "User-Request", "event_timestamp": 1_790_850_600},
        {"type": "on", "event_timestamp": "2026-10-02T10:00:00.000Z"},
        {"user_name": None},
    )
]
PACK = {"v": 1, "collector": "col-1", "boot": "b1", "first_seq": 1, "records": RECORDS}
KEY_BYTES_MAX = (2048, 1024)  # DynamoDB's limits of a partition key and of a sort key
ROW_BYTES_MAX = 400 * 1024


def resigned(draw: Random) -> bytes:
    """A bent pack under a right signature, as a collector that has gone mad would send it."""
    try:
        return sealed(bent_fields(PACK, draw), KEY)
    except RecursionError:
        return sealed(PACK, KEY)


def stored(data: bytes) -> None:
    """Open, mediate, and make every row of it: each must fit DynamoDB."""
    batch = mediate([open_pack(data, KEYS, ARRIVED)], SETTINGS)
    rows = [segment_row(segment, SETTINGS) for segment in batch.segments]
    rows += [row for one in batch.suspended for row in suspense.rows_of(one, SETTINGS)]
    rows += [row for run in batch.received for row in collectors.rows_of(run, SETTINGS)]
    for identity in {name for segment in batch.segments for name in unpack_sessions(segment.data)}:
        rows += [
            item_row(identity, "2026-10-02", b"", 1, SETTINGS),
            seen_row(0, identity, "2026-10-02", SETTINGS),
        ]
    for row in rows:
        assert_fits(row)
    if batch.suspended:
        raise Refused


class Refused(Exception):
    """Stands for a refusal that is a value: a suspended record or pack."""


def assert_fits(row: UsageRow) -> None:
    sizes = [len(key.encode()) for key in (row.pk, row.sk)]
    assert all(0 < size <= most for size, most in zip(sizes, KEY_BYTES_MAX, strict=True)), row.pk
    body = len((row.body or "").encode()) + len(row.data or b"") + sum(sizes)
    assert body < ROW_BYTES_MAX, f"{body} bytes under {row.pk}"


def test_a_pack_ends_counted_or_suspended_and_in_rows_that_can_be_stored():
    survives(
        stored, each(resigned, resigned, lambda draw: bent_json(PACK, draw)), Refused,
        noise=st.binary(max_size=300),
    )  # fmt: skip


def test_a_record_is_measured_or_suspended_with_a_reason():
    def judged(content: Any) -> None:
        (one,) = (found.suspended for found in [mediate([_loose(content)], SETTINGS)])
        if one:
            assert all(found.reason and found.problem for found in one)
            raise Refused

    survives(judged, lambda draw: bent(draw.choice(RECORDS), draw), Refused)


def _loose(content: Any) -> Pack:
    return Pack("col-1", "b1", None, (content,), ARRIVED)


def test_a_pack_of_a_file_is_a_pack_or_suspended():
    def read(content: Any) -> None:
        if isinstance(pack_from(content, ARRIVED), Suspended):
            raise Refused

    survives(read, lambda draw: bent_fields(PACK, draw), Refused)


EVENT = {
    "id": "evt_1",
    "object": "event",
    "created": int(NOW.timestamp()),
    "livemode": False,
    "type": "payment_intent.succeeded",
    "data": {
        "object": {"id": "pi_1", "object": "payment_intent", "payment_intent": {"id": "pi_1"}}
    },
}
T, SECRET = str(int(NOW.timestamp())), "whsec_test"


def signed(body: bytes) -> str:
    mac = hmac.new(SECRET.encode(), T.encode() + b"." + body, hashlib.sha256)
    return f"t={T},v1={mac.hexdigest()}"


def test_a_webhook_body_is_a_hint_or_refused():
    def judged(body: bytes) -> None:
        hint = verified(body, signed(body), [SECRET], NOW, False)
        assert hint_from(json.loads(json.dumps(hint.to_dict()))) == hint
        assert isinstance(hint, Hint)

    survives(
        judged, lambda draw: bent_json(EVENT, draw), WebhookRefused, noise=st.binary(max_size=300)
    )  # fmt: skip


def test_a_webhook_header_is_read_or_refused():
    body = json.dumps(EVENT).encode()
    header = signed(body)

    def judged(text: str) -> None:
        hint = verified(body, text, [SECRET], NOW, False)
        assert (hint.event_id, hint.payment_id) == ("evt_1", "pi_1")

    survives(
        judged,
        each(
            lambda draw: bent_text(header, draw),
            lambda draw: ",".join(draw.sample([*header.split(","), *header.split(","), "v0=1"], 3)),
        ),
        WebhookRefused,
        noise=st.text(max_size=200),
    )


AMOUNTS = ("12.34", "0", "-0.05", "999999999999.99", "1234", "0.0005")
CURRENCIES = ("EUR", "JPY", "KWD", "CLF")


def amount(draw: Random) -> tuple[str, str]:
    text = draw.choice(AMOUNTS) if draw.random() < 0.2 else bent_text(draw.choice(AMOUNTS), draw)
    currency = draw.choice(CURRENCIES)
    return text, currency if draw.random() < 0.9 else bent_text(currency, draw)


def test_an_amount_is_exact_or_refused():
    def read(given: tuple[str, str]) -> None:
        money = Money.parse(*given)
        assert Money.parse(money.value, money.currency) == money

    survives(read, amount, BadAmount, UnknownCurrency, noise=st.tuples(st.text(), st.text()))


def test_a_price_of_any_precision_is_exact_or_refused():
    def read(given: tuple[str, str]) -> None:
        exact = minor_units(*given)
        assert minor_units(major_text(exact, given[1]), given[1]) == exact

    survives(read, amount, BadAmount, UnknownCurrency)


def test_money_of_the_wire_is_money_or_refused():
    wire = {"value": "12.34", "unit": "EUR"}

    survives(Money.from_wire, lambda draw: bent_fields(wire, draw), BadAmount, UnknownCurrency)


INSTANTS = ("2026-10-01T09:30:00Z", "2026-10-01T09:30:00.123Z", "2026-10-01T09:30:00+01:00")


def test_an_instant_is_one_or_refused():
    def read(text: Any) -> None:
        found = instant_from(text)
        assert instant_from(rfc3339(found)) == found

    def bend(draw: Random) -> Any:
        text = draw.choice(INSTANTS)
        return bent(text, draw) if draw.random() < 0.2 else bent_text(text, draw)

    survives(read, bend, BillingError, noise=st.text(max_size=40))


def test_a_period_is_found_or_refused_on_any_day_and_anchor():
    def find(given: tuple[date, int, str]) -> None:
        day, anchor, zone = given
        period = period_containing(day, anchor, zone)
        assert period.start <= day < period.end
        assert period.span.start < period.span.end

    def bend(draw: Random) -> tuple[date, int, str]:
        ends = (date.min, date(1899, 12, 31), date(1900, 1, 1), date(2199, 12, 31), date.max)
        day = date(2000, 1, 1) + timedelta(days=draw.randint(-36_500, 73_000))
        anchor = draw.choice((1, 15, 28, 29, 30, 31))
        zone = draw.choice(("Europe/Dublin", "UTC", "Asia/Kolkata", "Pacific/Apia"))
        match draw.randrange(6):
            case 0:
                return draw.choice(ends), anchor, zone
            case 1:
                return day, draw.choice((0, 32, -1, 10**40)), zone
            case 2:
                return day, anchor, draw.choice(TEXTS)
            case _:
                return day, anchor, zone

    survives(find, bend, BillingError)


PRICES = (
    {"model": "flat", "code": "access", "name": "Fibre", "currency": "EUR", "amount": "49.90",
     "in_advance": True, "tax_category": "standard"},
    {"model": "graduated", "unit": "GB", "currency": "EUR", "direction": "down", "tiers": [
        {"up_to": "100", "per_unit": "0"}, {"above": "100", "up_to": "200", "per_unit": "0.50"},
        {"per_unit": "0.20", "flat": "1.00"}]},
    {"model": "package", "unit": "GB", "currency": "JPY", "included": "100", "block_size": "50",
     "block_price": "500", "ceiling": "5000"},
)  # fmt: skip
VERSION = {
    "offering_id": "ofr_1", "version": 1, "valid_from": "2026-01-01", "name": "Fibre 100",
    "currency": "EUR", "prices": [{k: v for k, v in PRICES[0].items() if k != "currency"},
                                  {k: v for k, v in PRICES[1].items() if k != "currency"}],
}  # fmt: skip


def test_a_price_is_read_or_refused_with_its_path():
    def read(data: Any) -> None:
        try:
            price = price_from(data)
        except BadPrice as error:
            raise error if error.path.startswith("price") else AssertionError from error
        assert price_from(price_to_dict(price)) == price

    survives(read, lambda draw: bent_fields(draw.choice(PRICES), draw), BadPrice)


def test_a_price_version_is_read_or_refused_with_its_path():
    def read(data: Any) -> None:
        try:
            version = price_version_from(data)
        except BadPrice as error:
            raise error if error.path.startswith("version") else AssertionError from error
        assert price_version_from(price_version_to_dict(version)) == version

    survives(read, lambda draw: bent_fields(VERSION, draw), BadPrice)


@pytest.mark.parametrize("bend", [bent_octets, bent_text])
def test_the_same_seed_bends_the_same_way(bend: Any):
    valid: Any = b"12.34" if bend is bent_octets else "12.34"
    assert [bend(valid, Random(7)) for _ in range(3)] == [bend(valid, Random(7))] * 3

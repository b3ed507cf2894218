"""Allowances as people write them: what is read is written again, and what cannot be is refused."""

import pytest

from billing.core.catalog import BadPrice, price_from, price_to_dict
from tests.core.allowance_makers import NIGHT, allowance, bucket

ALL_FIELDS = {
    "windows": {**NIGHT, "weekend": {"days": ["weekend"]}},
    "buckets": [
        bucket("free", window="weekend"),
        bucket(
            "night",
            "50",
            name="Night bundle",
            window="night",
            validity="period",
            rollover={
                "cap": "100",
                "periods": 2,
                "grace_days": 5,
                "at_change": "kept",
                "burnt": "last",
            },
        ),
        bucket("day", "100.5", validity="2 months"),
        bucket("more", "5", price="4.99", validity="30 days"),
    ],
    "after": "charge",
    "overage": {"model": "package", "block_size": "50", "block_price": "10", "ceiling": "100"},
    "speeds": [{"above": "500", "policy": "10M"}, {"above": "800", "policy": "1M"}],
    "courtesy": {"months": 2, "of": 12},
    "alerts": {"percents": ["75", "100"], "blocks": True},
    "pooled": True,
    "at_change": "prorated",
}
TOP_UP = {
    "buckets": [bucket("data", "10"), bucket("more", "5", price="4.00")],
    "after": "top-up",
    "top_up": {"bucket": "more", "at_most": 3},
}


@pytest.mark.parametrize("fields", [ALL_FIELDS, TOP_UP])
def test_what_is_read_is_written_again(fields):
    price = allowance(**fields)
    assert price_from(price_to_dict(price)) == price


def test_every_field_is_written_as_it_was():
    written = price_to_dict(allowance(**ALL_FIELDS))
    assert written["buckets"][1]["rollover"] == ALL_FIELDS["buckets"][1]["rollover"]
    assert written["buckets"][3] == {**ALL_FIELDS["buckets"][3], "name": "more"}
    for field in ("after", "speeds", "courtesy", "alerts", "pooled", "at_change"):
        assert written[field] == ALL_FIELDS[field]


DATA = bucket("data", "100")
LATE = bucket("late", "1", window="late")
HALVES = {
    "windows": {
        "night": {"hours": "20:00-08:00"},
        "late": {"hours": "22:00-02:00"},
        "day": {"hours": "08:00-20:00"},
    },
    "buckets": [bucket("night", window="night"), bucket("day", window="day"), DATA],
}
CHARGED = {"after": "charge", "overage": {"model": "per_unit", "per_unit": "1"}}


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        (
            {"buckets": [DATA]},
            "price.after: it is missing; write one of charge, stop, slow, top-up",
        ),
        (
            {"buckets": [DATA], "after": "charge"},
            'price.overage: it is missing, and after is "charge"; give overage',
        ),
        (
            {"buckets": [DATA], "after": "slow"},
            'price.speeds: it is missing, and after is "slow"; give speeds',
        ),
        (
            {"buckets": [DATA], "after": "top-up"},
            'price.top_up: it is missing, and after is "top-up"; give top_up',
        ),
        (
            {**TOP_UP, "top_up": {"bucket": "more"}},
            "price.top_up.at_most: it is missing; write a number from 1",
        ),
        (
            {**TOP_UP, "top_up": {"bucket": "data", "at_most": 1}},
            "price.top_up.bucket: 'data' has no price; give the bucket a price",
        ),
        (
            {**TOP_UP, "top_up": {"bucket": "mode", "at_most": 1}},
            "price.top_up.bucket: there is no bucket 'mode'; the buckets are data, more",
        ),
        (
            {
                **TOP_UP,
                "windows": NIGHT,
                "buckets": [DATA, bucket("more", "5", price="4", window="night")],
            },
            "price.top_up.bucket: 'more' cannot pay at any hour; leave out its window",
        ),
        (
            {"buckets": [DATA], "after": "stop", "overage": CHARGED["overage"]},
            'price.overage: it is never used: after is "stop"; write after = "charge"',
        ),
        (
            {"buckets": [], "after": "stop"},
            "price.buckets: there is none; list at least one",
        ),
        (
            {"buckets": [bucket("all")], **CHARGED},
            'price.after: "charge" is never reached: a bucket has no end; write "stop"',
        ),
        (
            {"buckets": [bucket("all"), DATA], "after": "stop"},
            "price.buckets[1]: 'data' is never burnt: 'all' before it has no end; put it before",
        ),
        (
            {**HALVES, "after": "stop"},
            "price.buckets[2]: 'data' is never burnt: 'night' and 'day' before it have no end",
        ),
        (
            {**HALVES, "buckets": HALVES["buckets"][:2], **CHARGED},
            'price.after: "charge" is never reached: a bucket has no end',
        ),
        (
            {**HALVES, "buckets": [bucket("night", window="night"), LATE], "after": "stop"},
            "price.buckets[1]: 'late' is never burnt: 'night' before it has no end",
        ),
        (
            {"buckets": [DATA, DATA], "after": "stop"},
            "price.buckets[1].code: 'data' is used twice; give it another code",
        ),
        (
            {"buckets": [bucket("overage", "1")], "after": "stop"},
            "price.buckets[0].code: 'overage' stands for what no bucket pays; give it another code",
        ),
        (
            {"buckets": [bucket("data", "1", window="night")], "after": "stop"},
            "price.buckets[0].window: there is no window 'night'; define it under windows",
        ),
        (
            {
                "windows": {"night": {"hours": "22:30-06:00"}},
                "buckets": [bucket("data", "1", window="night")],
                "after": "stop",
            },
            "price.buckets[0].window: 'night' does not begin and end on whole hours",
        ),
        (
            {"buckets": [bucket("data", "1", validity="never", rollover={})], "after": "stop"},
            "price.buckets[0].rollover: the bucket never expires; leave out rollover, or validity",
        ),
        (
            {"buckets": [bucket("data", "1", validity="2 months", rollover={})], "after": "stop"},
            "price.buckets[0].rollover: the bucket outlasts its period by itself; leave out",
        ),
        (
            {"buckets": [bucket("data", rollover={})], "after": "stop"},
            "price.buckets[0].rollover: the bucket has no end; give it a size",
        ),
        (
            {"buckets": [bucket("data", price="3")], "after": "stop"},
            "price.buckets[0].price: the bucket has no end; give it a size",
        ),
        (
            {"buckets": [bucket("data", "1", validity="a while")], "after": "stop"},
            "price.buckets[0].validity: 'a while' is no validity; write 30 days",
        ),
        (
            {"buckets": [bucket("data", "0.0000000001")], "after": "stop"},
            "price.buckets[0].size: 0.0000000001 GB is no whole number of octets; 1 GB has",
        ),
        (
            {"buckets": [bucket("data", "0")], "after": "stop"},
            "price.buckets[0].size: a bucket holds nothing; write its size in units",
        ),
        (
            {"buckets": [bucket("data", "1", rollover={"cap": "0"})], "after": "stop"},
            "price.buckets[0].rollover.cap: nothing would roll over; leave out rollover",
        ),
        (
            {"buckets": [bucket("data", "1", rollover={"caps": "1"})], "after": "stop"},
            "price.buckets[0].rollover.caps: there is no such field; did you mean cap?",
        ),
        (
            {"buckets": [DATA], **CHARGED, "courtesy": {"months": 3, "of": 2}},
            "price.courtesy.months: 3 are more than the 2 they are taken of; write 2 at most",
        ),
        (
            {"buckets": [DATA], "after": "stop", "courtesy": {"months": 1}},
            "price.courtesy: there is no overage to forgive; leave it out",
        ),
        (
            {
                "buckets": [DATA],
                "after": "slow",
                "speeds": [{"above": "5", "policy": "2M"}, {"above": "5", "policy": "1M"}],
            },
            "price.speeds[1].above: 5 does not lie above 5; list speeds by rising thresholds",
        ),
        (
            {"buckets": [DATA], **CHARGED, "alerts": {"percents": ["90", "75"]}},
            "price.alerts.percents[1]: 75 does not lie above 90; list percents that rise",
        ),
        (
            {"buckets": [bucket("all")], "after": "stop", "alerts": {"percents": ["75"]}},
            "price.alerts.percents: no bucket that is granted has a size; leave it out",
        ),
        (
            {"buckets": [DATA], **CHARGED, "alerts": {"blocks": True}},
            "price.alerts.blocks: overage is not charged by blocks; leave it out",
        ),
        (
            {"buckets": [DATA], "after": "charge", "overage": {"model": "percentile"}},
            "price.overage.model: 'percentile' is unknown; ",
        ),
        (
            {"buckets": [DATA], "after": "charge", "overage": {"model": "package", "unit": "GB"}},
            "price.overage.unit: there is no such field; ",
        ),
        (
            {"buckets": [DATA], "after": "stop", "unit": "Mbit/s"},
            "price.unit: 'Mbit/s' is unknown; ",
        ),
        (
            {"buckets": [DATA], "after": "stop", "minimum": "5"},
            "price.minimum: no overage is charged; leave it out",
        ),
        ({"buckets": "data", "after": "stop"}, "price.buckets: 'data' is no list; write [ … ]"),
        ({"buckets": ["data"], "after": "stop"}, "price.buckets[0]: 'data' is no object; name"),
    ],
)
def test_an_allowance_that_cannot_be_is_refused_with_its_path_and_the_fix(fields, refusal):
    with pytest.raises(BadPrice) as refused:
        allowance(**fields)
    assert str(refused.value).startswith(refusal)


def test_behind_a_bucket_without_end_others_may_stand_when_it_has_a_window():
    price = allowance(windows=NIGHT, buckets=[bucket("free", window="night"), DATA], after="stop")
    assert [held.code for held in price.model.buckets] == ["free", "data"]

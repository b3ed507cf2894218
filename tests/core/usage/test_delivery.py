"""However records are delivered, the usage of every service is that of one ordered delivery."""

import itertools
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.core.period import Span, hours_of
from billing.core.usage import (
    Segment,
    Used,
    increments,
    join,
    mediate,
    unpack_sessions,
    used_by_service,
)
from tests.core.usage import oracle
from tests.core.usage.facts import (
    GRID,
    OCTOBER,
    SETTINGS,
    ZONE,
    at,
    days_of,
    deliveries,
    held,
    opened,
    pack,
    sessions,
)

FIRST = OCTOBER.span.start
FOUR_DAYS = Span(FIRST, at("10-04 23:00"))
HOURS = hours_of(FOUR_DAYS, ZONE)
CLAIMS = [
    held("user:aoife", "svc_1", at("09-01 00:00"), at("10-03 10:20")),
    held("user:aoife", "svc_2", at("10-03 10:20")),
    held("user:brian", "svc_3", at("10-02 00:00")),
]
# By whole hours: what begins "now", at 10:20, counts from 11:00.
HELD = {
    "svc_1": [("aoife", Span(at("09-01 00:00"), at("10-03 11:00")))],
    "svc_2": [("aoife", Span(at("10-03 11:00"), at("12-01 00:00")))],
    "svc_3": [("brian", Span(at("10-02 00:00"), at("12-01 00:00")))],
}
WINDOWS = [
    OCTOBER.span,
    *days_of(OCTOBER)[:5],
    *(Span(a, b) for a, b in itertools.pairwise(HOURS)),
]
RECORDS = st.lists(sessions(["aoife", "brian", "nobody"], FIRST, 96), min_size=1, max_size=5).map(
    lambda found: [record for one in found for record in one]
)


def usage_of(knowledge: dict[str, list[Any]]) -> dict[str, tuple[Used, ...]]:
    counted = {
        identity: increments(join(*parts), SETTINGS.counting_from)
        for identity, parts in knowledge.items()
    }
    return used_by_service(CLAIMS, counted, dict.fromkeys(HELD, WINDOWS), GRID)


def read(segments: Sequence[Segment]) -> dict[str, list[Any]]:
    knowledge: dict[str, list[Any]] = {}
    for segment in segments:
        for identity, known in unpack_sessions(segment.data).items():
            knowledge.setdefault(identity, []).append(known)
    return knowledge


@settings(max_examples=120)
@given(st.data())
def test_usage_is_the_same_however_it_was_delivered_and_whenever_it_was_folded(data):
    records = data.draw(RECORDS)
    ordered = sorted(records, key=lambda one: one["received_at"])
    expected = usage_of(read(mediate(opened(pack(ordered)), SETTINGS).segments))

    stored: dict[tuple[Any, ...], Segment] = {}
    folded: dict[str, Any] = {}
    for batch in data.draw(deliveries(records)):
        for segment in mediate(opened(*batch), SETTINGS).segments:
            stored[segment.bucket, segment.day, segment.hour, segment.digest] = segment
        for key in data.draw(st.sets(st.sampled_from(list(stored)))) if stored else ():
            for identity, known in unpack_sessions(stored.pop(key).data).items():
                folded[identity] = join(folded.get(identity, ()), known)

    knowledge = read(list(stored.values()))
    for identity, known in folded.items():
        knowledge.setdefault(identity, []).append(known)
    assert usage_of(knowledge) == expected


@settings(max_examples=60)
@given(RECORDS)
def test_usage_is_what_its_definition_says(records):
    counted = usage_of(read(mediate(opened(pack(records)), SETTINGS).segments))

    for service, spans in HELD.items():
        for window, found in list(zip(WINDOWS, counted[service], strict=True))[:24]:
            assert (found.octets_in, found.octets_out) == oracle.used(
                records, spans, window, dict(SETTINGS.counting_from)
            )


@given(RECORDS)
def test_hours_add_up_to_their_day_and_days_to_their_period(records):
    counted = usage_of(read(mediate(opened(pack(records)), SETTINGS).segments))["svc_1"]
    first_day, hours = counted[1], counted[6:30]

    assert sum(hour.octets_out for hour in hours) == first_day.octets_out
    assert sum(hour.octets_in for hour in hours) == first_day.octets_in


def test_every_batch_redelivered_and_cut_anew_counts_once():
    from tests.core.usage.facts import MB, record

    records = [record(at("10-02 10:00"), n * 10 * MB, at("10-02 09:00")) for n in range(9)]
    once = mediate(opened(pack(records)), SETTINGS).segments
    again = [
        *mediate(opened(pack(records[:3]), pack(records[2:])), SETTINGS).segments,
        *mediate(opened(pack(records[5:]), pack(records[:5])), SETTINGS).segments,
        *once,
    ]

    assert usage_of(read(again)) == usage_of(read(once))
    assert usage_of(read(once))["svc_1"][0].octets_out == 80 * MB

"""Allowances on bills: what is counted, charged, left over, and said."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from billing.core.catalog import price_version_from
from billing.core.charging import Charge, Counted, Measured, charges_for, usage_windows
from billing.core.explaining import explain, recomputed, rendered
from billing.core.period import Period, following, local_midnight
from billing.core.subscription import Purchase, Subscription, change_plan, start
from billing.core.usage import Call

ZONE = "Europe/Dublin"
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), ZONE)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1), ZONE)
GB = 10**9


def plan(name: str, *prices: dict, **other: object):
    return price_version_from(
        {
            "offering_id": name,
            "name": name,
            "valid_from": "2026-01-01",
            "currency": "EUR",
            "prices": list(prices),
            **other,
        }
    )


def data(**fields: object) -> dict:
    return {"model": "allowance", "code": "data", "unit": "GB", **fields}


NIGHT = plan(
    "Night Owl",
    data(
        after="charge",
        buckets=[
            {
                "code": "night",
                "name": "Night data",
                "size": "20",
                "window": "night",
                "rollover": {"cap": "10", "periods": 1},
            },
            {"code": "day", "name": "Data at any hour", "size": "10"},
        ],
        overage={"model": "per_unit", "per_unit": "0.50"},
    ),
    windows={"night": {"days": "every day", "hours": "01:00-07:00"}},
)
CAPPED = plan(
    "Capped",
    data(
        after="charge",
        buckets=[
            {"code": "month", "name": "Monthly data", "size": "250"},
            {"code": "extra", "name": "20 GB more", "size": "20", "price": "4.00",
             "validity": "30 days"},
        ],
        overage={"model": "package", "block_size": "50", "block_price": "5.00", "ceiling": "40.00"},
        courtesy={"months": 1, "of": 12},
    ),
)  # fmt: skip


def held(version, **other: object) -> Subscription:
    since = local_midnight(date(2026, 10, 1), ZONE)
    made = start("sub_1", "acc_1", "svc_1", version, since)
    return Subscription(**{name: getattr(made, name) for name in made.__dataclass_fields__} | other)


def bill(
    subscription: Subscription,
    period: Period,
    by_hour: dict[int, float],
    billed: list[Charge] | None = None,
) -> list[Charge]:
    """The usage lines of a period in which each local hour of a day had so many GB a day."""
    billed = billed or []
    octets: dict[str, dict] = {}
    for window in usage_windows(subscription, period, billed):
        at, used = window.span.start, 0
        while at < window.span.end:
            used += int(by_hour.get(local_hour(at), 0) * GB)
            at = datetime.fromtimestamp(at.timestamp() + 3600, UTC)
        counted = Counted(window.service_id, window.span.start, window.span.end, 0, used)
        octets.setdefault(window.service_id, {})[window.span] = counted
    lines = charges_for(subscription, period, following(period, 1), Measured(octets), billed)
    return [line for line in lines if line.code == "data"]


def local_hour(at: datetime) -> int:
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(ZONE)).hour


def texts(lines: list[Charge], version) -> list[str]:
    return [rendered(explain(line, lambda *_: version), "text") for line in lines]


def test_night_usage_burns_the_night_bucket_and_what_is_left_opens_the_next_month():
    subscription = held(NIGHT)
    october = bill(subscription, OCTOBER, {3: 0.5, 12: 0.2})  # 15.5 GB by night, 6.2 by day
    assert [str(line.amount) for line in october] == ["0.00 EUR"]
    assert texts(october, NIGHT)[0].splitlines()[1:4] == [
        "  1. 1 October 2026, 00:00 to 1 November 2026, 00:00: 21.7 GB used",
        "  2. Night data: 15.5 GB used of 20 GB granted; 4.5 GB goes on into the next period",
        "  3. Data at any hour: 6.2 GB used of 10 GB granted; 3.8 GB expired",
    ]

    november = bill(subscription, NOVEMBER, {3: 1.0, 12: 0.3}, october)  # 30 GB by night, 9 by day
    # 4.5 rolled over and 20 of its own pay 24.5 of the night; 1 of the day is left for 5.5 of it.
    assert [str(line.amount) for line in november] == ["2.25 EUR"]
    assert all(recomputed(line, lambda *_: NIGHT) == line.priced for line in november)


def test_usage_is_counted_between_the_edges_of_the_night_and_no_finer():
    windows = usage_windows(held(NIGHT), OCTOBER)
    assert len(windows) == 63  # 31 nights, and the days around them
    assert windows[0].span.end == datetime(2026, 10, 1, 0, tzinfo=UTC)  # 01:00 in summer
    assert windows[0].span.start == OCTOBER.span.start
    assert windows[-1].span.end == OCTOBER.span.end


def test_a_courtesy_shows_the_charge_and_the_credit_and_is_given_once_in_twelve_months():
    subscription = held(CAPPED)
    october = bill(subscription, OCTOBER, {20: 10})  # 310 GB
    assert [(line.kind, str(line.amount)) for line in october] == [
        ("usage", "10.00 EUR"),
        ("courtesy", "-10.00 EUR"),
    ]
    november = bill(subscription, NOVEMBER, {20: 10}, october)  # 300 GB
    assert [(line.kind, str(line.amount)) for line in november] == [("usage", "5.00 EUR")]


def test_a_top_up_bought_by_hand_is_charged_once_and_pays_from_the_next_hour():
    bought = Purchase("p1", "extra", datetime(2026, 10, 12, 9, 20, tzinfo=UTC))
    subscription = held(CAPPED, purchases=(bought,))
    october = bill(subscription, OCTOBER, {20: 260 / 31})
    assert [(line.kind, str(line.amount)) for line in october] == [
        ("usage", "0.00 EUR"),
        ("one-off", "4.00 EUR"),
    ]
    assert texts(october, CAPPED)[1].splitlines()[1] == (
        "  1. 20 GB bought 12 October 2026, 10:20; pays for usage from 12 October 2026, 11:00 on"
    )
    again = bill(subscription, OCTOBER, {20: 260 / 31}, october[1:])
    assert [line.kind for line in again] == ["usage"]


def test_a_change_of_plan_forfeits_the_rollover_that_is_not_kept():
    subscription = held(NIGHT)
    october = bill(subscription, OCTOBER, {3: 0.5})
    changed = change_plan(subscription, CAPPED, local_midnight(date(2026, 11, 1), ZONE))
    lines = bill(changed, NOVEMBER, {3: 9}, october)  # 270 GB of 250
    assert [str(line.amount) for line in lines] == ["5.00 EUR", "-5.00 EUR"]
    assert lines[0].facts["opening"]["grants"] == []


def test_in_mid_period_a_change_ends_the_grant_and_keeps_what_rolled_over_and_what_was_bought():
    def size(name, gigabytes):
        rollover = {"at_change": "kept"}
        return plan(
            name,
            data(
                after="stop",
                buckets=[
                    {"code": "month", "size": gigabytes, "rollover": rollover},
                    {"code": "extra", "size": "20", "price": "4.00"},
                ],
            ),
        )

    bought = Purchase("top_1", "extra", datetime(2026, 11, 5, 12, 0, tzinfo=UTC))
    subscription = held(size("Small", "100"), purchases=(bought,))
    october = bill(subscription, OCTOBER, {3: 60 / 31})  # 40 GB roll over
    change = local_midnight(date(2026, 11, 11), ZONE)
    changed = change_plan(subscription, size("Large", "200"), change)
    lines = [line for line in bill(changed, NOVEMBER, {}, october) if "closing" in line.facts]
    left = [
        [(grant["bucket"], grant["left"] // GB) for grant in line.facts["opening"]["grants"]]
        for line in lines
    ]
    assert left == [[("month", 40)], [("month", 40), ("extra", 20)]]


def test_services_of_a_pool_burn_one_allowance():
    pool = plan(
        "Pool",
        data(
            after="charge",
            pooled=True,
            buckets=[{"code": "pool", "name": "Pool", "size": "100"}],
            overage={"model": "per_unit", "per_unit": "0.10"},
        ),
    )
    since = local_midnight(date(2026, 10, 1), ZONE)
    made = start("sub_1", "acc_1", "svc_1", pool, since, members=("svc_2", "svc_3"))
    assert {window.service_id for window in usage_windows(made, OCTOBER)} == {
        *("svc_1", "svc_2", "svc_3"),
    }
    (line,) = bill(made, OCTOBER, {20: 2})  # 62 GB each, 186 together
    assert (line.quantity, str(line.amount)) == ("186", "8.60 EUR")


def test_minutes_of_an_allowance_are_burnt_by_calls():
    talk = plan(
        "Talk",
        {
            "model": "allowance",
            "code": "data",
            "unit": "minute",
            "after": "charge",
            "buckets": [{"code": "minutes", "name": "Minutes", "size": "10"}],
            "overage": {"model": "per_unit", "per_unit": "0.05"},
        },
    )
    calls = [
        Call(f"c{n}", datetime(2026, 10, 5 + n, 9, 30, tzinfo=UTC), 300, "353214960000")
        for n in range(3)
    ]
    measured = Measured(calls={"svc_1": calls})
    (line,) = charges_for(held(talk), OCTOBER, NOVEMBER, measured, [])
    assert (line.quantity, str(line.amount)) == ("15", "0.25 EUR")
    assert Fraction(line.quantity) == 15


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_every_form_of_an_explanation_says_who_paid(form):
    (line,) = bill(held(NIGHT), OCTOBER, {3: 0.5})
    assert "Night data: 15.5 GB used of 20 GB granted" in rendered(
        explain(line, lambda *_: NIGHT), form
    )


def test_two_changes_on_one_day_hand_the_buckets_on_one_after_the_other():
    kept = {"after": "stop", "buckets": [
        {"code": "month", "name": "Data", "size": "100"},
        {"code": "extra", "name": "More", "size": "20", "price": "4.00", "validity": "never"},
    ]}  # fmt: skip
    one, two, three = (plan(name, data(**kept)) for name in ("One", "Two", "Three"))
    bought = Purchase("p1", "extra", datetime(2026, 10, 3, 8, tzinfo=UTC))
    subscription = held(one, purchases=(bought,))
    for version, hour in ((two, 9), (three, 15)):
        at = datetime(2026, 10, 12, hour, tzinfo=UTC)
        subscription = change_plan(subscription, version, at)
    lines = [line for line in bill(subscription, OCTOBER, {11: 4}) if "closing" in line.facts]
    assert [line.price_ref[0] for line in lines] == ["One", "Two", "Three"]
    opened = [sum(grant["left"] for grant in line.facts["opening"]["grants"]) for line in lines]
    assert opened == [0, 20 * GB, 20 * GB]


def test_a_subscription_held_twice_grants_twice():
    since = local_midnight(date(2026, 10, 1), ZONE)
    twice = start("sub_1", "acc_1", "svc_1", CAPPED, since, quantity=2)
    (line,) = bill(twice, OCTOBER, {20: 14})  # 434 GB of 500
    assert str(line.amount) == "0.00 EUR"
    assert recomputed(line, lambda *_: CAPPED) == line.priced


def test_seconds_that_are_no_decimals_of_a_minute_stay_exact():
    minutes = {"model": "per_unit", "code": "data", "unit": "minute", "per_unit": "0.60"}
    talk = plan("By the minute", minutes)
    calls = [Call("c1", datetime(2026, 10, 5, 9, tzinfo=UTC), 61, "353214960000")]
    measured = Measured(calls={"svc_1": calls})
    (line,) = charges_for(held(talk), OCTOBER, NOVEMBER, measured, [])
    assert (line.quantity, line.unit, str(line.amount)) == ("61/60", "minute", "0.61 EUR")
    assert Fraction(line.quantity) == Fraction(61, 60)

"""What past months would have cost on another plan."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random

import pytest

from billing.core.catalog import PriceVersion, price_version_from
from billing.core.charging import Counted, charges_for
from billing.core.money import Money
from billing.core.period import Period, Span, local_midnight
from billing.core.subscription import Purchase, Subscription, change_plan, end, start
from billing.core.tax import TaxRate
from billing.core.whatif import (
    Bar,
    OtherCurrency,
    Repriced,
    UsageNotKept,
    distribution,
    from_bills,
    measured_of,
    months_of,
    refuse_expired,
    repriced,
    windows_of,
)

ZONE = "Europe/Dublin"
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), ZONE)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1), ZONE)
MONTHS = [(OCTOBER, NOVEMBER)]
RATES = (TaxRate("IE", "standard", Fraction(23), date(2021, 3, 1)),)
GB = 10**9


def plan(
    name: str, *prices: Mapping[str, object], currency: str = "EUR", **more: object
) -> PriceVersion:
    return price_version_from(
        {
            "offering_id": name.lower(), "name": name, "valid_from": "2024-01-01",
            "currency": currency, "prices": list(prices), **more,
        }
    )  # fmt: skip


def flat(amount: str, **more: object) -> Mapping[str, object]:
    return {"model": "flat", "amount": amount, **more}


CAPPED = plan(
    "Capped",
    flat("30.00"),
    {"model": "package", "unit": "GB", "included": "100", "block_size": "50", "block_price": "5"},
)
UNLIMITED = plan("Unlimited", flat("42.00"))


def on(price: PriceVersion, since: str = "2026-01-01") -> Subscription:
    return start("sub", "acc", "svc", price, local_midnight(date.fromisoformat(since), ZONE))


def midnight(day: str) -> datetime:
    return local_midnight(date.fromisoformat(day), ZONE)


def compared(subscription: Subscription, proposal: PriceVersion, gigabytes: int, billed=()):
    months = months_of(subscription, proposal, MONTHS)
    counted = {
        (service_id, span): Counted(service_id, span.start, span.end or span.start, 0,
                                    gigabytes * GB)
        for month in months
        for service_id, spans in windows_of(month).items()
        for span in spans
    }  # fmt: skip
    return repriced("acc", months, measured_of(counted), billed, "IE", RATES)


@pytest.mark.parametrize(
    ("used", "old", "new", "difference"),
    [
        (80, "30.00", "42.00", "12.00"),
        (210, "45.00", "42.00", "-3.00"),  # three started blocks
    ],
)
def test_the_same_usage_is_priced_under_both_plans(used, old, new, difference):
    found = compared(on(CAPPED), UNLIMITED, used)

    assert (found.old.value, found.new.value) == (old, new)
    assert found.difference.value == difference


def test_a_month_is_compared_whole_however_short_it_was_held():
    begun = on(CAPPED, since="2026-10-21")
    ended = end(on(CAPPED), midnight("2026-10-11"))

    for held in (begun, ended):
        assert compared(held, UNLIMITED, 80) == compared(on(CAPPED), UNLIMITED, 80)


def test_the_plan_of_a_month_is_the_one_held_at_its_end():
    moved = change_plan(on(CAPPED), UNLIMITED, midnight("2026-10-11"))
    dear = plan("Dear", flat("50.00"))

    assert compared(moved, dear, 500).old.value == "42.00"
    assert not months_of(moved, dear, MONTHS, on="capped")
    assert len(months_of(moved, dear, MONTHS, on="unlimited")) == 1


def test_a_plan_held_on_is_compared_with_itself_without_a_difference():
    assert compared(on(CAPPED), CAPPED, 333).difference.value == "0.00"


def test_passes_count_for_the_plan_they_were_bought_under():
    week = plan("Week", {"model": "pass", "code": "week", "amount": "9", "validity": "7 days"})
    bought = tuple(
        Purchase(f"pur_{day}", "week", midnight(day) + timedelta(hours=9))
        for day in ("2026-09-30", "2026-10-07", "2026-10-28", "2026-10-29")
    )
    held = replace(on(week), purchases=bought)

    # Three of October; the last of them begins in November, when the one before it has run out.
    assert compared(held, UNLIMITED, 80).old.value == "27.00"
    assert compared(held, UNLIMITED, 80).new.value == "42.00"


def test_a_setup_a_trial_and_a_contract_are_on_neither_side():
    begun = plan(
        "Begun", flat("42.00"),
        {"model": "one_time", "code": "setup", "name": "Setup", "amount": "60.00"},
        trial={"days": 30}, contract={"months": 24},
    )  # fmt: skip

    assert compared(on(begun, since="2026-10-05"), UNLIMITED, 80).difference.value == "0.00"
    assert compared(on(UNLIMITED, since="2026-10-05"), begun, 80).difference.value == "0.00"


def test_a_discount_without_an_end_counts_and_a_passing_one_does_not():
    def half(**more: object) -> PriceVersion:
        off = {"code": "off", "name": "Off", "kind": "percent", "value": "50", **more}
        return plan("Half", flat("42.00"), discounts=[off])

    assert compared(on(UNLIMITED), half(), 80).new.value == "21.00"
    assert compared(on(UNLIMITED), half(periods=3), 80).new.value == "42.00"
    assert compared(on(UNLIMITED), half(coupon="FRIEND"), 80).new.value == "42.00"


def test_of_a_price_for_a_year_a_month_bears_its_part():
    yearly = plan("Cabin", flat("240.00", every="1 year", align="anniversary"))
    agreed = replace(on(yearly).current, overrides=(("recurring", Fraction(12000)),))

    assert compared(on(yearly, since="2026-03-13"), UNLIMITED, 80).old.value == "20.00"
    assert compared(on(UNLIMITED), yearly, 80).new.value == "20.00"
    assert compared(replace(on(yearly), segments=(agreed,)), UNLIMITED, 80).old.value == "10.00"


def test_a_price_agreed_with_one_customer_is_kept_on_the_plan_it_was_agreed_for():
    agreed = replace(on(CAPPED).current, overrides=(("recurring", Fraction(2500)),))

    found = compared(replace(on(CAPPED), segments=(agreed,)), UNLIMITED, 80)

    assert (found.old.value, found.new.value) == ("25.00", "42.00")


def test_a_price_that_includes_tax_is_compared_without_it():
    gross = plan("Gross", flat("51.66", tax_included=True))

    assert compared(on(gross), UNLIMITED, 80).old.value == "42.00"


def test_a_month_before_the_subscription_is_not_compared():
    assert not months_of(on(CAPPED, since="2026-11-05"), UNLIMITED, MONTHS)


def test_a_paused_month_is_not_compared():
    held = on(CAPPED)
    paused = replace(held, segments=(replace(held.current, paused=True),))

    assert not months_of(paused, UNLIMITED, MONTHS)


def test_another_currency_is_refused_and_named():
    with pytest.raises(OtherCurrency, match=r"billed in EUR.*priced in KES"):
        months_of(on(CAPPED), plan("Safi", flat("2999", currency="KES"), currency="KES"), MONTHS)


def test_what_the_bills_charged_stands_beside_both():
    moved = change_plan(on(CAPPED), UNLIMITED, midnight("2026-10-21"))
    counted = {
        ("svc", span): Counted("svc", span.start, span.end, 0, 10 * GB)
        for span in [Span(OCTOBER.span.start, midnight("2026-10-21"))]
    }
    billed = charges_for(moved, OCTOBER, NOVEMBER, measured_of(counted), ())

    september = replace(billed[0], span=(date(2026, 9, 1), date(2026, 10, 1)))

    # 20 days of 30.00 and 11 of 42.00; November, billed in advance, is not of these months.
    assert compared(moved, UNLIMITED, 10, [*billed, september]).billed.value == "34.25"


def test_usage_is_taken_from_bills_that_counted_all_of_a_window():
    first, last = OCTOBER.span.start, midnight("2026-11-01")
    middle = midnight("2026-10-11")
    parts = [Counted("svc", first, middle, 1, 10), Counted("svc", middle, last, 2, 20, ("gap",))]

    whole = from_bills("svc", Span(first, last), [*parts, Counted("other", first, last, 9, 9)])

    assert whole == Counted("svc", first, last, 3, 30, ("gap",))
    for some in (parts[:1], parts[1:], []):
        assert from_bills("svc", Span(first, last), some) is None
    assert from_bills("svc", Span(first, middle), parts) == parts[0]


def test_a_window_finer_than_the_bills_has_to_be_read_again():
    whole = Counted("svc", OCTOBER.span.start, midnight("2026-11-01"), 1, 10)

    assert from_bills("svc", Span(OCTOBER.span.start, midnight("2026-10-11")), [whole]) is None


def test_usage_that_has_expired_is_said_to_be_gone():
    window = Span(OCTOBER.span.start, OCTOBER.span.end)

    refuse_expired("svc", window, datetime(2026, 9, 1, tzinfo=UTC))
    with pytest.raises(UsageNotKept, match="not kept any more"):
        refuse_expired("svc", window, datetime(2026, 10, 2, tzinfo=UTC))


def account(n: int, old: int, new: int) -> Repriced:
    return Repriced(f"acc_{n}", 1, Money(old, "EUR"), Money(new, "EUR"), Money(old, "EUR"))


CHANGES = (-700, -300, 0, 0, 100, 200, 200, 450, 1000, 5000)


def test_the_distribution_adds_up_and_names_the_largest_rises():
    accounts = [account(n, 3000, 3000 + change) for n, change in enumerate(CHANGES)]

    spread = distribution(accounts, "EUR")

    assert (spread.accounts, spread.more, spread.less, spread.same) == (10, 6, 2, 2)
    assert (spread.old.minor, spread.new.minor) == (30000, 30000 + sum(CHANGES))
    assert spread.change.minor == sum(CHANGES)
    assert [one.account_id for one in spread.rises[:3]] == ["acc_9", "acc_8", "acc_7"]
    assert len(spread.rises) == 6  # who pays the same or less has no rise
    assert sum(bar.accounts for bar in spread.bars) == 10


def test_percentiles_are_changes_that_somebody_has():
    accounts = [account(n, 3000, 3000 + change) for n, change in enumerate(CHANGES)]

    # Half of the ten change by 1.00 or less.
    assert [one.minor for _, one in distribution(accounts, "EUR").percentiles] == [
        -700, 0, 100, 450, 1000,
    ]  # fmt: skip
    assert distribution(accounts, "EUR").median.minor == 100


def test_bars_are_of_one_round_width_on_either_side_of_no_change():
    changes = (-250, -200, 0, 1, 100, 101, 400)
    accounts = [account(n, 3000, 3000 + change) for n, change in enumerate(changes)]

    assert distribution(accounts, "EUR").bars == (
        Bar(-300, -200, 1),
        Bar(-200, -100, 1),
        Bar(-100, 0, 0),
        Bar(0, 0, 1),
        Bar(0, 100, 2),
        Bar(100, 200, 1),
        Bar(200, 300, 0),
        Bar(300, 400, 1),
    )


def test_the_outermost_bars_are_open_so_that_one_account_does_not_flatten_the_rest():
    changes = [*range(1, 100), 10**7]
    bars = distribution([account(n, 0, change) for n, change in enumerate(changes)], "EUR").bars

    assert bars[-1] == Bar(100, None, 1)
    assert sum(bar.accounts for bar in bars) == 100


def test_the_order_of_accounts_changes_nothing():
    accounts = [account(n, 3000, 3000 + change) for n, change in enumerate(CHANGES)]
    mixed = list(accounts)
    Random(4).shuffle(mixed)

    assert distribution(mixed, "EUR") == distribution(accounts, "EUR")


def test_nobody_compared_is_an_empty_distribution():
    spread = distribution([], "EUR")

    assert (spread.accounts, spread.change.minor, spread.median.minor) == (0, 0, 0)
    assert spread.bars == (Bar(0, 0, 0),)

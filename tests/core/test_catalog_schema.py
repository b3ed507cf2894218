"""The published schema: what is written comes back, and what cannot be is refused with its fix."""

import pytest

from billing.core.catalog import (
    BadPrice,
    Window,
    price_from,
    price_version_from,
    price_version_to_dict,
)

EUR = {"currency": "EUR"}
FLAT = {**EUR, "model": "flat", "amount": "9.00"}
PER_UNIT = {**EUR, "model": "per_unit", "unit": "GB", "per_unit": "1"}
PACKAGE = {**EUR, "model": "package", "unit": "GB", "block_size": "1", "block_price": "1"}
SHARE = {**EUR, "model": "percentage", "percent": "2"}
ALLOWANCE = {
    **EUR,
    "model": "allowance",
    "unit": "GB",
    "buckets": [],
    "after": "charge",
    "overage": {"model": "per_unit", "per_unit": "1"},
}
PORT = {**EUR, "model": "percentile", "unit": "Mbit/s", "per_unit": "1"}


def graduated(*tiers, model="graduated", **terms):
    return {**EUR, "model": model, "unit": "GB", "tiers": list(tiers), **terms}


def of_sums(*tiers):
    return {**EUR, "model": "graduated_percentage", "tiers": list(tiers)}


def calls(*destinations, **terms):
    return {
        **EUR,
        "model": "calls",
        "zone": "Europe/Dublin",
        "windows": {"peak": {"days": "weekdays", "hours": "08:00-18:00"}, "night": {}},
        "destinations": list(destinations),
        **terms,
    }


def rated(*rates):
    return calls({"name": "all", "rates": list(rates)})


REST = {"name": "rest", "rates": [{"per_minute": "1"}]}
PLAIN = {"per_minute": "1"}


@pytest.mark.parametrize(
    ("price", "path", "says"),
    [
        # fixed prices
        ({**FLAT, "every": "1 fortnight"}, "every", 'write it as "1 month"'),
        ({**FLAT, "align": "anchor"}, "align", "write one of cycle, calendar, anniversary"),
        ({**FLAT, "prorate": "hour"}, "prorate", "write one of day, second, none"),
        ({**FLAT, "early_end": "re-rate"}, "re_rated_at", "write what a month costs"),
        ({**FLAT, "re_rated_at": "9.99"}, "re_rated_at", 'early_end is "refund"'),
        ({**FLAT, "while_paused": 1.5}, "while_paused", "is not exact"),
        ({**FLAT, "rounding": "half_down"}, "rounding", "did you mean half_even?"),
        ({**FLAT, "tax_included": "yes"}, "tax_included", "write true or false"),
        ({**FLAT, "unit": "GB"}, "unit", "there is no such field"),
        ({**EUR, "model": "one_time"}, "amount", "it is missing"),
        ({**EUR, "model": "pass", "amount": "1"}, "validity", "it is missing"),
        ({**EUR, "model": "pass", "amount": "1", "validity": "a month"}, "validity", "30 days"),
        # units and directions
        ({**PER_UNIT, "unit": "Mbit/s"}, "unit", "write one of kB, MB, GB, TB"),
        ({**PORT, "unit": "GB"}, "unit", "write one of kbit/s, Mbit/s, Gbit/s"),
        ({**SHARE, "unit": "GB"}, "unit", "percentage charges amounts of money"),
        ({**calls(REST), "unit": "event"}, "unit", "write one of second, minute, hour"),
        ({**PER_UNIT, "unit": "event", "direction": "up"}, "direction", "event has no direction"),
        ({**SHARE, "direction": "up"}, "direction", "an amount has no direction"),
        ({"model": "per_unit", "per_unit": "1", **EUR}, "unit", "it is missing"),
        # started units and commitments
        ({**PER_UNIT, "per_started": "0"}, "per_started", "a started unit holds nothing"),
        ({**PACKAGE, "per_started": "1"}, "per_started", "blocks count in started ones already"),
        (
            graduated({"per_unit": "1", "block_size": "5"}, per_started="1"),
            "per_started",
            "blocks count in started ones already",
        ),
        ({**SHARE, "per_started": "1"}, "per_started", "percentage does not count started units"),
        ({**ALLOWANCE, "per_started": "1"}, "per_started", "charges started blocks of any size"),
        ({**calls(REST), "per_started": "1"}, "per_started", "calls does not count started"),
        ({**PER_UNIT, "minimum": "9", "maximum": "8.99"}, "minimum", "above the maximum, 8.99"),
        ({**PER_UNIT, "part_period": "prorated"}, "part_period", "there is nothing to prorate"),
        ({**PER_UNIT, "included": "-1"}, "included", "is negative"),
        # tiers
        (graduated({"up_to": "5"}, {"above": "6"}), "tiers[1].above", "leaves a gap"),
        (
            graduated({"up_to": "5"}, {"above": "4"}, model="volume"),
            "tiers[1].above",
            "leaves an overlap",
        ),
        (graduated({"up_to": "5"}, model="volume"), "tiers[0].up_to", "has no price"),
        (graduated({"block_size": "0"}), "tiers[0].block_size", "a block holds nothing"),
        (graduated({"per_unit": 0.5}), "tiers[0].per_unit", "is not exact"),
        (of_sums({"percent": "101"}), "tiers[0].percent", "more than the whole"),
        (of_sums({"up_to": "5", "percent": "1"}), "tiers[0].up_to", "has no price"),
        (
            of_sums({"up_to": "5.00"}, {"above": "6"}),
            "tiers[1].above",
            'the tier before it ends at 5.00; write "5.00"',
        ),
        # percentages and percentiles
        ({**SHARE, "percent": "100.01"}, "percent", "write per cent from 0 to 100"),
        ({**SHARE, "free_events": "-1"}, "free_events", "write a number from 0"),
        ({**SHARE, "free_events": 1.5}, "free_events", "write a number from 0"),
        (
            {**SHARE, "event_minimum": "2", "event_maximum": "1"},
            "event_minimum",
            "above event_maximum, 1.00",
        ),
        ({**SHARE, "at_free_amount": "charged"}, "at_free_amount", "give free_amount"),
        ({**PORT, "percentile": "0"}, "percentile", "none of the samples would count"),
        ({**PORT, "percentile": "195"}, "percentile", "more than the whole"),
        # windows
        (calls(REST, windows={"day": {"hours": "8-18"}}), "windows.day.hours", '"22:00-06:00"'),
        (calls(REST, windows={"day": {"hours": "08:60-18:00"}}), "windows.day.hours", "no hours"),
        (calls(REST, windows={"day": {"hours": "24:00-06:00"}}), "windows.day.hours", "no hours"),
        (calls(REST, windows={"day": {"hours": "08:00-24:01"}}), "windows.day.hours", "no hours"),
        (calls(REST, windows={"day": {"days": "Monday"}}), "windows.day.days", "is no day"),
        (calls(REST, windows={"day": {"days": []}}), "windows.day.days", "names no day"),
        (calls(REST, windows={"day": {"days": [["mon"]]}}), "windows.day.days", "is no day"),
        (calls(REST, windows={"day": {"from": "8"}}), "windows.day.from", "no such field"),
        (calls(REST, windows={"day": "8-18"}), "windows.day", "is no object"),
        (calls(REST, windows=["day"]), "windows", "is no object"),
        # calls
        (calls(REST, zone="Dublin"), "zone", "write one such as Europe/Dublin"),
        (calls(), "destinations", "list at least one"),
        (
            calls({"name": "IE", "prefixes": ["353"], "rates": [PLAIN]}),
            "destinations",
            "other numbers have no rate",
        ),
        (calls(REST, REST), "destinations[1].prefixes", "[0] stands for all other numbers"),
        (
            calls(REST, *({"name": n, "prefixes": ["353"], "rates": [PLAIN]} for n in "ab")),
            "destinations[2].prefixes",
            "353 stands in [1] already",
        ),
        (
            calls({**REST, "prefixes": ["+353"]}),
            "destinations[0].prefixes[0]",
            "without + or 00",
        ),
        (calls({**REST, "prefixes": "353"}), "destinations[0].prefixes", "is no list"),
        (rated({**PLAIN, "window": "noon"}), "destinations[0].rates[0].window", "peak, night"),
        (
            rated({**PLAIN, "window": "peak"}),
            "destinations[0].rates",
            "Mon 00:00 has no rate; add a rate without a window",
        ),
        (
            rated({**PLAIN, "window": "peak"}, {**PLAIN, "window": "night"}),
            "destinations[0].rates[1].window",
            "'night' overlaps 'peak' at Mon 08:00",
        ),
        (rated(PLAIN, PLAIN), "destinations[0].rates[1].window", "give one of them a window"),
        (rated({**PLAIN, "increment": 0}), "destinations[0].rates[0].increment", "from 1"),
        (rated({**PLAIN, "minimum": "1.5"}), "destinations[0].rates[0].minimum", "from 0"),
        (
            rated({**PLAIN, "then": [{"per_minute": "1"}]}),
            "destinations[0].rates[0].then[0].after",
            "it is missing",
        ),
        (
            rated({**PLAIN, "then": [{"after": n, "per_minute": "1"} for n in (60, 60)]}),
            "destinations[0].rates[0].then[1].after",
            "list steps by rising after",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_path_and_its_fix(price, path, says):
    with pytest.raises(BadPrice) as refused:
        price_from(price)
    assert refused.value.path == f"price.{path}"
    assert says in str(refused.value)


@pytest.mark.parametrize("written", [[], None, "flat"])
def test_what_is_no_object_is_no_price_and_no_version(written):
    with pytest.raises(BadPrice, match=r"price: .* is no object; name its fields"):
        price_from(written)
    with pytest.raises(BadPrice, match=r"version: .* is no object; name its fields"):
        price_version_from(written)


def test_a_price_may_name_the_windows_of_its_version_and_shadow_them():
    def version(**price):
        return price_version_from(
            {
                "offering_id": "voice",
                "name": "Voice",
                "valid_from": "2026-01-01",
                "currency": "EUR",
                "windows": {"day": {"hours": "08:00-20:00"}, "unused": {"days": "sun"}},
                "prices": [
                    {
                        "model": "calls",
                        "zone": "UTC",
                        "destinations": [
                            {"name": "all", "rates": [PLAIN, {**PLAIN, "window": "day"}]}
                        ],
                        **price,
                    }
                ],
            }
        )

    of_version = version().usage[0].model.destinations[0].rates[1].window
    own = version(windows={"day": {"hours": "09:00-17:00"}})
    assert of_version == Window("day", frozenset(range(7)), 480, 1200)
    assert own.usage[0].model.destinations[0].rates[1].window.start == 540
    for one in (version(), own):
        assert price_version_from(price_version_to_dict(one)) == one
    assert "unused" not in str(price_version_to_dict(version()))


def test_windows_that_cover_the_week_between_them_need_no_other_rate():
    windows = {
        "day": {"hours": "06:00-22:00"},
        "night": {"days": "weekdays", "hours": "22:00-06:00"},
        "weekend": {"days": ["sat", "sun"], "hours": "22:00-06:00"},
    }
    table = rated(*({**PLAIN, "window": name} for name in windows))
    price = price_from({**table, "windows": windows})
    assert [rate.window.name for rate in price.model.destinations[0].rates] == list(windows)
    del windows["weekend"]
    table = rated(*({**PLAIN, "window": name} for name in windows))
    with pytest.raises(BadPrice, match="Mon 00:00 has no rate"):  # it is Sunday's night
        price_from({**table, "windows": windows})

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.core.ids import derived_id, new_id

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
ENTROPY = st.binary(min_size=10, max_size=10)
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_an_id_is_its_prefix_and_26_signs():
    assert new_id("inv", NOON, bytes(10)) == "inv_01m3vnbwg00000000000000000"


def test_the_same_facts_give_the_same_id_and_others_another():
    assert derived_id("inv", NOON, "acc_1", "run_1") == derived_id("inv", NOON, "acc_1", "run_1")
    assert derived_id("inv", NOON, "acc_1", "run_1") != derived_id("inv", NOON, "acc_1", "run_2")
    assert derived_id("inv", NOON, "ab", "c") != derived_id("inv", NOON, "a", "bc")


@given(INSTANTS, ENTROPY)
def test_every_id_can_be_read_aloud(at, entropy):
    assert re.fullmatch("acc_[0-7][0-9a-hjkmnp-tv-z]{25}", new_id("acc", at, entropy))


@given(INSTANTS, ENTROPY, ENTROPY)
def test_ids_sort_by_the_instant_they_were_made(at, one, other):
    assert new_id("evt", at, one) < new_id("evt", at + timedelta(milliseconds=1), other)

"""Packs: what is cut, what is signed, and that the other end accepts it."""

import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from billing.core.usage.packs import Pack as ReceivedPack
from billing.core.usage.packs import open_pack, sealed
from edge.packs import cut, partition_key, signed
from edge.spool import Spooled

KEY = bytes(range(32))


def spooled(*numbers: int, boot: str = "b", body: str = '{"user_name":"an\\u00e4"}'):
    return [Spooled(place, boot, seq, body) for place, seq in enumerate(numbers)]


def test_the_other_end_opens_what_is_signed_here():
    (pack,) = cut(spooled(7, 8))
    opened = open_pack(signed(pack, "col-1", KEY), {"col-1": KEY}, date(2026, 10, 1))
    assert isinstance(opened, ReceivedPack)
    assert (opened.collector, opened.boot, opened.first_seq) == ("col-1", "b", 7)
    assert opened.records == ({"user_name": "anä"},) * 2


def test_the_bytes_are_those_of_the_canonical_form():
    (pack,) = cut(spooled(7, 8))
    wire = signed(pack, 'col "1"', KEY)
    unsigned = {name: value for name, value in json.loads(wire).items() if name != "hmac"}
    assert wire == sealed(unsigned, KEY)


def test_a_pack_ends_where_numbers_break_and_where_a_boot_ends():
    records = [*spooled(1, 2, 4), *spooled(1, 2, boot="c")]
    assert [[r.seq for r in pack.records] for pack in cut(records)] == [[1, 2], [4], [1, 2]]


def test_the_same_pack_goes_to_the_same_shard_again():
    (pack,) = cut(spooled(7))
    assert partition_key(pack, "col-1") == partition_key(pack, "col-1") == "col-1-7"


@given(
    st.lists(st.integers(1, 30), max_size=60, unique=True).map(sorted),
    st.integers(1, 9),
    st.integers(600, 1500),
)
def test_any_cut_keeps_every_record_once_in_order_and_within_the_limits(seqs, count, size):
    records = spooled(*seqs, body='{"user_name":"' + "x" * 100 + '"}')
    packs = list(cut(records, count, size))
    assert [record for pack in packs for record in pack.records] == records
    for pack in packs:
        assert len(pack.records) <= count
        assert len(signed(pack, "col-1", KEY)) <= size
        first = pack.first_seq
        assert [r.seq for r in pack.records] == list(range(first, first + len(pack.records)))

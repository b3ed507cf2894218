"""The timeline tells what happened, newest first, and each thing once."""

import pytest

from billing.store import timeline
from billing.store.access import EVERY_ACCOUNT
from billing.store.pages import BadCursor
from tests.examples import event


def test_a_note_written_twice_stands_once(tables):
    note = event("note", "acc_1")

    assert timeline.put("acc_1", note)
    assert not timeline.put("acc_1", note)
    assert timeline.list_events("acc_1", EVERY_ACCOUNT).items == (note,)


def test_events_come_newest_first_in_pages(tables):
    for hour in range(5):
        timeline.put("acc_1", event("note", f"n{hour}", f"2026-11-01 0{hour}:00"))

    first = timeline.list_events("acc_1", EVERY_ACCOUNT, limit=3)
    rest = timeline.list_events("acc_1", EVERY_ACCOUNT, limit=3, cursor=first.cursor)
    assert [one.object for one in (*first.items, *rest.items)] == ["n4", "n3", "n2", "n1", "n0"]


def test_what_belongs_to_no_account_is_told_apart(tables):
    timeline.put(None, event("offering.added"))

    assert timeline.list_events("acc_1", EVERY_ACCOUNT).items == ()
    assert [one.kind for one in timeline.list_isp_events().items] == ["offering.added"]


def test_a_cursor_that_no_list_gave_is_refused(tables):
    with pytest.raises(BadCursor, match="begin again without a cursor"):
        timeline.list_events("acc_1", EVERY_ACCOUNT, cursor="{")

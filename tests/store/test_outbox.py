"""What must be said waits until it is said, and is said with its cause or not at all."""

import pytest

from billing.store import outbox
from billing.store.outbox import Message
from billing.store.tables import AccountRow
from billing.store.transactions import EditConflict, commit
from tests.examples import at

NOON = at("2026-11-01 12:00")


def message(n: int = 1, when=NOON) -> Message:
    return Message(f"mail:inv_{n}", "invoice.issued", "acc_1", when, {"invoice": f"inv_{n}"})


def test_a_message_is_due_from_its_time_on(tables):
    commit([outbox.put_of(message())])

    assert outbox.due(at("2026-11-01 11:59")) == []
    assert [one.id for one in outbox.due(NOON)] == ["mail:inv_1"]


def test_messages_come_oldest_first_over_all_shards(tables):
    for n in range(8):
        commit([outbox.put_of(message(n, NOON.replace(minute=8 - n)))])

    due = outbox.due(at("2026-11-01 13:00"))
    assert [one.id for one in due] == [f"mail:inv_{n}" for n in reversed(range(8))]
    assert len(outbox.due(at("2026-11-01 13:00"), limit=3)) == 3


def test_a_sent_message_leaves_the_list_and_later_the_table(tables):
    commit([outbox.put_of(message())])
    (one,) = outbox.due(NOON)

    assert outbox.save_sent(one, NOON)
    assert not outbox.save_sent(one, NOON)
    assert outbox.due(NOON) == []
    assert outbox.load("mail:inv_1", NOON).state == "sent"
    (row,) = AccountRow.scan()
    assert row.expires == int(at("2027-01-30 12:00").timestamp())


def test_a_failed_try_stays_due_until_a_person_must_look(tables):
    commit([outbox.put_of(message())])
    (one,) = outbox.due(NOON)
    outbox.save_attempt(one, "mailbox full", NOON)
    (again,) = outbox.due(NOON)

    assert (again.attempts, again.last_error) == (1, "mailbox full")
    outbox.save_attempt(again, "mailbox full", NOON, again=False)
    assert outbox.due(NOON) == []


def test_two_senders_do_not_both_say_they_sent_it(tables):
    commit([outbox.put_of(message())])
    (one,) = outbox.due(NOON)
    outbox.save_sent(one, NOON)

    with pytest.raises(EditConflict):
        outbox.save_attempt(one, "timeout", NOON)

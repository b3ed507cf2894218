"""The table of payment states."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core.payment import TRANSITIONS, Event, State, next_state

RECEIVED = {State.SUCCEEDED, State.HELD, State.REVERSED}


def after(*events: Event) -> State:
    state = State.CREATED
    for event in events:
        state = next_state(state, event)
    return state


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((Event.PAID,), State.SUCCEEDED),
        ((Event.DECLINED, Event.PAID), State.SUCCEEDED),  # another card on the same page
        ((Event.PROCESSING, Event.PAID), State.SUCCEEDED),
        ((Event.PROCESSING, Event.DECLINED), State.FAILED),  # the bank returned the debit
        ((Event.DECLINED, Event.CANCELLED), State.EXPIRED),
        ((Event.CANCELLED, Event.PAID), State.SUCCEEDED),  # money is a fact
        ((Event.UNPLACED,), State.HELD),
        ((Event.UNPLACED, Event.PAID), State.SUCCEEDED),  # a person said what it is for
        ((Event.PAID, Event.GIVEN_BACK), State.REVERSED),
    ],
)
def test_a_payment_moves_along_its_table(events, state):
    assert after(*events) == state


@pytest.mark.parametrize(
    "late", [Event.OPENED, Event.PROCESSING, Event.DECLINED, Event.CANCELLED, Event.PAID]
)
def test_a_late_reading_never_takes_received_money_back(late):
    assert after(Event.PAID, late) == State.SUCCEEDED


def test_a_payment_given_back_stays_given_back():
    assert all(next_state(State.REVERSED, event) == State.REVERSED for event in Event)


def test_every_state_stands_in_the_table():
    assert set(TRANSITIONS) == set(State)


@given(st.lists(st.sampled_from(Event)))
def test_money_once_received_is_received_for_ever(events):
    states = list(itertools.accumulate(events, next_state, initial=State.CREATED))
    received = [state in RECEIVED for state in states]
    assert received == sorted(received)


@given(st.lists(st.sampled_from([e for e in Event if e not in (Event.UNPLACED, Event.GIVEN_BACK)])))
def test_a_paid_reading_anywhere_ends_in_success_whatever_the_order(events):
    assert (after(*events) == State.SUCCEEDED) == (Event.PAID in events)


@given(st.sampled_from(State), st.sampled_from(Event))
def test_the_same_reading_twice_moves_once(state, event):
    assert next_state(next_state(state, event), event) == next_state(state, event)

"""Identities belong to one service at a time; parties and accounts survive storage."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.core import party
from billing.core.party import (
    IdentityAlreadyAssigned,
    IdentityAssignment,
    IdentityNotAssigned,
    Party,
    assign,
    close,
    holder,
)
from billing.core.period import Span
from tests.examples import at, customer

JUNE, JULY, AUGUST = (at(f"2026-{month:02d}-01 00:00") for month in (6, 7, 8))


def held(service: str, start, end=None) -> IdentityAssignment:
    return IdentityAssignment("user:ada", service, "acc_1", Span(start, end))


def test_a_name_goes_to_the_next_service_on_the_instant_the_last_one_gave_it_up():
    history = assign((held("svc_1", JUNE, JULY),), held("svc_2", JULY))

    assert [one.service_id for one in history] == ["svc_1", "svc_2"]
    assert holder(history, JULY).service_id == "svc_2"


def test_two_services_cannot_have_one_name_at_the_same_time():
    with pytest.raises(IdentityAlreadyAssigned, match="svc_1 from 2026-06-01T00:00:00Z until now"):
        assign((held("svc_1", JUNE),), held("svc_2", JULY))


def test_assigning_the_same_again_changes_nothing():
    history = (held("svc_1", JUNE),)

    assert assign(history, held("svc_1", JUNE)) == history


def test_an_assignment_may_begin_before_one_that_exists():
    history = assign((held("svc_2", JULY),), held("svc_1", JUNE, JULY))

    assert [one.service_id for one in history] == ["svc_1", "svc_2"]


def test_a_closed_assignment_holds_until_just_before_its_end():
    history = close((held("svc_1", JUNE),), "user:ada", "svc_1", JULY)

    assert holder(history, JULY) is None
    assert close(history, "user:ada", "svc_1", JULY) == history


def test_what_is_not_assigned_cannot_be_closed():
    with pytest.raises(IdentityNotAssigned, match="user:ada has no open assignment to service"):
        close((held("svc_1", JUNE, JULY),), "user:ada", "svc_1", AUGUST)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), max_size=12))
def test_whatever_is_assigned_in_whatever_order_nobody_overlaps(spans):
    history = ()
    for n, (first, days) in enumerate(spans):
        start = JUNE.replace(day=1 + first)
        end = (
            JULY.replace(day=1 + first + days)
            if first + days > 25
            else start.replace(day=1 + first + days)
        )
        try:
            history = assign(history, held(f"svc_{n}", start, end))
        except IdentityAlreadyAssigned:
            continue
    assert all(earlier.span.end <= later.span.start for earlier, later in pairwise(history))


def test_a_customer_comes_back_from_storage_as_it_went():
    ada = customer(external_id="OLD-7")
    (service,), (identity,) = ada["services"], ada["identities"]

    assert party.account_from(party.account_to_dict(ada["account"])) == ada["account"]
    assert party.subject_from(party.subject_to_dict(ada["subject"])) == ada["subject"]
    assert party.service_from(party.service_to_dict(service)) == service
    assert party.assignment_from(party.assignment_to_dict(identity)) == identity
    assert party.party_from(party.party_to_dict(ada["party"]), 3) == Party("pty_1", "person", "", 3)

"""Whose usage it is: dated, without overlap, also between two writers."""

import pytest

from billing.core.party import IdentityAlreadyAssigned, IdentityAssignment
from billing.core.period import Span
from billing.store import assignments
from tests.examples import at, event
from tests.faults import calls_of, deaths, killed, meanwhile

OCTOBER, NOVEMBER = at("2026-10-01 00:00"), at("2026-11-01 00:00")


def held(n: int, start=OCTOBER, end=None) -> IdentityAssignment:
    return IdentityAssignment("user:ada", f"svc_{n}", f"acc_{n}", Span(start, end))


def test_a_name_moves_from_one_account_to_another_on_a_day(tables):
    assignments.save_assignment(held(1), event())
    assignments.save_closed("user:ada", "acc_1", "svc_1", NOVEMBER, event())
    assignments.save_assignment(held(2, NOVEMBER), event())

    assert [one.account_id for one in assignments.who_has("user:ada")] == ["acc_1", "acc_2"]
    assert [one.account_id for one in assignments.assignments_of("acc_1")] == ["acc_1"]


def test_an_overlap_is_refused_and_nothing_is_written(tables):
    assignments.save_assignment(held(1), event())

    with pytest.raises(IdentityAlreadyAssigned):
        assignments.save_assignment(held(2, NOVEMBER), event())
    assert assignments.who_has("user:ada") == (held(1),)


def test_the_same_assignment_or_end_again_is_a_result(tables):
    assert assignments.save_assignment(held(1), event())
    assert not assignments.save_assignment(held(1), event())
    assert assignments.save_closed("user:ada", "acc_1", "svc_1", NOVEMBER, event())
    assert not assignments.save_closed("user:ada", "acc_1", "svc_1", NOVEMBER, event())


def test_what_nobody_claims_is_nobodys(tables):
    assignments.save_assignment(held(1), event())

    assert assignments.who_has("user:eve") == ()
    assert list(assignments.who_has_each(["user:ada", "user:eve"])) == ["user:ada"]


def assign_ada() -> bool:
    return assignments.save_assignment(held(1), event())


def test_an_assignment_is_two_calls(tables):
    assert calls_of(assign_ada) == 2


@pytest.mark.parametrize(("call", "when"), deaths(2))
def test_killed_anywhere_and_started_again_it_is_assigned_once(tables, call, when):
    assert killed(assign_ada, call, when)
    assign_ada()

    assert assignments.who_has("user:ada") == (held(1),)


def test_two_services_that_claim_a_name_at_once_do_not_both_get_it(tables):
    with meanwhile(2, assign_ada), pytest.raises(IdentityAlreadyAssigned):
        assignments.save_assignment(held(2), event())

    assert assignments.who_has("user:ada") == (held(1),)
